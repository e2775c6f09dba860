#include "train/loop.h"

#include <fmt/format.h>
#include <torch/utils.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/ending.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/stop_watch.h"
#include "report/result.h"
#include "tensor/device.h"
#include "train/checkpoint.h"
#include "train/optimizer.h"
#include "train/parallel/gradient_sync.h"
#include "train/run/event_log.h"

namespace frugal::train {
namespace {

using base::Failure;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool all_finite(const tensor::NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.is_floating_point() && !std::isfinite(tensor.detach().sum().item<double>())) {
      if (!torch::isfinite(tensor.detach()).all().item<bool>()) return false;
    }
  }
  return true;
}

// What a step changes before the weights move: running averages of batch norm. Held while several processes
// are in it, so that one which loses the others can save what was before.
class BeforeStep {
 public:
  BeforeStep(Task& task, bool wanted) {
    if (!wanted) return;
    std::set<const void*> parameters;
    for (const auto& [name, tensor] : task.parameters()) parameters.insert(tensor.data_ptr());
    for (const auto& [name, tensor] : task.state()) {
      if (!parameters.contains(tensor.data_ptr())) held_.emplace_back(tensor, tensor.detach().clone());
    }
  }
  void restore() {
    const torch::NoGradGuard no_grad;
    for (auto& [tensor, before] : held_) tensor.copy_(before);
  }

 private:
  std::vector<std::pair<torch::Tensor, torch::Tensor>> held_;
};

class Loop {
 public:
  Loop(Task& task, const LoopConfig& config, const LoopPlace& place, Communicator& communicator)
      : task_(task),
        config_(config),
        place_(place),
        communicator_(communicator),
        optimizer_(config.optimizer, task.parameters()),
        gradients_(task.parameters(), communicator),
        per_epoch_(task.steps_per_epoch()),
        total_(total_steps(config, per_epoch_)),
        progress_(place.label, total_, place.quiet || !communicator.is_first()),
        events_(place.folder, communicator.is_first()) {
    if (config.ema_decay > 0) average_.emplace(config.ema_decay, task.state());
    state_.config_hash = place.config_hash;
    state_.seed = place.seed;
    state_.world = communicator.size();
    communicator.wait_at_most(config.peer_seconds);
  }

  LoopResult run() {
    std::optional<base::FinishFirst> to_the_checkpoint(std::in_place);
    begin();
    while (state_.step < total_) {
      BeforeStep before(task_, communicator_.size() > 1);
      unless_ended([&] { one_step(); }, [&] { before.restore(); });
      after_step();
    }
    check_weights();
    save();  // a run killed during the evaluation does not train again
    to_the_checkpoint.reset();
    return finish();
  }

 private:
  std::string checkpoint_path() const { return place_.folder + "/checkpoint.safetensors"; }

  tensor::NamedTensors everything() {
    tensor::NamedTensors all;
    for (const auto& [name, tensor] : task_.state()) all.emplace_back("model." + name, tensor);
    for (const auto& [name, tensor] : optimizer_.state()) all.emplace_back("optimizer." + name, tensor);
    if (average_) {
      for (const auto& entry : average_->state()) all.push_back(entry);
    }
    return all;
  }

  void begin() {
    if (place_.resume && !place_.folder.empty() && std::filesystem::exists(checkpoint_path())) {
      state_ = load_checkpoint(checkpoint_path(), state_, everything());
      saved_step_ = state_.step;
      if (!place_.quiet && communicator_.is_first()) {
        base::log_note(place_.label, fmt::format("goes on from step {} of {}", state_.step, total_));
      }
    }
    if (state_.step == 0 && !place_.initial_optimizer.empty()) start_optimizer();
    before_ = events_.begin(state_.step);
    started_ = logged_ = saved_ = Clock::now();
    if (evaluates_after(state_.step) && !evaluated()) evaluate_between();
    if (state_.step < total_) task_.start(state_.step);
  }

  // Runs `work`, of which nothing is done yet where a signal or the end of another process breaks it off:
  // then `undo` and a checkpoint to go on from.
  void unless_ended(const std::function<void()>& work, const std::function<void()>& undo) {
    const auto keep = [&] {
      undo();
      save();
    };
    try {
      work();
    } catch (const base::Interrupted&) {
      keep();
      throw;
    } catch (const base::PeerLost&) {
      keep();
      throw;
    } catch (const base::Silent&) {
      keep();
      throw;
    }
  }

