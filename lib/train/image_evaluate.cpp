#include "train/image_evaluate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "data/dataset.h"
#include "model/image_network.h"
#include "report/result.h"
#include "tensor/device.h"
#include "tensor/safetensors.h"
#include "train/image_task.h"

namespace frugal::train {
namespace {

using base::UserError;

torch::Tensor read_input(const std::string& path, const model::NetworkConfig& network) {
  const torch::Tensor input = tensor::read_tensor(checkpoint::SafetensorsFile(path), "input");
  if (input.dim() != 4 || input.size(1) != network.input_channels() ||
      input.scalar_type() != torch::kFloat32) {
    throw UserError(path + ":input",
                    fmt::format("must be float32 [B, {}, H, W], got [{}]", network.input_channels(),
                                fmt::join(input.sizes().begin(), input.sizes().end(), ", ")));
  }
  return input;
}

}  // namespace

nlohmann::ordered_json evaluate(const EvaluateOptions& options, const data::DataConfig& data) {
  const report::RunClock clock;
  const int threads = tensor::set_threads(options.threads);
  const model::NetworkConfig network = model::load_network(options.network);
  model::ImageNetwork module(network);
  tensor::load_weights(module, options.weights);
  nlohmann::json printed;
  config::print(data, printed);
  if (!options.input.empty()) printed = nlohmann::json::object();
  auto result = report::start_result({"frugal.nas-search.evaluate/1", "nas-search evaluate", 0}, printed);
  result["network"] = options.network;
  result["weights"] = options.weights;
  if (!options.input.empty()) {
    const torch::Tensor input = read_input(options.input, network);
    const torch::NoGradGuard no_grad;
    module.eval();
    const torch::Tensor logits = module.forward(input);
    if (!options.logits.empty()) tensor::write_tensors(options.logits, {{"logits", logits}});
    const torch::Tensor best = logits.argmax(1);
    result["examples"] = input.size(0);
    result["classes"] = std::vector<std::int64_t>(best.const_data_ptr<std::int64_t>(),
                                                  best.const_data_ptr<std::int64_t>() + best.numel());
  } else {
    const data::Split split = options.split == "train"        ? data::Split::train
                              : options.split == "validation" ? data::Split::validation
                                                              : data::Split::test;
    data::DataConfig whole_file = data;
    whole_file.place.clear();  // its fields stand at the top of the config
    const data::ImageSet set = data::open_split(whole_file, split);
    if (network.input_channels() != set.channels || network.classes() != set.class_count()) {
      throw UserError(options.network,
                      fmt::format("takes {} channels and tells {} classes apart, but {} has {} and {}",
                                  network.input_channels(), network.classes(), set.name, set.channels,
                                  set.class_count()));
    }
    Communicator alone;
    module.use_channels_last();
    const Metrics metrics = evaluate_images(module, set, 256, 1, true, alone);
    result["split"] = options.split;
    result["examples"] = set.size();
    result["error"] = metrics.at("error");
    result["loss"] = metrics.at("loss");
  }
  result["parameters"] = model::parameter_count(network);
  result["macs"] = model::mac_count(network);
  result["run"] = clock.describe(threads);
  return result;
}

}  // namespace frugal::train
