// The work of `tinytrain-compile contribute`: what each part of a network's update is worth on a task,
// measured by short trainings or told by Fisher information. In the output folder: contributions.jsonl
// (sparse/contributions.h), result.json and report.html.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "adapt/config.h"
#include "sparse/freeze.h"
#include "train/run/run_folder.h"

namespace frugal::adapt {

struct ContributeConfig {
  std::int64_t seed = 0, threads = 0;
  std::string network, weights;  // what network/import/load.h reads
  std::string head = "means";    // or "new", "keep"
  ExampleConfig data;
  std::int64_t shots = 10;          // support images a class
  std::int64_t held_out = 1000;     // images that accuracy is measured on, from the validation split
  std::string method = "measured";  // or "fisher"
  std::int64_t repeats = 1;         // trainings a part: heads, orders and support images of other seeds
  std::int64_t bias_base = -1;  // weights are measured on top of the biases of so many last layers; -1: all
  std::vector<double> fractions{0.125, 0.25, 0.5, 1};
  std::int64_t fisher_images = 100;
  MethodConfig training;

  ContributeConfig();
  void visit(config::Visitor& v);
};

// Measures what is missing in the folder. Returns the result.
nlohmann::ordered_json contribute(const ContributeConfig& config, const train::RunOptions& options);

// Accuracy by the same trainings, for freezing one tensor at a time.
sparse::Evaluate evaluate_by_training(const ContributeConfig& config);

}  // namespace frugal::adapt
