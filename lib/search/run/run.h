// The search as a Task of the shared training loop (train/loop.h), which gives it schedules, checkpoints,
// resume and the log: each step trains weights on a training batch, and where one is due an architecture step
// on a held-out batch comes before it. A step follows from (seed, step) and the checkpoint's tensors alone,
// so a search that was killed, in the warm-up too, ends in the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batches/loader.h"
#include "data/images/dataset.h"
#include "search/strategy/strategy.h"
#include "train/batch_config.h"
#include "train/task.h"

namespace frugal::search {

// The program's defaults for ImageNet; the presets in configs/search/ shorten them.
struct ScheduleConfig {
  double warmup_epochs = 40, epochs = 120;
  double warmup_lr = 0.05, lr = 0.025;  // each falls by a cosine, a batch at a time
  double skip_epochs = 1;               // of the search, before its first architecture step
  std::int64_t architecture_every = 5;  // weight steps
  std::int64_t architecture_steps = 1;  // each time

  void visit(config::Visitor& v);
};

// Which steps do what. per_epoch: weight steps an epoch.
class Timetable {
 public:
  Timetable(const ScheduleConfig& config, std::int64_t per_epoch);

  std::int64_t warm_up() const { return warm_up_; }
  std::int64_t total() const { return total_; }
  double learning_rate(std::int64_t step) const;
  // Architecture steps that come just before a weight step; and all those before it.
  std::int64_t architecture_at(std::int64_t step) const;
  std::int64_t architecture_before(std::int64_t step) const;

 private:
  ScheduleConfig config_;
  std::int64_t per_epoch_, warm_up_, total_;
};

struct SearchTaskConfig {
  train::BatchConfig batch{.label_smoothing = 0.1};
  std::int64_t held_out_batch = 64;
  std::uint64_t seed = 0;
  data::AugmentConfig augment;
  ScheduleConfig schedule;
};

class SearchTask final : public train::Task {
 public:
  // One strategy a target device; weight steps take turns among them, and each makes every architecture step.
  SearchTask(Supernet& net, std::vector<std::unique_ptr<Strategy>> strategies, const data::ImageSet& training,
             const data::ImageSet& held_out, const SearchTaskConfig& config);

  tensor::NamedTensors parameters() override { return net_.weights(); }
  tensor::NamedTensors state() override;
  std::int64_t steps_per_epoch() const override { return loader_.batches_per_epoch(); }
  void start(std::int64_t step) override;
  train::StepLoss loss(std::int64_t step) override;
  std::optional<double> learning_rate(std::int64_t step) const override {
    return timetable_.learning_rate(step);
  }
  std::string calmer() const override {
    return "try a lower schedule.warmup_lr or schedule.lr, or optimizer.clip_norm";
  }
  std::string describe(nlohmann::ordered_json& event) override;

  const Timetable& timetable() const { return timetable_; }
  const std::vector<std::unique_ptr<Strategy>>& strategies() const { return strategies_; }

  // What random search and evolution choose, else what α says, tried once more where strategy.rerank asks for
  // it; by target.
  std::vector<Choice> conclude();

 private:
  void architecture_step(std::int64_t step, std::int64_t which);
  HeldOutBatch held_out_batch();
  std::vector<HeldOutBatch> first_held_out(std::int64_t count) const;  // the same ones each time; -1: all
  struct Judged {
    double error, cross_entropy;
  };
  Judged judge(const Choice& choice, const std::vector<HeldOutBatch>& batches);
  Choice conclude(const Strategy& strategy);

  Supernet& net_;
  std::vector<std::unique_ptr<Strategy>> strategies_;
  const data::ImageSet& held_out_;
  SearchTaskConfig config_;
  data::Loader loader_, held_out_loader_;
  Timetable timetable_;
  std::int64_t held_out_taken_ = 0;  // held-out batches so far
  torch::Tensor held_out_loss_ =
      torch::zeros({}, torch::kFloat64);  // of the last architecture step; in checkpoints
};

}  // namespace frugal::search
