// Overlapping ranges of layers one after another (mergekit's passthrough; SOLAR, Kim et al. 2023):
// `slices` "0-24,8-32" takes layers 0 … 23 and then 8 … 31. Empty: two ranges that share the middle.
#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "grow/operator.h"

namespace frugal::grow::depth {
namespace {

using base::UserError;

[[noreturn]] void bad(const std::string& text) {
  throw UserError("operator.slices", fmt::format("'{}' is no list of layer ranges", text),
                  "for example 0-4,2-6");
}

std::int64_t number(const std::string& part, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
  if (error != std::errc() || end != part.data() + part.size() || value < 0) bad(text);
  return value;
}

void plan_slices(const OperatorConfig& config, GrowthPlan& plan) {
  const std::int64_t old = plan.source.layers, all = plan.target.layers;
  no_identity(plan);
  if (config.slices.empty()) {
    if (all > 2 * old) {
      throw UserError("operator.slices", fmt::format("two ranges of {} layers do not make {}", old, all),
                      "give the ranges: 0-4,2-6,…");
    }
    const std::int64_t first = (all + 1) / 2;
    for (std::int64_t l = 0; l < all; ++l) plan.layer_from.push_back(l < first ? l : l - all + old);
  } else {
    std::string text = config.slices;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      const std::string range = text.substr(at, comma - at);
      const std::size_t dash = range.find('-');
      if (dash == std::string::npos) bad(text);
      const std::int64_t begin = number(range.substr(0, dash), text),
                         end = number(range.substr(dash + 1), text);
      if (begin >= end || end > old) {
        throw UserError("operator.slices", fmt::format("the range {} is not within {} layers", range, old));
      }
      for (std::int64_t l = begin; l < end; ++l) plan.layer_from.push_back(l);
      at = comma + 1;
    }
    if (static_cast<std::int64_t>(plan.layer_from.size()) != all) {
      throw UserError("operator.slices",
                      fmt::format("gives {} layers, but target.layers is {}", plan.layer_from.size(), all));
    }
  }
  if (all != old) plan.keeps.clear();
}

}  // namespace

const DepthOperator slices = {"slices", "overlapping ranges of layers (SOLAR, mergekit)", plan_slices};

}  // namespace frugal::grow::depth
