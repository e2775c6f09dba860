// What each part of a network's update is worth: the file that `contribute` writes and `select` reads. JSON
// lines; the first says how it was made, then one object a line, in any order:
//
//   {"kind": "setup", "schema": "frugal.tinytrain_compile.contributions/1", "network": "resnet", "layers": 9,
//    "method": "measured", "bias_base": 9, "fractions": [0.125, 0.25, 0.5, 1], "config": {…}}
//   {"kind": "head", "accuracy": 0.61, "gain": 0}
//   {"kind": "bias", "layers": 4, "accuracy": 0.67, "gain": 0.06}          biases of the last 4 layers
//   {"kind": "weights", "layer": 7, "fraction": 0.25, "accuracy": 0.71, "gain": 0.02}
//
// gain: accuracy above the head alone (bias), or above the biases of the last bias_base layers (weights); by
// Fisher information the expected fall of the loss instead (sparse/fisher.h). A training that failed has
// "gain": null and says why in "failed": it is never chosen.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sparse/selection.h"

namespace frugal::sparse {

struct Part {
  enum class Kind { head, bias, weights } kind = Kind::head;
  std::int64_t number = 0;  // bias: how many last layers; weights: the layer
  double fraction = 0;      // weights

  bool operator==(const Part&) const = default;
};
std::string describe(const Part& part);  // "weights of layer 7, fraction 0.25"

struct Contribution {
  Part part;
  double gain = std::numeric_limits<double>::quiet_NaN();      // NaN: failed
  double accuracy = std::numeric_limits<double>::quiet_NaN();  // NaN: none was measured
  std::string failed;
};

struct ContributionSetup {
  std::string network;
  std::int64_t layers = 0;
  std::string method = "measured";
  std::int64_t bias_base = 0;
  std::vector<double> fractions{0.125, 0.25, 0.5, 1};
  std::string config = "{}";  // JSON: what else must agree for a file to be gone on with
};

struct Contributions {
  ContributionSetup setup;
  std::vector<Contribution> entries;

  const Contribution* find(const Part& part) const;
};

// All that a file should have: the head, every bias(k), every layer's distinct fractions.
std::vector<Part> parts_of(const ExtraMemory& memory, const ContributionSetup& setup);
// What is trained to measure it.
UpdateScheme scheme_of(const Part& part, const ContributionSetup& setup);

std::string to_line(const ContributionSetup& setup);
std::string to_line(const Contribution& contribution);

// Throws UserError at "file:line" with the key: no JSON, a number that is out of range, a part that stands
// twice or that the setup does not have, no setup at the start.
Contributions read_contributions(const std::string& path);
Contributions parse_contributions(const std::string& text, const std::string& origin);

// Throws UserError where the file is of another network.
void check_network(const Contributions& contributions, const ir::Graph& graph, const std::string& origin);
std::vector<Part> missing_parts(const Contributions& contributions, const ExtraMemory& memory);

// A gain that is missing, failed or not finite is never chosen.
SelectionProblem make_problem(const Contributions& contributions, const ExtraMemory& memory,
                              std::int64_t limit_bits);

}  // namespace frugal::sparse
