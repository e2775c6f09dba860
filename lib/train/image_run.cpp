#include "train/image_run.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "report/result.h"
#include "tensor/device.h"
#include "train/image_task.h"
#include "train/loop.h"
#include "train/run_folder.h"

namespace frugal::train {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

constexpr const char* tool = "nas-search train";

// What decides the result. Where it is written, how often it is logged and how many threads share the work
// do not make it another run.
std::string hash_of(const ImageRunConfig& config) {
  nlohmann::json json;
  config::print(config, json);
  json.erase("runs");
  json.erase("threads");
  json.erase("workers");
  for (const char* key : {"log_every", "checkpoint_every", "checkpoint_seconds", "evaluate_every"}) {
    json["loop"].erase(key);
  }
  return config::hash(json);
}

void check_fit(const model::NetworkConfig& network, const data::ImageSet& set, const std::string& place) {
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

Ordered line_of(const ImageRunConfig& config, const std::string& id, const model::NetworkConfig& network,
                const data::ImageSet& training, const LoopResult& result, const std::string& held_out) {
  const std::int64_t macs = model::mac_count(network, training.height);
  // One forward pass is 2 FLOPs a multiply-accumulate, backward twice that (Kaplan et al. 2020's count).
  const double compute = 3.0 * 2.0 * static_cast<double>(macs) * static_cast<double>(result.examples_seen);
  Ordered line{{"id", id}};
  if (!config.name.empty()) line["name"] = config.name;
  line["network"] = config.network.file.empty() ? config.network.line.blocks : config.network.file;
  line["width"] = config.network.file.empty() ? config.network.line.width_multiplier : 1.0;
  line["parameters"] = model::parameter_count(network);
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

model::NetworkConfig NetworkChoice::load(const std::string& place) const {
  if (!file.empty()) return model::load_network(file);
  return model::expand(line, place);
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
  v.field("threads", threads, config::between(0, 4096), "0: all cores");
  v.object("network", network, "what is trained");
  v.object("data", data, "what it is trained on");
  v.field("batch_size", batch_size, config::at_least(1), "examples a step, over all processes");
  v.field("workers", workers, config::between(0, 256),
          "threads that prepare batches; 0: the training thread");
  v.field("label_smoothing", label_smoothing, config::Range{0, 1, false, true},
          "share spread over all classes");
  v.field("channels_last", channels_last, "memory order NHWC: faster depthwise convolutions on CPUs");
  v.field("initial_weights", initial_weights, "safetensors to start from; empty: random");
  v.object("loop", loop, "length, learning rate, optimiser, checkpoints");
  v.field("runs", runs, "file that gets the run's line; empty: runs.jsonl beside the output folder");
}

Ordered run_images(const ImageRunConfig& config, const ImageRunOptions& options) {
  const auto communicator = make_communicator();
  const bool first = communicator->is_first();
  const std::string id = hash_of(config);
  const std::string runs = config.runs.empty() ? runs_beside(options.out) : config.runs;
  std::optional<base::FolderLock> lock;
  if (first) lock.emplace(options.out);
  communicator->barrier();

  if (const Ordered line = finished_run(options.out, id, options.resume); !line.is_null()) {
    if (first && !options.quiet) base::log_note(tool, options.out + ": this run is finished; nothing to do");
    if (first) append_once(runs, line);
    return line;
  }

  const report::RunClock clock;
  const int threads = tensor::set_threads(static_cast<int>(config.threads));
  const torch::Device device = tensor::parse_device(options.device);
  if (!device.is_cpu())
    throw UserError("--device", "training runs on the CPU in this version", "use --device cpu");
  const std::string network_place = config.network.file.empty() ? "network.blocks" : config.network.file;
  const model::NetworkConfig network = config.network.load(network_place);
  const data::ImageSet training = data::open_split(config.data, data::Split::train);
  const bool validates = config.data.validation > 0;
  const data::ImageSet held_out =
      data::open_split(config.data, validates ? data::Split::validation : data::Split::test);
  check_fit(network, training, network_place);
  if (config.batch_size % communicator->size() != 0) {
    throw UserError("batch_size", fmt::format("{} examples cannot be shared by {} processes",
                                              config.batch_size, communicator->size()));
  }

  tensor::seed_torch(static_cast<std::uint64_t>(config.seed));
  model::ImageNetwork module(network);
  if (!config.initial_weights.empty()) tensor::load_weights(module, config.initial_weights);
  if (first) base::write_text(options.out + "/network.json", model::to_text(network));

  ImageTaskConfig task_config;
  task_config.batch_size = config.batch_size;
  task_config.label_smoothing = config.label_smoothing;
  task_config.workers = config.workers;
  task_config.channels_last = config.channels_last;
  task_config.seed = static_cast<std::uint64_t>(config.seed);
  task_config.augment = config.data.augment;
  ImageTask task(module, training, held_out, task_config, *communicator);
  LoopPlace place;
  place.folder = options.out;
  place.config_hash = id;
  place.seed = static_cast<std::uint64_t>(config.seed);
  place.resume = options.resume;
  place.quiet = options.quiet;
  place.label = config.name.empty() ? "train" : config.name;
  const LoopResult result = run_loop(task, config.loop, place, *communicator);

  const std::string split = validates ? "validation" : "test";
  Ordered line = line_of(config, id, network, training, result, split);
  line["threads"] = threads;
  line["processes"] = communicator->size();
  line["version"] = FRUGAL_VERSION;
  line["run"] = clock.describe(threads);
  line["run"]["seconds"] = result.seconds;
  if (!first) return line;
  tensor::write_tensors(options.out + "/weights.safetensors", tensor::state_of(module));
  nlohmann::json printed;
  config::print(config, printed);
  Ordered report = report::start_result(
      {"frugal.nas-search.train/1", tool, static_cast<std::uint64_t>(config.seed)}, printed);
  report["runs_line"] = line;
  report["run"] = line["run"];
  report["runs_line"].erase("run");
  report::write_result(options.out + "/result.json", report);
  base::append_line(runs, report::to_line(line));
  std::filesystem::remove(options.out + "/checkpoint.safetensors");
  return line;
}

}  // namespace frugal::train
