#include "search/run/command.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "config/config.h"
#include "report/result.h"
#include "tensor/device.h"
#include "train/images/task.h"
#include "train/loop.h"

namespace frugal::search {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

constexpr const char* tool = "nas-search search";
constexpr const char* schema = "frugal.nas-search.search/1";

// What decides the result; see train/images/run.cpp.
std::string hash_of(const SearchConfig& config) {
  nlohmann::json json;
  config::print(config, json);
  for (const char* key : {"threads", "workers", "log_every", "checkpoint_every", "checkpoint_seconds"}) {
    json.erase(key);
  }
  return config::hash(json);
}

std::optional<Ordered> finished_search(const std::string& folder, const std::string& id, bool resume) {
  const std::string path = folder + "/search.json";
  if (std::filesystem::exists(path)) {
    const auto result = Ordered::parse(base::read_text(path), nullptr, false);
    if (!result.is_object() || result.value("id", "") != id) {
      throw UserError(folder, "holds the finished search of another config or seed", "give another --out");
    }
    return result;
  }
  if (!resume && std::filesystem::exists(folder + "/checkpoint.safetensors")) {
    throw UserError(folder, "holds a search that was interrupted",
                    "give --resume to go on with it, or another --out");
  }
  return std::nullopt;
}

data::ImageSet open_held_out(const SearchConfig& config) {
  if (config.data.validation <= 0) {
    throw UserError("data/validation", "is 0: the architecture needs images that the weights do not see",
                    "for example --set data.validation=0.2");
  }
  data::ImageSet set;
  try {
    set = data::open_split(config.data, data::Split::validation);
  } catch (const UserError& error) {
    throw UserError("data/validation", fmt::format("leaves no held-out images ({})", error.message()),
                    "for example --set data.validation=0.2");
  }
  if (set.size() == 0) {
    throw UserError("data/validation",
                    fmt::format("{} of the images is not one image", config.data.validation),
                    "for example --set data.validation=0.2");
  }
  return set;
}

void check_fit(const SearchSpace& space, const data::ImageSet& set) {
  const SpaceConfig& config = space.config();
  const auto refuse = [&](const char* field, std::int64_t has, const char* what, std::int64_t wanted) {
    if (has == wanted) return;
    throw UserError(fmt::format("space/{}", field),
                    fmt::format("is {}, but {} has {} {}", has, set.name, wanted, what),
                    fmt::format("set space.{}={}", field, wanted));
  };
  refuse("input_channels", config.input_channels, "channels", set.channels);
  refuse("classes", config.classes, "classes", set.class_count());
  refuse("resolution", config.resolution, "pixels a side", set.height);
}

std::vector<ObjectiveConfig> targets_of(const SearchConfig& config) {
  if (config.devices.empty()) return {config.objective};
  std::set<std::string> names;
  for (std::size_t i = 0; i < config.devices.size(); ++i) {
    const std::string& name = config.devices[i].name;
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with(".") ||
        !names.insert(name).second) {
      throw UserError(fmt::format("devices/{}/name", i),
                      fmt::format("'{}' is empty, no folder's name, or stands twice", name),
                      "each device names the folder of its network");
    }
  }
  return config.devices;
}

// Batch norm's averages of a path that was trained as one of many are those of no network: they are taken
// again, as plain means over training batches.
void recalibrate(model::ImageNetwork& network, const data::ImageSet& training, const SearchConfig& config) {
  const torch::NoGradGuard no_grad;
  data::LoaderConfig loader_config;
  loader_config.batch_size = config.batch_size;
  loader_config.shuffle = loader_config.channels_last = loader_config.drop_last = true;
  loader_config.seed = base::derive_seed(static_cast<std::uint64_t>(config.seed), "search/recalibrate");
  loader_config.workers = 0;
  data::Loader loader(training, loader_config);
  loader.start_epoch(0);
  network.train();
  data::Batch batch;
  for (std::int64_t i = 0; i < config.recalibration_batches && loader.next(batch); ++i) {
    for (const auto& module : network.modules(false)) {
      if (auto* norm = module->as<torch::nn::BatchNorm2d>())
        norm->options.momentum(1 / static_cast<double>(i + 1));
    }
    network.forward(batch.images);
  }
}

struct Derived {
  network::NetworkConfig network;
  train::Metrics metrics;  // on the held-out images
};

