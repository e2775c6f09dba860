// Seconds of processor time of one training step of an int8 network, batch 1, one thread:
//   step_bench NETWORK SCHEME [STEPS]     (a name or a file of a scheme; a list in a file:
//   NAME.json:NETWORK:INDEX)
// Prints {"value": s a step, "forward": s, "peak_mib": above the loaded model}.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"

namespace {

double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
// The peak. Not getrusage's, which begins with that of the program that started this one.
double resident_mib() {
  const std::string status = frugal::base::read_text("/proc/self/status"), key = "VmHWM:";
  return std::stod(status.substr(status.find(key) + key.size())) / 1024;
}

template <typename Work>
double median_of(int times, const Work& work) {
  std::vector<double> taken;
  for (int i = 0; i < times; ++i) {
    const double start = seconds();
    work();
    taken.push_back(seconds() - start);
  }
  std::nth_element(taken.begin(), taken.begin() + times / 2, taken.end());
  return taken[static_cast<std::size_t>(times / 2)];
}

}  // namespace

int main(int count, char** arguments) {
  using namespace frugal;
  if (count < 3) return 2;
  const int steps = count > 3 ? std::atoi(arguments[3]) : 60;
  const ir::Model model = quant::with_float_head(network::load_model(arguments[1]).model, 10, 1, "bench");
  std::string scheme_text = arguments[2];
  sparse::UpdateScheme scheme;
  if (const std::size_t colon = scheme_text.find(".json:"); colon != std::string::npos) {
    const nlohmann::json all = nlohmann::json::parse(base::read_text(scheme_text.substr(0, colon + 5)));
    const std::string rest = scheme_text.substr(colon + 6);
    const std::size_t second = rest.find(':');
    const nlohmann::json one = all[rest.substr(0, second)][std::stoul(rest.substr(second + 1))];
    scheme = sparse::read_scheme(config::JsonNode(one, "scheme"), model.graph);
  } else {
    scheme = sparse::scheme_named(scheme_text, model.graph);
  }
  quant::Samples samples;
  samples.image_bytes = ir::elements(model.graph.tensor(model.graph.inputs.front()).shape);
  samples.class_count = 10;
  for (std::int64_t i = 0; i < samples.image_bytes; ++i)
    samples.images.push_back(static_cast<std::int8_t>(i * 7919 % 251 - 125));
  samples.labels = {3};
  const double before = resident_mib();
  quant::Trainer trainer(model, sparse::trained_layers(model, scheme), {}, "bench");
  const std::vector<std::size_t> which{0};
  trainer.step(samples, which, 0);
  const double step = median_of(steps, [&] { trainer.step(samples, which, 0); });
  const double forward = median_of(steps, [&] { trainer.evaluate(samples); });
  fmt::print("{{\"value\": {:.6f}, \"forward\": {:.6f}, \"peak_mib\": {:.2f}, \"workspace_bytes\": {}}}\n",
             step, forward, resident_mib() - before, trainer.workspace_bytes());
  return 0;
}
