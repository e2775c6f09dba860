#include "search/run/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "config/config.h"
#include "search/profile/here.h"
#include "search/run/found.h"
#include "tensor/device.h"
#include "train/device.h"
#include "train/loop.h"

namespace frugal::search {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

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
  if (set.height != set.width) {
    throw UserError(
        "data",
        fmt::format("has images of {}×{} pixels; networks of a space take squares", set.width, set.height),
        fmt::format("set data.resolution={} for their centre squares", config.resolution));
  }
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

std::vector<Objective> objectives_of(const SearchConfig& config, const SearchSpace& space) {
  std::vector<Objective> objectives;
  const auto targets = targets_of(config);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    objectives.emplace_back(targets[t], space,
                            config.devices.empty() ? "objective" : fmt::format("devices/{}", t));
  }
  return objectives;
}

SearchTaskConfig task_config(const SearchConfig& config) {
  SearchTaskConfig task;
  task.batch = config.batch;
  task.held_out_batch = config.held_out_batch > 0 ? config.held_out_batch : config.batch.size;
  task.seed = static_cast<std::uint64_t>(config.seed);
  task.augment = config.data.augment;
  task.schedule = config.schedule;
  return task;
}

// Multiply-accumulates of a weight step on a network of the space in the mean: forward, and twice as much
// back.
double step_macs(const SearchConfig& config, const SearchSpace& space) {
  const BlockCosts macs = costs_of(space, Metric::macs);
  double mean = macs.fixed;
  for (const auto& block : macs.of) {
    for (const double one : block) mean += one / static_cast<double>(block.size());
  }
  return 3 * mean * static_cast<double>(config.batch.size);
}

// The strategy with its learning rate, which may be left to the number of architecture steps. UserError where
// the schedule has none.
StrategyConfig strategy_config(const SearchConfig& config, const data::ImageSet& training) {
  StrategyConfig strategy = config.strategy;
  const Timetable timetable(config.schedule, std::max<std::int64_t>(1, training.size() / config.batch.size));
  const std::int64_t steps = timetable.architecture_before(timetable.total());
  if (steps == 0 && moves_architecture(strategy.kind)) {
    throw UserError("schedule",
                    fmt::format("{} weight steps after the warm-up leave no architecture step",
                                timetable.total() - timetable.warm_up()),
                    "raise schedule.epochs, or lower schedule.skip_epochs and schedule.architecture_every");
  }
  if (strategy.lr == 0) strategy.lr = architecture_rate(steps);
  return strategy;
}

train::LoopConfig loop_config(const SearchConfig& config, const Timetable& timetable) {
  train::LoopConfig loop;
  loop.steps = timetable.total();
  loop.optimizer = config.optimizer;
  loop.log_every = config.log_every;
  loop.checkpoint_every = config.checkpoint_every;
  loop.checkpoint_seconds = config.checkpoint_seconds;
  return loop;
}

}  // namespace

SearchConfig::SearchConfig() { data.validation = 0.2; }

void SearchConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people");
  v.field("seed", seed, config::at_least(0), "of weights, paths, order and augmentation");
  v.field("threads", threads, config::between(0, 4096), "0: by the size of a step, at most all cores");
  v.field("space_file", space_file, "JSON file of the space; empty: `space` is it");
  v.object("space", space, "what is searched");
  v.object("data", data, "images; its validation share is what the architecture is judged on");
  batch.visit(v);
  v.field("held_out_batch", held_out_batch, config::at_least(0),
          "examples of an architecture step; 0: as many as of a weight step");
  v.object("strategy", strategy, "how the architecture is found");
  v.object("schedule", schedule, "how long, and how often what");
  v.object("optimizer", optimizer, "of the weights");
  v.object("pretrained", pretrained, "a trained network that the search starts from");
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