  // As the first process's log has it: the others have none.
  bool evaluated() {
    double done = events_.evaluated(state_.step) ? 1 : 0;
    if (!communicator_.is_first()) done = 0;
    communicator_.sum(&done, 1);
    return done != 0;
  }

  void start_optimizer() {
    for (const auto& [name, tensor] : optimizer_.state()) {
      const auto found = std::find_if(place_.initial_optimizer.begin(), place_.initial_optimizer.end(),
                                      [&n = name](const auto& entry) { return entry.first == n; });
      FRUGAL_ASSERT(found != place_.initial_optimizer.end(), "no first state of " + name);
      torch::Tensor into = tensor;
      into.copy_(found->second);
    }
  }

  void one_step() {
    const std::int64_t step = state_.step;
    if (step > 0 && step % per_epoch_ == 0 && !at_start_) task_.start(step);
    at_start_ = false;
    // Whatever torch draws in this step (dropout) follows from (seed, step, process) alone.
    tensor::seed_torch(base::derive_seed(place_.seed, fmt::format("step/{}/{}", step, communicator_.rank())));
    const std::optional<double> own_rate = task_.learning_rate(step);
    learning_rate_ = own_rate ? *own_rate : learning_rate(config_.schedule, step, total_, per_epoch_);
    const StepLoss outcome = task_.loss(step);
    double loss = outcome.loss.item<double>();
    communicator_.sum(&loss, 1);
    if (!std::isfinite(loss)) stop_not_finite(step, "the loss is not finite");
    outcome.loss.backward();
    gradients_.finish();
    optimizer_.step(learning_rate_);
    if (average_) average_->update(step);
    ++state_.step;
    state_.examples_seen += outcome.examples;
    state_.epoch_loss += loss * static_cast<double>(outcome.examples);
    state_.epoch_examples += outcome.examples;
    loss_ = loss;
    examples_since_log_ += outcome.examples;
  }

  void after_step() {
    const bool epoch_ends = state_.step % per_epoch_ == 0 || state_.step == total_;
    if (epoch_ends) {
      state_.last_epoch_loss =
          state_.epoch_loss / static_cast<double>(std::max<std::int64_t>(1, state_.epoch_examples));
      state_.epoch_loss = 0;
      state_.epoch_examples = 0;
    }
    if (state_.step % config_.log_every == 0 || state_.step == total_) log_step();
    if (evaluates_after(state_.step)) {
      evaluate_between();
    }
    progress_.update(state_.step, fmt::format("loss {:.4f}{}", loss_, note_));
    if (const int signal_number = stop_of_any(); signal_number != 0 && state_.step < total_) {
      save();
      throw base::Interrupted(signal_number);
    }
    const bool by_step = config_.checkpoint_every > 0 && state_.step % config_.checkpoint_every == 0;
    // Only the first process writes, so that its clock may decide alone.
    const bool by_time =
        config_.checkpoint_seconds > 0 && seconds_since(saved_) >= config_.checkpoint_seconds;
    if (state_.step < total_ && (by_step || by_time)) save();
  }

  void save() {
    if (place_.folder.empty() || !communicator_.is_first()) return;
    if (state_.step != saved_step_) {
      if (!all_finite(task_.state())) stop_not_finite(state_.step, "a weight is not finite");
      save_checkpoint(checkpoint_path(), state_, everything());
      saved_step_ = state_.step;
    }
    saved_ = Clock::now();
  }

  [[noreturn]] void stop_not_finite(std::int64_t step, const std::string& what) {
    const std::string kept =
        saved_step_ > 0 ? fmt::format("the checkpoint of step {} is kept; ", saved_step_) : "";
    throw Failure(fmt::format("step {}: {}", step, what), kept + task_.calmer());
  }

  // All processes stop at the same step, with the signal that one of them had.
  int stop_of_any() {
    const int own = base::stop_signal();
    if (communicator_.size() == 1) return own;
    double stop[2] = {static_cast<double>(own), own != 0 ? 1.0 : 0.0};
    unless_ended([&] { communicator_.sum(stop, 2); }, [] {});
    return own != 0 || stop[1] == 0 ? own : static_cast<int>(stop[0] / stop[1]);
  }