Derived write_path(const Supernet& net, const Choice& choice, const std::string& folder,
                   const data::ImageSet& training, const data::ImageSet& held_out,
                   const SearchConfig& config) {
  Derived derived{net.space().network(choice), {}};
  model::ImageNetwork network(derived.network);
  {
    const torch::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> of_path;
    for (const auto& [name, value] : net.path_state(choice)) of_path[name] = value;
    for (auto& [name, value] : tensor::state_of(network)) value.copy_(of_path.at(name));
  }
  network.use_channels_last();
  if (config.recalibration_batches > 0) recalibrate(network, training, config);
  train::Communicator single;
  derived.metrics = train::evaluate_images(network, held_out, 256, 0, true, single);
  base::make_folder(folder);
  base::write_text(folder + "/network.json", network::to_text(derived.network));
  tensor::write_tensors(folder + "/weights.safetensors", tensor::state_of(network));
  return derived;
}

Ordered describe_target(const Strategy& strategy, const SearchSpace& space, const Choice& choice,
                        const Derived& derived) {
  const Objective& objective = strategy.objective();
  const auto p = strategy.architecture().probabilities();
  Ordered blocks = Ordered::array();
  for (std::size_t b = 0; b < choice.size(); ++b) {
    const SearchBlock& block = space.blocks()[b];
    Ordered candidates = Ordered::array();
    for (std::size_t i = 0; i < block.candidates.size(); ++i) {
      candidates.push_back({{"operation", block.candidates[i].label},
                            {"alpha", strategy.architecture().values()[b][i]},
                            {"probability", p[b][i]},
                            {objective.config().metric, objective.costs().of[b][i]}});
    }
    blocks.push_back({{"stage", block.stage},
                      {"chosen", block.candidates[choice[b]].label},
                      {"candidates", std::move(candidates)}});
  }
  Ordered target{{"name", objective.config().name}};
  target["network"] = space.text(choice);
  target["parameters"] = network::parameter_count(derived.network);
  target["macs"] = network::mac_count(derived.network);
  target[objective.config().metric] = objective.costs().total(choice);
  target["expected"] = objective.expected(p);
  target["entropy"] = strategy.architecture().entropy();
  for (const Limit& limit : objective.limits()) {
    target["limits"][limit.name] = {{"at_most", limit.at_most}, {"network", limit.costs.total(choice)}};
  }
  // With the search's own weights; training it again from the start gives more.
  target["shared_weights_validation_error"] = derived.metrics.at("error");
  target["shared_weights_validation_loss"] = derived.metrics.at("loss");
  target["alpha"] = strategy.architecture().values();  // what nas-search derive reads
  target["blocks"] = std::move(blocks);
  return target;
}

// Every network's cost on every device.
Ordered cross_table(const std::vector<std::unique_ptr<Strategy>>& strategies,
                    const std::vector<Choice>& choices) {
  Ordered table = Ordered::array();
  for (std::size_t n = 0; n < choices.size(); ++n) {
    Ordered row{{"network_of", strategies[n]->objective().config().name}};
    for (const auto& strategy : strategies) {
      row["on"][strategy->objective().config().name] = strategy->objective().costs().total(choices[n]);
    }
    table.push_back(std::move(row));
  }
  return table;
}

}  // namespace

SearchConfig::SearchConfig() { data.validation = 0.2; }

void SearchConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people");
  v.field("seed", seed, config::at_least(0), "of weights, paths, order and augmentation");
  v.field("threads", threads, config::between(0, 4096), "0: all cores");
  v.field("space_file", space_file, "JSON file of the space; empty: `space` is it");
  v.object("space", space, "what is searched");
  v.object("data", data, "images; its validation share is what the architecture is judged on");
  v.field("batch_size", batch_size, config::at_least(1), "examples of a weight step");
  v.field("held_out_batch", held_out_batch, config::at_least(0),
          "examples of an architecture step; 0: as many as of a weight step");
  v.field("workers", workers, config::between(0, 256),
          "threads that prepare batches; 0: the training thread");
  v.field("label_smoothing", label_smoothing, config::Range{0, 1, false, true},
          "weight steps: share spread over all classes");
  v.object("strategy", strategy, "how the architecture is found");
  v.object("schedule", schedule, "how long, and how often what");
  v.object("optimizer", optimizer, "of the weights");
  v.object("objective", objective, "what a network costs, and its limits");
  v.list("devices", devices, "instead of `objective`: several, each of which gets a network");
  v.field("recalibration_batches", recalibration_batches, config::at_least(0),
          "training batches that give the derived network's batch norm its averages");
  v.field("log_every", log_every, config::at_least(1), "steps between lines of events.jsonl");
  v.field("checkpoint_every", checkpoint_every, config::at_least(0),
          "steps between checkpoints; 0: by time alone");
  v.field("checkpoint_seconds", checkpoint_seconds, config::at_least(0),
          "between checkpoints; 0: none by time");
}

