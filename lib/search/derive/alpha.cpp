#include "search/derive/alpha.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace frugal::search {
namespace {

using base::UserError;
using config::JsonNode;

// The α asked for: of the whole file, or of one of the targets of a search.
JsonNode find_alpha(const JsonNode& root, const std::string& target) {
  const auto targets = root.find("targets");
  if (target.empty() && (!targets || root.has("alpha"))) return root;
  std::string names;
  for (const JsonNode& one : targets ? targets->elements() : std::vector<JsonNode>()) {
    const std::string name = one.text_or("name", "");
    if (!target.empty() && name == target) return one;
    if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
  }
  if (target.empty()) targets->fail("is of several devices", "--target: one of " + names);
  throw UserError("--target", fmt::format("{} has no target '{}'", root.origin(), target),
                  names.empty() ? "it is no search's result" : "one of " + names);
}

// UserError where the numbers do not fit the space's blocks and candidates.
BlockScores read_scores(const JsonNode& alpha, const SearchSpace& space) {
  if (alpha.size() != space.blocks().size()) {
    alpha.fail(fmt::format("must have {} lists, one for each block of the space, got {}",
                           space.blocks().size(), alpha.size()));
  }
  std::vector<std::vector<double>> alphas;
  for (const JsonNode& row : alpha.elements()) {
    const std::size_t wanted = space.blocks()[alphas.size()].candidates.size();
    if (row.size() != wanted) row.fail(fmt::format("must have {} numbers, one for each candidate", wanted));
    alphas.push_back(row.numbers());
  }
  BlockScores scores = log_softmax(alphas);
  for (std::size_t b = 0; b < scores.size(); ++b) {
    if (!std::all_of(scores[b].begin(), scores[b].end(), [](double score) { return std::isfinite(score); }))
      alpha[b].fail("are too far apart: a candidate's probability is 0");
  }
  return scores;
}

}  // namespace

BlockScores read_alpha(const JsonNode& file, const std::string& target, const SearchSpace& space) {
  return read_scores(find_alpha(file, target)["alpha"], space);
}

}  // namespace frugal::search
