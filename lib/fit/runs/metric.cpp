#include "fit/runs/metric.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "fit/runs/column_name.h"
#include "fit/runs/roles.h"

namespace frugal::fit {
namespace {

const RoleWords rising_words = {
    {"accuracy", "acc",  "exact match", "em",   "f1",        "auc",       "auroc",   "bleu",
     "rouge",    "chrf", "score",       "pass", "win rate",  "top1",      "top 1",   "top5",
     "top 5",    "map",  "miou",        "iou",  "recall",    "precision", "success", "spearman",
     "pearson",  "mcc",  "correct",     "hit",  "solve rate"},
    {"error", "err", "loss", "stderr", "std", "sd", "se", "var", "threshold", "id", "name"}};

// Benchmarks by the letters of their names, with what guessing reaches.
constexpr std::pair<const char*, double> benchmarks[] = {{"hellaswag", 0.25},
                                                         {"arceasy", 0.25},
                                                         {"arcchallenge", 0.25},
                                                         {"arcc", 0.25},
                                                         {"arce", 0.25},
                                                         {"mmlu", 0.25},
                                                         {"piqa", 0.5},
                                                         {"boolq", 0.5},
                                                         {"winogrande", 0.5},
                                                         {"copa", 0.5},
                                                         {"openbookqa", 0.25},
                                                         {"obqa", 0.25},
                                                         {"sciq", 0.25},
                                                         {"race", 0.25},
                                                         {"commonsenseqa", 0.2},
                                                         {"csqa", 0.2},
                                                         {"socialiqa", 1.0 / 3},
                                                         {"siqa", 1.0 / 3},
                                                         {"logiqa", 0.25},
                                                         {"sst2", 0.5},
                                                         {"wic", 0.5},
                                                         {"rte", 0.5},
                                                         {"lambada", 0},
                                                         {"triviaqa", 0},
                                                         {"gsm8k", 0},
                                                         {"humaneval", 0},
                                                         {"mbpp", 0},
                                                         {"squad", 0},
                                                         {"drop", 0},
                                                         {"naturalquestions", 0},
                                                         {"cifar100", 0.01},
                                                         {"cifar10", 0.1},
                                                         {"fashionmnist", 0.1},
                                                         {"mnist", 0.1},
                                                         {"imagenet", 0.001}};

std::string letters_of(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

Direction direction_of(const std::string& column) {
  const std::size_t dot = column.rfind('.');
  const ColumnName name = read_column_name(dot == std::string::npos ? column : column.substr(dot + 1));
  if (word_match(name, rising_words) > 0) return Direction::rises;
  if (name.words == std::vector<std::string>{"y"} || word_match(name, find_role(role::error).words) > 0)
    return Direction::falls;
  return chance_by_name({column}) ? Direction::rises : Direction::unknown;
}

std::optional<double> chance_by_name(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string letters = letters_of(name);
    for (const auto& [benchmark, chance] : benchmarks) {
      // Short names stand alone or at the start: "arcc" in "arcc_acc", but not in "marccx".
      const std::size_t at = letters.find(benchmark);
      if (at == std::string::npos || (std::string(benchmark).size() <= 4 && at > 0)) continue;
      return chance;
    }
  }
  return std::nullopt;
}

double chance_by_level(std::vector<double> accuracies) {
  if (accuracies.size() < 4) return 0;
  std::sort(accuracies.begin(), accuracies.end());
  const double lowest = accuracies.front(), range = accuracies.back() - lowest;
  for (const double k : {2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 20.0, 100.0, 1000.0}) {
    const double level = 1 / k, above = lowest - level;
    // A tenth of the range around it, on the lower side less: noise.
    if (above > 0.03 * range || above < -0.03 * range) continue;
    return accuracies[1] - level < 0.1 * range ? level : 0;
  }
  return 0;
}

}  // namespace frugal::fit
