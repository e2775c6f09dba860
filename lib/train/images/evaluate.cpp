#include "train/images/evaluate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/given_path.h"
#include "config/config.h"
#include "data/images/dataset.h"
#include "model/image/network.h"
#include "model/image/tree_network.h"
#include "report/result.h"
#include "tensor/device.h"
#include "tensor/safetensors.h"
#include "train/images/answers.h"
#include "train/images/task.h"

namespace frugal::train {
namespace {

using base::UserError;

torch::Tensor read_input(const std::string& path, std::int64_t channels) {
  const torch::Tensor input = tensor::read_tensor(checkpoint::SafetensorsFile(path), "input");
  if (input.dim() != 4 || input.size(1) != channels || input.scalar_type() != torch::kFloat32) {
    throw UserError(path + ":input",
                    fmt::format("must be float32 [B, {}, H, W], got [{}]", channels,
                                fmt::join(input.sizes().begin(), input.sizes().end(), ", ")));
  }
  return input;
}

void put_logits(const torch::Tensor& logits, const std::string& path, nlohmann::ordered_json& result) {
  if (!path.empty()) tensor::write_tensors(base::given_path(path), {{"logits", logits}});
  const torch::Tensor best = logits.argmax(1);
  result["examples"] = logits.size(0);
  result["classes"] = std::vector<std::int64_t>(best.const_data_ptr<std::int64_t>(),
                                                best.const_data_ptr<std::int64_t>() + best.numel());
}

// Images as the network was trained on, where the config leaves it open.
data::DataConfig as_trained(data::DataConfig data, const network::NetworkConfig& network) {
  if (data.mean.empty()) data.mean = network.preprocessing->mean;
  if (data.std.empty()) data.std = network.preprocessing->std;
  if (data.resolution == 0) data.resolution = network.resolution;
  if (data.channels == 0) data.channels = network.input_channels();
  return data;
}

// Networks of trees are read and run; they are trained nowhere here, so a data set is not their input.
void evaluate_trees(const EvaluateOptions& options, const nlohmann::json& json,
                    nlohmann::ordered_json& result) {
  if (options.input.empty()) {
    throw UserError(options.network, "is a network of trees, which is evaluated on --input alone");
  }
  const network::TreeNetwork network = network::read_tree_network(json, options.network);
  model::TreeImageNetwork module(network);
  tensor::load_weights(module, options.weights);
  const torch::NoGradGuard no_grad;
  module.eval();
  put_logits(module.forward(read_input(options.input, network.input_channels())), options.logits, result);
}

}  // namespace

nlohmann::ordered_json evaluate(const EvaluateOptions& options, const data::DataConfig& data) {
  const report::RunClock clock;
  const nlohmann::json described = config::parse(base::read_text(options.network), options.network);
  if (network::is_tree_network(described)) {
    auto result = report::start_result({"frugal.nas-search.evaluate/1", "nas-search evaluate", 0},
                                       nlohmann::json::object());
    result["network"] = options.network;
    result["weights"] = options.weights;
    const int threads = tensor::set_threads(options.threads);
    evaluate_trees(options, described, result);
    result["run"] = clock.describe(threads);
    return result;
  }
  const network::NetworkConfig network = network::read_network(described, options.network);
  constexpr double images_at_once = 256;
  const int threads =
      tensor::set_threads(options.threads, images_at_once * static_cast<double>(network::mac_count(network)));
  model::ImageNetwork module(network);
  tensor::load_weights(module, options.weights);
  nlohmann::json printed;
  config::print(data, printed);
  if (!options.input.empty() || !options.image.empty()) printed = nlohmann::json::object();
  auto result = report::start_result({"frugal.nas-search.evaluate/1", "nas-search evaluate", 0}, printed);
  result["network"] = options.network;
  result["weights"] = options.weights;
  if (!options.input.empty()) {
    const torch::Tensor input = read_input(options.input, network.input_channels());
    const torch::NoGradGuard no_grad;
    module.eval();
    put_logits(module.forward(input), options.logits, result);
  } else if (!options.image.empty()) {
    result["images"] = answers_for(module, options.image, data);
  } else {
    const data::Split split = options.split == "train"        ? data::Split::train
                              : options.split == "validation" ? data::Split::validation
                                                              : data::Split::test;
    data::DataConfig whole_file = data;
    if (network.preprocessing) whole_file = as_trained(whole_file, network);
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
    Confusion confusion;
    const Metrics metrics = evaluate_images(module, set, 1, true, alone, &confusion);
    result["split"] = options.split;
    result["examples"] = set.size();
    result["error"] = metrics.at("error");
    result["loss"] = metrics.at("loss");
    result.update(to_json(confusion, set.class_names));
  }
  result["parameters"] = network::parameter_count(network);
  result["macs"] = network::mac_count(network);
  result["run"] = clock.describe(threads);
  return result;
}

}  // namespace frugal::train