  bool evaluates_after(std::int64_t step) const {
    return step % per_epoch_ == 0 && config_.evaluate_every > 0 && step > 0 && step < total_ &&
           step / per_epoch_ % config_.evaluate_every == 0;
  }

  // One that is broken off is made again by the run that goes on.
  void evaluate_between() {
    if (average_) average_->swap();
    const auto back = [&] {
      if (average_) average_->swap();
    };
    Metrics metrics;
    unless_ended([&] { metrics = task_.evaluate(); }, back);
    back();
    log_metrics(metrics);
  }

  double seconds() const { return before_ + seconds_since(started_); }

  void log_step() {
    const double elapsed = seconds_since(logged_);
    nlohmann::ordered_json event{
        {"step", state_.step},
        {"epoch", static_cast<double>(state_.step) / static_cast<double>(per_epoch_)},
        {"loss", loss_},
        {"lr", learning_rate_},
        {"samples_per_s", static_cast<double>(examples_since_log_) / std::max(1e-9, elapsed)},
        {"seconds", seconds()},
        {"peak_resident_bytes", report::peak_resident_bytes()}};
    note_ = task_.describe(event);
    events_.write(event);
    logged_ = Clock::now();
    examples_since_log_ = 0;
  }

  void log_metrics(const Metrics& metrics) {
    nlohmann::ordered_json line{{"step", state_.step}};
    for (const auto& [name, value] : metrics) line["eval_" + name] = value;
    line["seconds"] = seconds();
    events_.write(line);
    logged_ = Clock::now();  // evaluation is not training speed
  }

  void check_weights() {
    if (!all_finite(task_.state())) stop_not_finite(state_.step, "a weight is not finite");
  }

  LoopResult finish() {
    if (average_) average_->swap();
    LoopResult result;
    result.metrics = task_.evaluate();
    log_metrics(result.metrics);
    result.steps = state_.step;
    result.epochs = state_.step / per_epoch_;
    result.examples_seen = state_.examples_seen;
    result.train_loss = state_.last_epoch_loss;
    result.seconds = seconds();
    progress_.finish(fmt::format("loss {:.4f}", state_.last_epoch_loss));
    return result;
  }

  Task& task_;
  const LoopConfig& config_;
  const LoopPlace& place_;
  Communicator& communicator_;
  Optimizer optimizer_;
  GradientSync gradients_;
  std::optional<WeightAverage> average_;
  std::int64_t per_epoch_, total_;
  base::Progress progress_;
  EventLog events_;
  LoopState state_;
  bool at_start_ = true;
  std::int64_t saved_step_ = 0, examples_since_log_ = 0;
  double learning_rate_ = 0, loss_ = 0, before_ = 0;
  std::string note_;  // the task's own, as of the last line of the log
  Clock::time_point started_, logged_, saved_;
};

}  // namespace

void LoopConfig::visit(config::Visitor& v) {
  v.field("epochs", epochs, config::greater_than(0), "passes over the training examples");
  v.field("steps", steps, config::at_least(0), "steps instead of epochs, where > 0");
  v.object("schedule", schedule, "learning rate");
  v.object("optimizer", optimizer, "how gradients become updates");
  v.field("ema_decay", ema_decay, config::Range{0, 1, false, true},
          "moving average of the weights, which is what is evaluated and written; 0: none");
  v.field("evaluate_every", evaluate_every, config::at_least(0),
          "epochs between evaluations; 0: at the end only");
  v.field("log_every", log_every, config::at_least(1), "steps between lines of events.jsonl");
  v.field("checkpoint_every", checkpoint_every, config::at_least(0),
          "steps between checkpoints; 0: by time alone");
  v.field("checkpoint_seconds", checkpoint_seconds, config::at_least(0),
          "seconds between checkpoints; 0: none by time");
  v.field("peer_seconds", peer_seconds, config::greater_than(0),
          "of several processes: seconds that one waits for the others before it ends with a checkpoint");
}

std::int64_t total_steps(const LoopConfig& config, std::int64_t steps_per_epoch) {
  if (config.steps > 0) return config.steps;
  return std::max<std::int64_t>(1, std::llround(config.epochs * static_cast<double>(steps_per_epoch)));
}

LoopResult run_loop(Task& task, const LoopConfig& config, const LoopPlace& place,
                    Communicator& communicator) {
  return Loop(task, config, place, communicator).run();
}

}  // namespace frugal::train
