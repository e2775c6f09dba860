// The work of `tinytrain-compile select`: from contributions and a memory limit, or a threshold of accuracy,
// to a scheme that `adapt` reads, with what the other ways would have given.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sparse/contributions.h"
#include "sparse/evolution.h"
#include "sparse/freeze.h"
#include "sparse/knapsack.h"

namespace frugal::sparse {

struct SelectConfig {
  std::string method = "exact";
  std::int64_t seed = 0;
  std::string limit;                   // "49KB": of exact and evolution
  double threshold = 0;                // accuracy, of freeze
  bool partial = false;                // contributions may lack parts
  std::int64_t states = usual_states;  // of sparse/knapsack.h
  EvolutionConfig evolution;

  void visit(config::Visitor& v);
};

// A text about each entry, of `missing`: at most `most`, then how many more.
std::string describe(const std::vector<Part>& missing, std::size_t most);

// {"method", "scheme", "predicted_gain", "extra_memory_bytes", …; "run": what
// differs by nature}. evaluate: accuracies for `freeze`; where
// it is empty, the head's accuracy and the gains of what is trained are added up, for measured contributions.
// Throws UserError: a limit that is no size or below the smallest scheme, missing parts, a threshold that the
// start does not reach.
nlohmann::ordered_json select(const ir::Graph& graph, const Contributions& contributions,
                              const std::string& origin, const SelectConfig& config,
                              const Evaluate& evaluate = {});

}  // namespace frugal::sparse
