#include "train/images/pretrained.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "model/pretrained/pretrained.h"

namespace frugal::train {

void PretrainedConfig::visit(config::Visitor& v) {
  v.field("weights", weights,
          "safetensors, .pth or .pt that the network starts from (ProxylessNAS, Once-for-all, MCUNet, "
          "torchvision, timm)");
  v.choice("head", head, {"new", "keep"}, "new: a classifier of the images' classes; keep: the file's");
  v.choice("body", body, {"train", "frozen"},
           "frozen: the classifier alone is trained, batch norm keeps its averages");
  v.field("body_lr", body_lr, config::greater_than(0),
          "factor of the learning rate on all but the classifier");
}

data::DataConfig images_for(const network::NetworkConfig& network, const data::DataConfig& data) {
  data::DataConfig images = data;
  if (images.channels == 0) images.channels = network.input_channels();
  if (images.resolution == 0) images.resolution = network.resolution;
  const bool colour = network.input_channels() == 3;
  if (images.mean.empty() && network.preprocessing)
    images.mean = network.preprocessing->mean;
  else if (images.mean.empty() && colour)
    images.mean = {0.485, 0.456, 0.406};
  if (images.std.empty() && network.preprocessing)
    images.std = network.preprocessing->std;
  else if (images.std.empty() && colour)
    images.std = {0.229, 0.224, 0.225};
  return images;
}

network::NetworkConfig with_head(network::NetworkConfig network, const PretrainedConfig& config,
                                 const data::ImageSet& training) {
  if (config.given() && config.head == "new") network.classifier.out_features = training.class_count();
  return network;
}

nlohmann::ordered_json take_weights(model::ImageNetwork& network, const PretrainedConfig& config) {
  const model::Loaded loaded = model::load_pretrained(network, config.weights, config.head == "keep");
  nlohmann::ordered_json json{{"weights", config.weights}, {"family", loaded.family},
                              {"tensors", loaded.tensors}, {"numbers", loaded.numbers},
                              {"head", config.head},       {"body", config.body}};
  if (!config.frozen()) json["body_lr"] = config.body_lr;
  if (!loaded.passed_over.empty()) {
    json["passed_over"] = loaded.passed_over.size();
    json["first_passed_over"] = loaded.passed_over.front();
  }
  base::log_note(
      "train",
      fmt::format(
          "{} ({}): {} tensors taken, {}; the body is {}", config.weights, loaded.family, loaded.tensors,
          loaded.head ? "the classifier too"
                      : fmt::format("a new classifier of {} classes", network.config().classes()),
          config.frozen() ? "frozen" : fmt::format("trained at {:g} of the learning rate", config.body_lr)));
  return json;
}

LoopConfig with_body_rate(LoopConfig loop, const PretrainedConfig& config) {
  if (!config.given() || config.frozen()) return loop;
  for (const char* part : {"first_conv", "blocks.", "final_expand_layer", "feature_mix_layer"}) {
    const auto [factor, fresh] = loop.optimizer.lr_scale.try_emplace(part, config.body_lr);
    if (!fresh) factor->second *= config.body_lr;
  }
  return loop;
}

}  // namespace frugal::train
