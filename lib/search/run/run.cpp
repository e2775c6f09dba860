#include "search/run/run.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"
#include "base/stop.h"
#include "search/derive/k_best.h"
#include "train/images/classification.h"

namespace frugal::search {
namespace {

// A pass over a network twice forward and once backward is what an architecture step of the gradient strategy
// costs; counted in forward passes, that is four. Random search and evolution get as many.
constexpr std::int64_t forwards_of_an_architecture_step = 4;

data::LoaderConfig loader_config(const SearchTaskConfig& config, bool training) {
  train::BatchConfig batch = config.batch;
  if (!training) {
    batch.size = config.held_out_batch;
    batch.workers = std::min<std::int64_t>(batch.workers, 1);
  }
  const std::uint64_t seed = training ? config.seed : base::derive_seed(config.seed, "search/held-out");
  data::LoaderConfig loader = train::training_batches(
      batch, training ? config.augment : data::AugmentConfig(), seed, train::Communicator());
  loader.channels_last = true;
  return loader;
}

}  // namespace

void ScheduleConfig::visit(config::Visitor& v) {
  using config::at_least, config::greater_than;
  v.field("warmup_epochs", warmup_epochs, at_least(0), "weights alone, all paths equally likely");
  v.field("epochs", epochs, greater_than(0), "of weights and architecture, after the warm-up");
  v.field("warmup_lr", warmup_lr, greater_than(0), "of the weights, at the start of the warm-up");
  v.field("lr", lr, greater_than(0), "of the weights, at the start of the search");
  v.field("skip_epochs", skip_epochs, at_least(0), "of the search, before its first architecture step");
  v.field("architecture_every", architecture_every, at_least(1), "weight steps between architecture steps");
  v.field("architecture_steps", architecture_steps, at_least(1), "architecture steps each time");
}

Timetable::Timetable(const ScheduleConfig& config, std::int64_t per_epoch)
    : config_(config),
      per_epoch_(per_epoch),
      warm_up_(std::llround(config.warmup_epochs * static_cast<double>(per_epoch))),
      total_(warm_up_ +
             std::max<std::int64_t>(1, std::llround(config.epochs * static_cast<double>(per_epoch)))) {}

double Timetable::learning_rate(std::int64_t step) const {
  const bool warm = step < warm_up_;
  const double progress = warm
                              ? static_cast<double>(step) / static_cast<double>(warm_up_)
                              : static_cast<double>(step - warm_up_) / static_cast<double>(total_ - warm_up_);
  return 0.5 * (1 + std::cos(std::numbers::pi * progress)) * (warm ? config_.warmup_lr : config_.lr);
}

std::int64_t Timetable::architecture_at(std::int64_t step) const {
  // After weight step i of an epoch where (i + 1) is a multiple of `every`; before the next one is the same
  // place.
  const std::int64_t done = step - 1 - warm_up_;  // the search's weight step that this follows
  if (done < 0) return 0;
  const auto skipped = std::llround(config_.skip_epochs * static_cast<double>(per_epoch_));
  if (done < skipped) return 0;
  return (done % per_epoch_ + 1) % config_.architecture_every == 0 ? config_.architecture_steps : 0;
}

std::int64_t Timetable::architecture_before(std::int64_t step) const {
  std::int64_t count = 0;
  for (std::int64_t s = 0; s < step; ++s) count += architecture_at(s);
  return count;
}

SearchTask::SearchTask(Supernet& net, std::vector<std::unique_ptr<Strategy>> strategies,
                       const data::ImageSet& training, const data::ImageSet& held_out,
                       const SearchTaskConfig& config)
    : net_(net),
      strategies_(std::move(strategies)),
      held_out_(held_out),
      config_(config),
      loader_(training, loader_config(config, true)),
      held_out_loader_(held_out, loader_config(config, false)),
      timetable_(config.schedule, loader_.batches_per_epoch()) {
  FRUGAL_ASSERT(!strategies_.empty(), "a search has a target");
  net_.use_channels_last();
}

tensor::NamedTensors SearchTask::state() {
  tensor::NamedTensors state = tensor::state_of(net_);
  for (const auto& strategy : strategies_) {
    for (const auto& entry : strategy->state()) state.push_back(entry);
  }
  state.emplace_back("held_out_loss", held_out_loss_);
  return state;
}

void SearchTask::start(std::int64_t step) {
  loader_.start_epoch(step / steps_per_epoch(), step % steps_per_epoch());
  const std::int64_t taken =
      timetable_.architecture_before(step) * static_cast<std::int64_t>(strategies_.size());
  if (taken == held_out_taken_ && step > 0 && taken > 0)
    return;  // a new epoch of the same process: it runs on
  held_out_taken_ = taken;
  const std::int64_t per_pass = held_out_loader_.batches_per_epoch();
  held_out_loader_.start_epoch(taken / per_pass, taken % per_pass);
}

HeldOutBatch SearchTask::held_out_batch() {
  data::Batch batch;
  if (!held_out_loader_.next(batch)) {
    held_out_loader_.start_epoch(held_out_taken_ / held_out_loader_.batches_per_epoch());
    FRUGAL_ASSERT(held_out_loader_.next(batch), "an epoch has a batch");
  }
  ++held_out_taken_;
  return {batch.images.to(net_.device()), batch.labels.to(net_.device())};
}

void SearchTask::architecture_step(std::int64_t step, std::int64_t which) {
  net_.train();
  for (std::size_t t = 0; t < strategies_.size(); ++t) {
    base::Random random(config_.seed, fmt::format("search/architecture/{}/{}/{}", step, which, t));
    const double loss = strategies_[t]->architecture_step(held_out_batch(), random);
    if (!std::isfinite(loss)) {
      throw base::Failure(fmt::format("step {}: the loss on held-out images is not finite", step),
                          "the last checkpoint is kept; try a lower schedule.warmup_lr or schedule.lr");
    }
    held_out_loss_.fill_(loss);
  }
}

train::StepLoss SearchTask::loss(std::int64_t step) {
  for (std::int64_t i = 0; i < timetable_.architecture_at(step); ++i) architecture_step(step, i);
  net_.train();
  data::Batch batch;
  FRUGAL_ASSERT(loader_.next(batch), "a step past the end of the epoch");
  base::Random random(config_.seed, fmt::format("search/path/{}", step));
  const std::size_t turn = static_cast<std::size_t>(step) % strategies_.size();
  const torch::Tensor logits =
      strategies_[turn]->weight_logits(batch.images.to(net_.device()), step < timetable_.warm_up(), random);
  return {torch::cross_entropy_loss(logits, batch.labels.to(net_.device()), {}, at::Reduction::Mean, -100,
                                    config_.batch.label_smoothing),
          batch.global_size};
}

std::string SearchTask::describe(nlohmann::ordered_json& event) {
  std::string note;
  nlohmann::ordered_json targets = nlohmann::ordered_json::array();
  for (const auto& strategy : strategies_) {
    const auto p = strategy->architecture().probabilities();
    const double expected = strategy->objective().expected(p), entropy = strategy->architecture().entropy();
    const ObjectiveConfig& objective = strategy->objective().config();
    targets.push_back({{"name", objective.name},
                       {"expected", expected},
                       {"entropy", entropy},
                       {"most_probable", net_.space().text(most_probable(p))},
                       {"probabilities", p}});
    note += fmt::format(", E[{}] {:.4g}, entropy {:.3f}", objective.metric, expected, entropy);
  }
  event["held_out_loss"] = held_out_loss_.item<double>();
  event["targets"] = std::move(targets);
  return note;
}

std::vector<HeldOutBatch> SearchTask::first_held_out(std::int64_t count) const {
  data::Loader loader(held_out_, loader_config(config_, false));
  loader.start_epoch(0);
  std::vector<HeldOutBatch> kept;
  for (data::Batch batch; static_cast<std::int64_t>(kept.size()) != count && loader.next(batch);) {
    kept.push_back({batch.images.to(net_.device()), batch.labels.to(net_.device())});
  }
  return kept;
}

// With statistics of the batch: the averages of a block that paths share are those of no single path.
SearchTask::Judged SearchTask::judge(const Choice& choice, const std::vector<HeldOutBatch>& batches) {
  base::stop_if_requested();
  const torch::NoGradGuard no_grad;
  const Supernet::Frozen frozen(net_);
  net_.train();
  double wrong = 0, loss = 0, count = 0;
  for (const HeldOutBatch& batch : batches) {
    const torch::Tensor logits = net_.forward_path(batch.images, choice);
    const auto size = static_cast<double>(batch.labels.numel());
    wrong += logits.argmax(1).ne(batch.labels).sum().item<double>();
    loss += size * torch::cross_entropy_loss(logits, batch.labels).item<double>();
    count += size;
  }
  return {wrong / count, loss / count};
}

Choice SearchTask::conclude(const Strategy& strategy) {
  const std::int64_t rerank = strategy.config().rerank;
  Choice best = strategy.derived();
  if (rerank < 2) return best;
  const Objective& objective = strategy.objective();
  const auto batches = first_held_out(-1);
  const auto loss_of = [&](const Choice& choice) {
    return objective.loss(judge(choice, batches).cross_entropy, objective.costs().total(choice)).value;
  };
  double least = loss_of(best);
  for (const Choice& choice : k_most_probable(log_softmax(strategy.architecture().values()),
                                              objective.limits(), static_cast<std::size_t>(rerank))) {
    if (!objective.on_device().keeps(choice)) continue;
    const double loss = loss_of(choice);
    if (loss >= least) continue;
    least = loss;
    best = choice;
  }
  return best;
}

std::vector<Choice> SearchTask::conclude() {
  const std::int64_t steps = timetable_.architecture_before(timetable_.total());
  std::vector<Choice> choices;
  for (std::size_t t = 0; t < strategies_.size(); ++t) {
    const std::int64_t batches = strategies_[t]->config().score_batches;
    const std::int64_t evaluations =
        std::max<std::int64_t>(1, steps * forwards_of_an_architecture_step / batches);
    base::Random random(config_.seed, fmt::format("search/conclude/{}", t));
    const auto kept = first_held_out(batches);
    const auto error_of = [&](const Choice& choice) { return judge(choice, kept).error; };
    const std::optional<Choice> chosen = strategies_[t]->conclude(error_of, evaluations, random);
    choices.push_back(chosen ? *chosen : conclude(*strategies_[t]));
  }
  return choices;
}

}  // namespace frugal::search
