#include "search/start/start.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "data/images/dataset.h"
#include "network/import/trained_onnx.h"
#include "report/result.h"
#include "search/cost/cost.h"
#include "search/profile/here.h"
#include "search/profile/networks.h"
#include "search/profile/profile.h"
#include "search/run/command.h"
#include "search/run/report_read.h"
#include "search/start/plan.h"
#include "train/images/run.h"
#include "train/run/communicator.h"

namespace frugal::search {
namespace {

namespace fs = std::filesystem;
using base::UserError;
using Ordered = nlohmann::ordered_json;

SpaceConfig space_of(const StartOptions& options, const StartPlan& plan) {
  const SpaceConfig space = space_for(plan.resolution, plan.classes);
  return options.pretrained.given() ? within(space, options.pretrained.network) : space;
}

StartPlan plan_for(const StartOptions& options) {
  const std::string path = options.out + "/plan.json";
  if (fs::exists(path)) return read_plan(path);
  StartPlan plan;
  plan.resolution = resolution_for(options.images);
  const data::ImageSet training =
      data::open_split(images_of(options.images, plan.resolution), data::Split::train);
  plan.classes = training.class_count();
  plan.batch_size = std::clamp<std::int64_t>(training.size() / 8, 4, 32);
  const SearchSpace space(space_of(options, plan), "start");
  choose_steps(plan, space, options.minutes, static_cast<int>(options.threads));
  base::write_text(path, to_json(plan).dump(2) + "\n");
  return plan;
}

LatencyTable table_for(const StartOptions& options, const SearchSpace& space) {
  DeviceConfig device;
  device.threads = options.threads;
  device.runtime = options.runtime;
  const std::string path = options.out + "/latency.json";
  const auto seed = static_cast<std::uint64_t>(options.seed);
  LatencyTable table = profile(distinct_operations(operations_of(space)), device,
                               {path, fs::exists(path), options.quiet}, covering_networks(space, seed));
  const double least = costs_of(space, Metric::latency_ms, &table).least();
  if (least > options.latency_ms) {
    throw UserError(
        "--latency",
        fmt::format("is {:g} ms, but the fastest network of this space takes {:.3g} ms at {} pixels a side",
                    options.latency_ms, least, space.config().resolution),
        "allow more, or give smaller images (the smaller side of most decides)");
  }
  return table;
}

SearchConfig search_config(const StartOptions& options, const StartPlan& plan, const SearchSpace& space,
                           std::int64_t training) {
  SearchConfig config;
  config.name = "start";
  config.seed = options.seed;
  config.threads = options.threads;
  config.space = space.config();
  config.data = images_of(options.images, plan.resolution);
  config.batch.size = plan.batch_size;
  config.batch.workers = 0;
  config.strategy.kind = "recompute";
  const double epochs =
      static_cast<double>(plan.search_steps * plan.batch_size) / static_cast<double>(training);
  config.schedule.warmup_epochs = epochs / 2;
  config.schedule.epochs = epochs / 2;
  config.schedule.skip_epochs = 0;
  config.schedule.warmup_lr = config.schedule.lr = options.pretrained.given() ? 0.03 : 0.1;
  config.schedule.architecture_every = 2;
  config.objective.metric = "latency_ms";
  config.objective.table = options.out + "/latency.json";
  config.objective.loss = "add_linear";
  config.objective.reference = options.latency_ms;
  config.objective.limits = {{"latency_ms", options.latency_ms}};
  config.pretrained = options.pretrained;
  return config;
}

train::ImageRunConfig train_config(const StartOptions& options, const StartPlan& plan) {
  train::ImageRunConfig config;
  config.name = "start";
  config.seed = options.seed;
  config.threads = options.threads;
  config.network.file = options.out + "/search/network.json";
  config.initial_weights = options.out + "/search/weights.safetensors";
  config.data = images_of(options.images, plan.resolution);
  config.batch.size = plan.batch_size;
  config.batch.workers = 0;
  config.batch.label_smoothing = 0.1;
  config.loop.steps = plan.train_steps;
  config.loop.schedule.lr_peak = 0.05;
  config.runs = options.out + "/runs.jsonl";
  return config;
}

}  // namespace

double read_latency(const std::string& text) {
  std::size_t end = 0;
  double value = 0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  std::string unit = text.substr(end);
  unit.erase(0, unit.find_first_not_of(' ') == std::string::npos ? unit.size() : unit.find_first_not_of(' '));
  const double in_ms = unit == "ms" || unit.empty()   ? 1
                       : unit == "s"                  ? 1000
                       : unit == "us" || unit == "µs" ? 1e-3
                                                      : 0;
  if (end == 0 || in_ms == 0 || !std::isfinite(value) || value <= 0) {
    throw UserError("--latency", fmt::format("'{}' is no time", text), "like 5ms, 800us or 1.5s");
  }
  return value * in_ms;
}

Ordered start(const StartOptions& options) {
  const report::RunClock clock;
  base::make_folder(options.out);
  const auto say = [&](const std::string& text) {
    if (!options.quiet) base::log_note("start", text);
  };
  const base::FolderLock lock(options.out);
  const StartPlan plan = plan_for(options);
  const SearchSpace space(space_of(options, plan), "start");
  const data::ImageSet training =
      data::open_split(images_of(options.images, plan.resolution), data::Split::train);
  say(fmt::format("{} classes, {} training images at {} pixels a side; a space of 10^{:.0f} networks",
                  plan.classes, training.size(), plan.resolution, space.log10_networks()));
  const LatencyTable table = table_for(options, space);
  say(fmt::format("search of {} steps, then a training of {}", plan.search_steps, plan.train_steps));
  const train::RunOptions search_run{options.out + "/search", true, options.quiet, "cpu"};
  const Ordered searched = run_search(search_config(options, plan, space, training.size()), search_run,
                                      options.out + "/plan.json");
  const train::RunOptions train_run{options.out + "/network", true, options.quiet, "cpu"};
  train::Communicator alone;
  const Ordered trained = train::run_images(train_config(options, plan), train_run, alone);

  const std::string network_file = options.out + "/network/network.json";
  const network::NetworkConfig network = network::load_network(network_file);
  base::write_text(options.out + "/network.onnx",
                   network::trained_onnx(network, options.out + "/network/weights.safetensors"));
  const Ordered& target = searched.at("targets").at(0);
  Ordered result = report::start_result(
      {"frugal.nas-search.start/1", "nas-search start", static_cast<std::uint64_t>(options.seed)},
      {{"images", options.images},
       {"latency_ms", options.latency_ms},
       {"runtime", options.runtime},
       {"minutes", options.minutes},
       {"threads", options.threads}});
  result["plan"] = to_json(plan);
  result["network"] = target.at("network");
  result["parameters"] = target.at("parameters");
  result["macs"] = target.at("macs");
  result["validation_error"] = trained.at("validation_error");
  result["latency_ms"] = {{"at_most", options.latency_ms}, {"predicted", target.at("latency_ms")}};
  result["classes"] = network.preprocessing ? network.preprocessing->classes : std::vector<std::string>();
  result["run"] = clock.describe(static_cast<int>(options.threads));
  if (const auto ms = measured_here(table, network)) result["run"]["measured_latency_ms"] = *ms;
  SearchReportFiles files;
  files.folder = options.out + "/search";
  files.trained = options.out + "/network/result.json";
  base::write_text(options.out + "/report.html", search_pages(files).front());
  report::write_result(options.out + "/start.json", result);
  return result;
}

}  // namespace frugal::search