SearchSpace SearchConfig::load_space(const std::string& origin) const {
  if (!space_file.empty()) return search::load_space(space_file);
  return {space, (origin.empty() ? "" : origin + ":") + "/space"};
}

Ordered run_search(const SearchConfig& config, const SearchOptions& options) {
  const std::string id = hash_of(config);
  const auto seed = static_cast<std::uint64_t>(config.seed);
  if (!tensor::parse_device(options.device).is_cpu())
    throw UserError("--device", "the search runs on the CPU in this version", "use --device cpu");
  const SearchSpace space = config.load_space(options.origin);
  std::vector<Objective> objectives;
  const auto targets = targets_of(config);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    objectives.emplace_back(targets[t], space,
                            config.devices.empty() ? "objective" : fmt::format("devices/{}", t));
  }
  const base::FolderLock lock(options.out);
  if (auto result = finished_search(options.out, id, options.resume)) {
    if (!options.quiet) base::log_note(tool, options.out + ": this search is finished; nothing to do");
    return *result;
  }
  const report::RunClock clock;
  const std::clock_t cpu = std::clock();
  const int threads = tensor::set_threads(static_cast<int>(config.threads));
  const data::ImageSet held_out = open_held_out(config);
  const data::ImageSet training = data::open_split(config.data, data::Split::train);
  check_fit(space, training);

  tensor::seed_torch(seed);
  Supernet net(space);
  std::vector<std::unique_ptr<Strategy>> strategies;
  for (std::size_t t = 0; t < objectives.size(); ++t) {
    strategies.push_back(
        make_strategy(net, objectives[t], config.strategy, seed, fmt::format("target.{}", t)));
  }
  SearchTaskConfig task_config;
  task_config.batch_size = config.batch_size;
  task_config.held_out_batch = config.held_out_batch > 0 ? config.held_out_batch : config.batch_size;
  task_config.workers = config.workers;
  task_config.label_smoothing = config.label_smoothing;
  task_config.seed = seed;
  task_config.augment = config.data.augment;
  task_config.schedule = config.schedule;
  SearchTask task(net, std::move(strategies), training, held_out, task_config);

  train::LoopConfig loop;
  loop.steps = task.timetable().total();
  loop.optimizer = config.optimizer;
  loop.log_every = config.log_every;
  loop.checkpoint_every = config.checkpoint_every;
  loop.checkpoint_seconds = config.checkpoint_seconds;
  train::LoopPlace place;
  place.folder = options.out;
  place.config_hash = id;
  place.seed = seed;
  place.resume = options.resume;
  place.quiet = options.quiet;
  place.label = config.name.empty() ? "search" : config.name;
  train::Communicator single;
  const train::LoopResult trained = train::run_loop(task, loop, place, single);
  const std::vector<Choice> choices = task.conclude();

  nlohmann::json printed;
  config::print(config, printed);
  Ordered result = report::start_result({schema, tool, seed}, printed);
  result["id"] = id;
  result["operations"] = space.operation_count();
  result["log10_networks"] = space.log10_networks();
  result["weight_steps"] = trained.steps;
  result["warm_up_steps"] = task.timetable().warm_up();
  result["architecture_steps"] = task.timetable().architecture_before(task.timetable().total());
  result["held_out_examples"] = held_out.size();
  for (std::size_t t = 0; t < choices.size(); ++t) {
    const std::string folder = config.devices.empty() ? options.out : options.out + "/" + targets[t].name;
    const Derived derived = write_path(net, choices[t], folder, training, held_out, config);
    result["targets"].push_back(describe_target(*task.strategies()[t], space, choices[t], derived));
  }
  if (choices.size() == 1) result["alpha"] = result["targets"][0]["alpha"];
  if (choices.size() > 1) result["every_network_on_every_device"] = cross_table(task.strategies(), choices);
  result["run"] = clock.describe(threads);
  result["run"]["seconds"] = trained.seconds;
  result["run"]["cpu_seconds"] = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  report::write_result(options.out + "/search.json", result);
  std::filesystem::remove(options.out + "/checkpoint.safetensors");
  return result;
}

}  // namespace frugal::search
