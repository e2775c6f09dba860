#include "grow/learn.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/ending.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "grow/learn_report.h"
#include "model/transformer/hf_model.h"
#include "tensor/device.h"
#include "train/device.h"
#include "train/loop.h"
#include "train/run/training_run.h"

namespace frugal::grow {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

constexpr const char* tool = "ligo-grow learn";
constexpr double least_move = 1e-3;  // relative; the paper's own command moves its factors by 2.4e-3 and less

class OperatorTask final : public train::Task {
 public:
  OperatorTask(const Ligo& ligo, train::Objective& objective, std::int64_t evaluate_steps)
      : ligo_(ligo), objective_(objective), evaluate_steps_(evaluate_steps) {}

  tensor::NamedTensors parameters() override { return ligo_.factors(); }
  tensor::NamedTensors state() override { return ligo_.factors(); }
  std::int64_t steps_per_epoch() const override {
    return evaluate_steps_ > 0 ? evaluate_steps_ : objective_.steps_per_epoch();
  }
  void start(std::int64_t step) override { objective_.start(step); }
  train::StepLoss loss(std::int64_t step) override {
    return {objective_.loss(ligo_.expand(), step, 0, 1, {}), objective_.batch_size()};
  }
  train::Metrics evaluate() override {
    const torch::NoGradGuard no_grad;
    return objective_.evaluate(ligo_.expand());
  }

 private:
  const Ligo& ligo_;
  train::Objective& objective_;
  std::int64_t evaluate_steps_;
};

// Short runs of a few rates, each from the same start; the one whose loss over the last third of its steps is
// lowest. A rate that ends in no finite loss is out.
double search_rate(const LearnConfig& config, const std::function<Ligo()>& make, train::Objective& objective,
                   train::Communicator& communicator, bool quiet) {
  double best = config.loop.schedule.lr_peak, best_loss = std::numeric_limits<double>::infinity();
  for (const double rate : config.search) {
    const Ligo ligo = make();
    OperatorTask task(ligo, objective, 0);
    train::LoopConfig loop = config.loop;
    loop.steps = config.search_steps;
    loop.schedule.kind = "constant";
    loop.schedule.warmup_steps = std::min<std::int64_t>(loop.schedule.warmup_steps, config.search_steps / 2);
    loop.schedule.lr_peak = rate;
    loop.evaluate_every = 0;
    train::LoopPlace place;
    place.seed = static_cast<std::uint64_t>(config.seed);
    place.quiet = true;
    try {
      const double loss = train::run_loop(task, loop, place, communicator).metrics.at("loss");
      if (!quiet && communicator.is_first()) {
        base::log_note(tool,
                       fmt::format("learning rate {:g}: loss {:.4f} after {} steps", rate, loss, loop.steps));
      }
      if (loss < best_loss) {
        best = rate;
        best_loss = loss;
      }
    } catch (const base::PeerLost&) {
      throw;
    } catch (const base::Failure&) {  // not finite
    }
  }
  return best;
}

// Fails loudly where nothing was learned.
void check_learned(double moved, double start_loss, double loss) {
  if (moved < least_move) {
    throw base::Failure(
        fmt::format("the operator did not move: its factors changed by {:.2g} of their size", moved),
        "raise loop.schedule.lr_peak, or shorten loop.schedule.warmup_steps");
  }
  if (!(loss < start_loss)) {
    throw base::Failure(
        fmt::format("nothing was learned: the loss went from {:.4f} to {:.4f}", start_loss, loss),
        "lower loop.schedule.lr_peak (search tries several), or give more steps");
  }
}

// What an operator is learned from: the small model's weights, and the sizes of the large one.
struct Sources {
  model::HfModel small;
  model::Weights weights;
  TransformerConfig target;

  Sources(const LearnConfig& config, torch::Device device)
      : small(config.model), weights(small.read_all().to(device)) {
    small.refuse_dropped(config.drop);
    target = target_of(small.config(), config.target);
    if (model::parameter_count(target) == model::parameter_count(small.config()))
      throw UserError("target", "is the source: there is nothing to grow");
  }
};

}  // namespace

LearnConfig::LearnConfig() {
  loop.steps = 100;
  loop.schedule.lr_peak = 3e-3;
  loop.schedule.lr_final_ratio = 0.1;
  loop.schedule.warmup_steps = 10;
  loop.optimizer.kind = "adamw";
  loop.optimizer.betas = {0.9, 0.98};
  loop.optimizer.weight_decay = 0;
  loop.optimizer.clip_norm = 1;
  loop.log_every = 10;
}