Ordered run_search(const SearchConfig& config, const train::RunOptions& given, const std::string& origin) {
  const base::MemoryUse memory(fmt::format("a search on batches of {} images", config.batch.size),
                               "make batch_size, the images or the space smaller");
  const SearchSpace space = config.load_space(origin);
  const std::vector<Objective> objectives = objectives_of(config, space);
  train::Communicator single;
  train::RunOptions options = given;
  const torch::Device device = train::take_device(options);
  nlohmann::json printed;
  config::print(config, printed);
  train::RunFolder run({"nas-search search",
                        "frugal.nas-search.search/1",
                        "search.json",
                        "/id",
                        {"/threads", "/workers", "/log_every", "/checkpoint_every", "/checkpoint_seconds"}},
                       options, printed, single);
  if (!run.finished().is_null()) return run.finished();
  const std::clock_t cpu = std::clock();
  const int threads = tensor::set_threads(static_cast<int>(config.threads), step_macs(config, space));
  const data::ImageSet held_out = open_held_out(config);
  const data::ImageSet training = data::open_split(config.data, data::Split::train);
  check_fit(space, training);

  const auto seed = static_cast<std::uint64_t>(config.seed);
  tensor::seed_torch(seed);
  Supernet net(space);
  Ordered inherited;
  if (config.pretrained.given()) {
    const Inherited taken = inherit(net, config.pretrained);
    inherited = to_json(taken);
    if (!options.quiet) {
      base::log_note("search",
                     fmt::format("{} ({}): {:.0f} % of the supernet's numbers begin with its weights",
                                 config.pretrained.weights, taken.family,
                                 100 * static_cast<double>(taken.taken) / static_cast<double>(taken.all)));
    }
  }
  net.to(device);
  const StrategyConfig strategy_config = search::strategy_config(config, training);
  std::vector<std::unique_ptr<Strategy>> strategies;
  for (std::size_t t = 0; t < objectives.size(); ++t) {
    strategies.push_back(
        make_strategy(net, objectives[t], strategy_config, seed, fmt::format("target.{}", t)));
  }
  SearchTask task(net, std::move(strategies), training, held_out, task_config(config));
  const train::LoopResult trained =
      train::run_loop(task, loop_config(config, task.timetable()),
                      run.place(config.seed, config.name.empty() ? "search" : config.name), single);
  for (const auto& strategy : task.strategies()) check_moved(*strategy);
  const std::vector<Choice> choices = task.conclude();

  Ordered result = run.start_result(config.seed);
  result["id"] = run.id();
  result["operations"] = space.operation_count();
  result["log10_networks"] = space.log10_networks();
  result["weight_steps"] = trained.steps;
  result["warm_up_steps"] = task.timetable().warm_up();
  result["architecture_steps"] = task.timetable().architecture_before(task.timetable().total());
  result["architecture_lr"] = strategy_config.lr;
  if (!inherited.is_null()) result["inherited"] = inherited;
  result["held_out_examples"] = held_out.size();
  for (std::size_t t = 0; t < choices.size(); ++t) {
    const Strategy& strategy = *task.strategies()[t];
    const std::string folder =
        config.devices.empty() ? options.out : options.out + "/" + strategy.objective().config().name;
    const FoundNetwork found = write_network(net, choices[t], folder, training, held_out, config);
    result["targets"].push_back(describe_target(strategy, space, choices[t], found));
    const ObjectiveConfig& objective = strategy.objective().config();
    if (objective.table.empty()) continue;
    const LatencyTable table = load_table(objective.table);
    if (const auto ms = measured_here(table, found.network))
      result["run"]["measured_latency_ms"][objective.name] = *ms;
    if (table.runtime == "libtorch" && !options.quiet) {
      base::log_note("search", objective.table +
                                   " says what LibTorch takes; where the network will run in ONNX Runtime: "
                                   "nas-search profile --runtime onnxruntime");
    }
  }
  if (choices.size() == 1) result["alpha"] = result["targets"][0]["alpha"];
  if (choices.size() > 1) result["every_network_on_every_device"] = cross_table(task.strategies(), choices);
  result["run"]["cpu_seconds"] = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  run.finish(result, threads, trained.seconds);
  return result;
}

}  // namespace frugal::search
