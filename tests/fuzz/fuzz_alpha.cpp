// Architecture parameters, as `nas-search derive` reads them: any text gives a network of the space within
// the limits, or a UserError.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "search/derive/alpha.h"
#include "search/derive/k_best.h"

using namespace frugal;

namespace {

const search::SearchSpace& space() {
  static const search::SearchSpace small = [] {
    search::SpaceConfig config;
    config.resolution = 32;
    config.stages.resize(1);
    config.stages[0].width = 16;
    config.stages[0].depth = 3;
    config.candidates = {"3e3", "5e6", "Z"};
    return search::SearchSpace(config, "space");
  }();
  return small;
}

void derive_of(const nlohmann::json& file, const std::string& target) {
  const search::BlockScores scores =
      search::read_alpha(config::JsonNode(file, "alpha.json"), target, space());
  const search::BlockCosts macs = search::costs_of(space(), search::Metric::macs);
  const double most = macs.total(search::most_probable(scores));
  for (const double share : {1.0, 0.8}) {
    const std::vector<search::Limit> limits = {{"macs", macs, share * most}};
    if (const auto best = search::best_within(scores, limits))
      FRUGAL_ASSERT(macs.total(*best) <= share * most, "the limit is kept");
    search::cheapest_within(scores, macs, 0.5, limits);
    search::k_most_probable(scores, limits, 4);
    try {
      search::derive(scores, limits, "--limit");
    } catch (const base::UserError&) {  // says which network comes nearest
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const nlohmann::json file =
        config::parse(std::string(reinterpret_cast<const char*>(bytes), size), "alpha.json");
    for (const char* target : {"", "phone"}) {
      try {
        derive_of(file, target);
      } catch (const base::UserError&) {
      }
    }
  } catch (const base::UserError&) {
  }
  return 0;
}
