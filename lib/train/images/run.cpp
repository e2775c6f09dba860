#include "train/images/run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "tensor/device.h"
#include "train/device.h"
#include "train/images/preprocessing.h"
#include "train/images/task.h"
#include "train/loop.h"
#include "train/run/training_run.h"

namespace frugal::train {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

void check_fit(const network::NetworkConfig& network, const data::ImageSet& set, const std::string& place) {
  if (network.input_channels() != set.channels) {
    throw UserError(place,
                    fmt::format("takes {} channels, but the images of {} have {}", network.input_channels(),
                                set.name, set.channels),
                    "set network.input_channels or data.channels");
  }
  if (network.classes() != set.class_count()) {
    throw UserError(
        place,
        fmt::format("tells {} classes apart, but {} has {}", network.classes(), set.name, set.class_count()),
        "set network.classes");
  }
}

Ordered line_of(const ImageRunConfig& config, const std::string& id, const network::NetworkConfig& network,
                const data::ImageSet& training, const LoopResult& result, const std::string& held_out) {
  const std::int64_t macs = network::mac_count(network, training.height);
  // One forward pass is 2 FLOPs a multiply-accumulate, backward twice that (Kaplan et al. 2020's count).
  const double compute = 3.0 * 2.0 * static_cast<double>(macs) * static_cast<double>(result.examples_seen);
  Ordered line{{"id", id}};
  if (!config.name.empty()) line["name"] = config.name;
  line["network"] = config.network.file.empty() ? config.network.line.blocks : config.network.file;
  line["width"] = config.network.file.empty() ? config.network.line.width_multiplier : 1.0;
  line["parameters"] = network::parameter_count(network);
  line["macs"] = macs;
  line["fraction"] = config.data.fraction;
  line["train_examples"] = training.size();
  line["examples_seen"] = result.examples_seen;
  line["steps"] = result.steps;
  line["compute"] = compute;
  line[held_out + "_error"] = result.metrics.at("error");
  line[held_out + "_loss"] = result.metrics.at("loss");
  line["train_loss"] = result.train_loss;
  line["seed"] = config.seed;
  return line;
}

}  // namespace

void NetworkChoice::visit(config::Visitor& v) {
  v.field("file", file, "a network.json; empty: `blocks` and what follows it describe the network");
  line.visit(v);
}

network::NetworkConfig NetworkChoice::load(const std::string& place) const {
  if (!file.empty()) return network::load_network(file);
  return network::expand(line, place);
}

ImageRunConfig::ImageRunConfig() {
  network.line.blocks = "3e1w16 | 3e3s2w24 3e3 | 3e3s2w40 3e3";
  network.line.stem = 16;
  network.line.stem_stride = 1;
  network.line.head = 0;
  network.line.input_channels = 1;
  network.line.classes = 10;
  network.line.resolution = 28;
}

void ImageRunConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people; stands in runs.jsonl");
  v.field("seed", seed, config::at_least(0), "of weights, order, augmentation and dropout");
  v.field("threads", threads, config::between(0, 4096), "0: by the size of a step, at most all cores");
  v.object("network", network, "what is trained");
  v.object("data", data, "what it is trained on");
  batch.visit(v);
  v.field("channels_last", channels_last, "memory order NHWC: faster depthwise convolutions on CPUs");
  v.field("initial_weights", initial_weights,
          "safetensors of this very network to start from, the head too; empty: random");
  v.object("pretrained", pretrained, "weights that somebody else trained to start from");
  v.field("balanced_loss", balanced_loss,
          "each class weighs the same in the loss, however many images it has; false: each image does");
  v.object("loop", loop, "length, learning rate, optimiser, checkpoints");
  v.field("runs", runs, "file that gets the run's line; empty: runs.jsonl beside the output folder");
}

Ordered run_images(const ImageRunConfig& config, const RunOptions& given, Communicator& communicator) {
  communicator.wait_at_most(config.loop.peer_seconds);
  RunOptions options = given;
  const torch::Device device = take_device(options);
  nlohmann::json printed;
  config::print(config, printed);
  TrainingRun run("nas-search train", "frugal.nas-search.train/1", options, printed, config.runs,
                  communicator);
  if (Ordered line = run.finished(); !line.is_null()) return line;

  const std::string network_place = config.network.file.empty() ? "network.blocks" : config.network.file;
  const network::NetworkConfig described = config.network.load(network_place);
  if (config.pretrained.given() && !config.initial_weights.empty()) {
    throw UserError("initial_weights", "and pretrained.weights are both given", "give one of them");
  }
  const data::DataConfig images =
      config.pretrained.given() ? images_for(described, config.data) : config.data;
  const data::ImageSet training = data::open_split(images, data::Split::train);
  const bool validates = config.data.validation > 0;
  const data::ImageSet held_out =
      data::open_split(images, validates ? data::Split::validation : data::Split::test);
  network::NetworkConfig network = with_head(described, config.pretrained, training);
  check_fit(network, training, network_place);
  // Forward, and twice as much backward.
  const double step_macs = 3.0 * static_cast<double>(network::mac_count(network, training.height)) *
                           static_cast<double>(config.batch.size / communicator.size());
  const int threads = tensor::set_threads(static_cast<int>(config.threads), step_macs);
  if (training.height != training.width && communicator.is_first()) {
    base::log_note(
        "train",
        fmt::format("warning: images of {}×{} pixels; costs, exports and what images become before the "
                    "network are told for squares (data.resolution takes their centre squares)",
                    training.width, training.height));
  }
  config.batch.share(communicator);  // refused before anything is trained or written
  const base::MemoryUse memory(fmt::format("training on batches of {} images", config.batch.size),
                               "make batch_size, the images or the network smaller");

  const auto seed = static_cast<std::uint64_t>(config.seed);
  const bool first = communicator.is_first();
  tensor::seed_torch(seed);
  model::ImageNetwork module(network);
  if (!config.initial_weights.empty()) tensor::load_weights(module, config.initial_weights);
  Ordered taken;
  if (config.pretrained.given()) taken = take_weights(module, config.pretrained);
  module.to(device);
  network.preprocessing = preprocessing_of(training);
  network.resolution = training.height;
  if (first) base::write_text(options.out + "/network.json", network::to_text(network));

  ImageTaskConfig task_config;
  task_config.batch = config.batch;
  task_config.channels_last = config.channels_last;
  task_config.seed = seed;
  task_config.augment = config.data.augment;
  task_config.frozen_body = config.pretrained.frozen();
  task_config.balanced_loss = config.balanced_loss;
  ImageTask task(module, training, held_out, task_config, communicator);
  const LoopPlace place = run.place(config.seed, config.name.empty() ? "train" : config.name);
  const LoopResult result =
      run_loop(task, with_body_rate(config.loop, config.pretrained), place, communicator);

  Ordered line = line_of(config, run.id(), network, training, result, validates ? "validation" : "test");
  if (first) tensor::write_tensors(options.out + "/weights.safetensors", tensor::state_of(module));
  if (!taken.is_null()) line["pretrained"] = taken;
  run.finish(line, config.seed, threads, result.seconds,
             {{"preprocessing", network::to_json(*network.preprocessing)},
              {"held_out", to_json(task.confusion(), held_out.class_names)}});
  return line;
}

}  // namespace frugal::train