void LearnConfig::visit(config::Visitor& v) {
  v.field("model", model, "directory of the small model");
  v.field("drop", drop, "its tensors that the architecture has no place for and that may be left behind");
  v.object("target", target, "sizes of the large model");
  v.object("ligo", ligo, "the operator");
  objective.visit(v);
  v.field("seed", seed, config::at_least(0), "of batches and masks");
  v.field("threads", threads, config::between(0, 4096), "0: all cores");
  v.field("search", search, config::greater_than(0),
          "learning rates to try first; empty: loop.schedule.lr_peak");
  v.field("search_steps", search_steps, config::at_least(2), "steps of each try");
  v.field("evaluate_steps", evaluate_steps, config::at_least(0),
          "steps between evaluations; 0: at the end only");
  v.object("loop", loop, "length, learning rate, optimiser, checkpoints");
  v.field("runs", runs, "file that gets the run's line; empty: runs.jsonl beside the output folder");
}

Ordered learn(const LearnConfig& given, const train::RunOptions& given_options,
              train::Communicator& communicator) {
  LearnConfig config = given;
  communicator.wait_at_most(config.loop.peer_seconds);
  train::RunOptions options = given_options;
  const torch::Device device = train::take_device(options);
  nlohmann::json printed;
  config::print(given, printed);
  train::TrainingRun run(tool, "frugal.ligo-grow.learn/1", options, printed, config.runs, communicator);
  if (Ordered line = run.finished(); !line.is_null()) return line;
  const int threads = tensor::set_threads(static_cast<int>(config.threads));
  if (config.model.empty())
    throw UserError("model", "names no directory", "set model to the small model's directory");
  const base::MemoryUse memory(
      fmt::format("learning to grow on batches of {} examples", config.objective.batch.size),
      "make batch_size or the target smaller");
  const Sources from(config, device);
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const auto make = [&] { return Ligo(from.small.config(), from.target, from.weights, config.ligo, seed); };
  const Ligo ligo = make();
  const std::uint64_t batches = base::derive_seed(seed, "learn");  // not those that the source has met
  const auto objective_of = [&](const TransformerConfig& model) {
    return train::make_objective(config.objective, model, config.model, batches, communicator);
  };
  const auto objective = objective_of(from.target);
  const double source_loss = objective_of(from.small.config())->evaluate(from.weights).at("loss");
  OperatorTask task(ligo, *objective, config.evaluate_steps);
  const double start_loss = task.evaluate().at("loss");
  if (!config.search.empty()) {
    config.loop.schedule.lr_peak = search_rate(config, make, *objective, communicator, options.quiet);
  }
  if (config.evaluate_steps > 0) config.loop.evaluate_every = 1;
  const train::LoopResult result =
      train::run_loop(task, config.loop, run.place(config.seed, "learn"), communicator);
  const double loss = result.metrics.at("loss"), moved = ligo.moved();
  check_learned(moved, start_loss, loss);

  const double step = train::step_flops(from.target, *objective) + 3 * ligo.expand_flops();
  const auto searched = static_cast<std::int64_t>(config.search.size()) * config.search_steps;
  Ordered line{{"id", run.id()},
               {"name", "ligo"},
               {"hidden_size", from.target.hidden_size},
               {"layers", from.target.layers},
               {"parameters", ligo.parameter_count()},
               {"target_parameters", model::parameter_count(from.target)},
               {"steps", result.steps},
               {"lr_peak", config.loop.schedule.lr_peak},
               {"compute", step * static_cast<double>(result.steps + searched)},
               {"source_loss", source_loss},
               {"start_loss", start_loss},
               {"loss", loss},
               {"moved", moved},
               {"seed", config.seed}};
  if (communicator.is_first()) {
    const torch::NoGradGuard no_grad;
    model::write_hf(options.out, from.target, ligo.expand(), checkpoint::DType::f32, config.model);
    tensor::write_tensors(options.out + "/operator.safetensors", ligo.factors());
    write_learn_report(options.out, ligo, line);
  }
  run.finish(line, config.seed, threads, result.seconds);
  return line;
}

}  // namespace frugal::grow
