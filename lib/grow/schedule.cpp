#include "grow/schedule.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "grow/expand.h"
#include "model/transformer/hf_model.h"
#include "report/result.h"
#include "train/transformers/moments.h"

namespace frugal::grow {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

// A fixed operator has no run of its own: its folder says by this file that it is whole, and of what.
constexpr const char* done_file = "grown.json";

void grow_fixed(const GrowthStep& step, const TargetConfig& target, std::uint64_t seed,
                const std::string& from, const std::string& to, bool quiet) {
  nlohmann::json printed;
  config::print(step, printed);
  nlohmann::json sizes;
  config::print(target, sizes);
  const nlohmann::json made{{"growth", printed}, {"target", sizes}, {"seed", seed}, {"source", from}};
  const std::string done = to + "/" + done_file;
  if (std::filesystem::exists(done)) {
    if (nlohmann::json::parse(base::read_text(done), nullptr, false) == made) return;
    throw UserError(to, "holds a model that was grown otherwise", "give another --out");
  }
  const model::HfModel source(from);
  source.refuse_dropped({});
  const PlannedGrowth growth(make_plan(source.config(), target_of(source.config(), target), step.plan, seed));
  base::make_folder(to);
  ExpandOptions expand;
  expand.quiet = quiet;
  expand_directory(source, growth, to, expand);
  if (step.optimizer) {
    const train::Moments old = train::read_moments(from, source.config());
    train::write_moments(to, {grow_moments(growth, old.first, Kind::first_moment),
                              grow_moments(growth, old.second, Kind::second_moment), old.updates});
  }
  base::write_text(done, made.dump() + "\n");
}

}  // namespace

void GrowthStep::visit(config::Visitor& v) {
  v.choice("method", method, {"plan", "ligo"}, "plan: the fixed operator of `plan`; ligo: learned");
  v.object("plan", plan, "fixed operator");
  v.object("ligo", ligo, "learned operator");
  v.field("ligo_steps", ligo_steps, config::at_least(1), "steps in which it is learned");
  v.field("ligo_lr", ligo_lr, config::greater_than(0), "its learning rate");
  v.field("optimizer", optimizer, "plan: Adam's moments grow along (the small run needs keep_optimizer)");
}

std::string GrowthStep::label() const {
  if (method == "ligo") return "ligo";
  return plan.width + "+" + plan.depth + (plan.noise > 0 ? "+noise" : "") + (optimizer ? "+moments" : "");
}

double grow_directory(const GrowthStep& step, const TargetConfig& target,
                      const train::TransformerRunConfig& train, const std::string& from,
                      const std::string& to, const train::RunOptions& options,
                      train::Communicator& communicator) {
  if (step.method == "plan") {
    if (communicator.is_first())
      grow_fixed(step, target, static_cast<std::uint64_t>(train.seed), from, to, options.quiet);
    communicator.barrier();
    return 0;
  }
  LearnConfig learned;
  learned.model = from;
  learned.target = target;
  learned.ligo = step.ligo;
  learned.objective = train.objective;
  learned.seed = train.seed;
  learned.threads = train.threads;
  learned.loop.steps = step.ligo_steps;
  learned.loop.schedule.lr_peak = step.ligo_lr;
  learned.loop.schedule.warmup_steps = std::min<std::int64_t>(10, step.ligo_steps / 4);
  learned.runs = to + "/line.jsonl";
  train::RunOptions place = options;
  place.out = to;
  return learn(learned, place, communicator).at("compute").get<double>();
}

void Stage::visit(config::Visitor& v) {
  v.object("target", target, "sizes to grow to before this stage (not in the first)");
  v.object("growth", growth, "how it grows to them");
  v.field("steps", steps, config::at_least(1), "training steps of this stage");
  v.field("lr_peak", lr_peak, config::at_least(0), "0: as loop.schedule says");
  v.field("warmup_steps", warmup_steps, config::at_least(-1), "-1: as loop.schedule says");
}

void StagedConfig::visit(config::Visitor& v) {
  train.visit(v);
  v.list("stages", stages, "train, grow, go on: one entry a stage; empty: plain training");
}

Ordered run_staged(const StagedConfig& config, const train::RunOptions& options,
                   train::Communicator& communicator) {
  if (config.stages.empty()) return train::run_transformer(config.train, options, communicator);
  // The whole is locked by process 0, as a run's folder is (train/run/run_folder.h); each stage locks its own
  // besides.
  std::optional<base::FolderLock> lock;
  communicator.wait_at_most(config.train.loop.peer_seconds);
  if (communicator.is_first()) lock.emplace(options.out);
  communicator.barrier();
  double compute = 0;
  Ordered lines = Ordered::array();
  std::string model = config.train.model.path;
  for (std::size_t i = 0; i < config.stages.size(); ++i) {
    const Stage& stage = config.stages[i];
    train::TransformerRunConfig run = config.train;
    run.name = fmt::format("{}stage-{}", config.train.name.empty() ? "" : config.train.name + "/", i);
    run.data_stream = config.train.data_stream + static_cast<std::int64_t>(i);
    run.loop.steps = stage.steps;
    if (stage.lr_peak > 0) run.loop.schedule.lr_peak = stage.lr_peak;
    if (stage.warmup_steps >= 0) run.loop.schedule.warmup_steps = stage.warmup_steps;
    // The next stage may want the moments.
    run.keep_optimizer |= i + 1 < config.stages.size() && config.stages[i + 1].growth.optimizer;
    if (i > 0) {
      const std::string grown = fmt::format("{}/grown-{}", options.out, i);
      compute += grow_directory(stage.growth, stage.target, run, model, grown, options, communicator);
      run.model.path = grown;
      run.start_optimizer = stage.growth.optimizer;
    }
    run.runs = options.out + "/runs.jsonl";
    train::RunOptions place = options;
    place.out = fmt::format("{}/stage-{}", options.out, i);
    place.resume = true;  // of a folder of ours; the whole is refused below where it is another run's
    Ordered line = train::run_transformer(run, place, communicator);
    compute += line.at("compute").get<double>();
    line.erase("run");
    lines.push_back(line);
    model = place.out;
  }
  nlohmann::json printed;
  config::print(config, printed);
  Ordered result = report::start_result(
      {"frugal.ligo-grow.train-staged/1", "ligo-grow train", static_cast<std::uint64_t>(config.train.seed)},
      printed);
  result["model"] = model;
  result["loss"] = lines.back().at("loss");
  result["compute"] = compute;
  result["stages"] = lines;
  if (communicator.is_first()) report::write_result(options.out + "/result.json", result);
  return result;
}

}  // namespace frugal::grow
