#include "fit/command/citations.h"

#include <algorithm>
#include <array>

namespace frugal::fit {
namespace {

struct Citation {
  std::string_view law, text;
};

constexpr std::string_view gadre =
    "Gadre, S. Y., et al. (2024). Language models scale reliably with over-training and on downstream tasks. "
    "arXiv:2403.08540.";
constexpr std::string_view rosenfeld =
    "Rosenfeld, J. S., Rosenfeld, A., Belinkov, Y., Shavit, N. (2020). A constructive prediction of the "
    "generalization error across scales. ICLR 2020. arXiv:1909.12673.";
constexpr std::string_view alabdulmohsin =
    "Alabdulmohsin, I., Neyshabur, B., Zhai, X. (2022). Revisiting neural scaling laws in language and "
    "vision. "
    "NeurIPS 2022. arXiv:2209.06640.";
constexpr std::string_view caballero =
    "Caballero, E., Gupta, K., Rish, I., Krueger, D. (2023). Broken neural scaling laws. ICLR 2023. "
    "arXiv:2210.14891.";

constexpr std::array<Citation, 15> citations{{
    {"chinchilla",
     "Hoffmann, J., et al. (2022). Training compute-optimal large language models. NeurIPS 2022. "
     "arXiv:2203.15556."},
    {"overtraining", gadre},
    {"downstream", gadre},
    {"rosenfeld", rosenfeld},
    {"rosenfeld_1d", rosenfeld},
    {"kaplan", "Kaplan, J., et al. (2020). Scaling laws for neural language models. arXiv:2001.08361."},
    {"data_constrained",
     "Muennighoff, N., et al. (2023). Scaling data-constrained language models. NeurIPS 2023. "
     "arXiv:2305.16264."},
    {"pruning",
     "Rosenfeld, J. S., Frankle, J., Carbin, M., Shavit, N. (2021). On the predictability of pruning across "
     "scales. ICML 2021. arXiv:2006.10621."},
    {"annealing",
     "Tissue, H., Wang, V., Wang, L. (2024). Scaling law with learning rate annealing. arXiv:2408.11029."},
    {"m1", alabdulmohsin},
    {"m2", alabdulmohsin},
    {"m3", alabdulmohsin},
    {"m4", alabdulmohsin},
    {"bnsl", caballero},
    {"bnsl2", caballero},
}};

}  // namespace

std::string_view citation_of(std::string_view law) {
  const auto found =
      std::find_if(citations.begin(), citations.end(), [law](const Citation& one) { return one.law == law; });
  return found == citations.end() ? std::string_view() : found->text;
}

std::vector<std::string> citations_of(const std::vector<std::string>& laws) {
  std::vector<std::string> out;
  for (const std::string& law : laws) {
    const std::string text(citation_of(law));
    if (!text.empty() && std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
  }
  return out;
}

}  // namespace frugal::fit
