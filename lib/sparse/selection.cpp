#include "sparse/selection.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace frugal::sparse {
namespace {

const Choice* chosen(const SelectionProblem& problem, const Selection& selection, std::size_t layer) {
  const std::int32_t at = selection.choice[layer];
  return at == Selection::none ? nullptr : &problem.weights[layer][static_cast<std::size_t>(at)];
}

}  // namespace

std::int64_t lowest_layer(const Selection& selection) {
  const auto count = static_cast<std::int64_t>(selection.choice.size());
  std::int64_t first = count - selection.bias_layers;
  for (std::int64_t i = 0; i < first; ++i) {
    if (selection.choice[static_cast<std::size_t>(i)] != Selection::none) first = i;
  }
  return first;
}

std::int64_t bits_of(const SelectionProblem& problem, const Selection& selection) {
  std::int64_t bits = problem.crossed_bits[static_cast<std::size_t>(lowest_layer(selection))];
  for (std::size_t i = 0; i < selection.choice.size(); ++i) {
    if (const Choice* choice = chosen(problem, selection, i)) bits += choice->bits;
  }
  return bits;
}

double gain_of(const SelectionProblem& problem, const Selection& selection) {
  double gain = problem.bias_gain[static_cast<std::size_t>(selection.bias_layers)];
  for (std::size_t i = 0; i < selection.choice.size(); ++i) {
    if (const Choice* choice = chosen(problem, selection, i)) gain += choice->gain;
  }
  return gain;
}

UpdateScheme scheme_of(const SelectionProblem& problem, const Selection& selection) {
  UpdateScheme scheme;
  scheme.bias_layers = selection.bias_layers;
  for (std::size_t i = 0; i < selection.choice.size(); ++i) {
    if (const Choice* choice = chosen(problem, selection, i))
      scheme.weights.push_back({static_cast<std::int64_t>(i), choice->fraction});
  }
  return scheme;
}

void check_limit(const SelectionProblem& problem) {
  const std::int64_t smallest = problem.crossed_bits.back();
  if (problem.limit_bits >= smallest) return;
  throw base::UserError("memory limit",
                        "is below the smallest scheme: " + std::to_string(problem.limit_bits / 8) + " bytes",
                        "the head alone needs " + std::to_string((smallest + 7) / 8) + " bytes: --limit " +
                            std::to_string((smallest + 7) / 8) + "B");
}

}  // namespace frugal::sparse
