#include "train/run/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace frugal::train {

void ScheduleConfig::visit(config::Visitor& v) {
  v.choice("kind", kind, {"cosine", "step", "constant"}, "how the learning rate falls after the warm-up");
  v.field("lr_peak", lr_peak, config::greater_than(0), "highest learning rate");
  v.field("lr_final_ratio", lr_final_ratio, config::fraction(), "cosine: last learning rate over lr_peak");
  v.field("warmup_epochs", warmup_epochs, config::at_least(0), "epochs of linear warm-up");
  v.field("warmup_steps", warmup_steps, config::at_least(0),
          "steps of linear warm-up; 0: warmup_epochs says");
  v.field("milestones", milestones, config::between_open(0, 1),
          "step: shares of all steps at which the rate is multiplied by gamma");
  v.field("gamma", gamma, config::greater_than(0), "step: factor at each milestone");
}

double learning_rate(const ScheduleConfig& config, std::int64_t step, std::int64_t total_steps,
                     std::int64_t steps_per_epoch) {
  const double warmup = config.warmup_steps > 0
                            ? static_cast<double>(config.warmup_steps)
                            : std::round(config.warmup_epochs * static_cast<double>(steps_per_epoch));
  const auto at = static_cast<double>(step);
  if (at < warmup) return config.lr_peak * (at + 1) / warmup;
  const auto total = static_cast<double>(total_steps);
  if (config.kind == "constant") return config.lr_peak;
  if (config.kind == "step") {
    const auto passed = std::count_if(config.milestones.begin(), config.milestones.end(),
                                      [&](double share) { return at >= share * total; });
    return config.lr_peak * std::pow(config.gamma, static_cast<double>(passed));
  }
  const double progress = (at - warmup) / std::max(1.0, total - warmup);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, progress)));
  return config.lr_peak * (config.lr_final_ratio + (1 - config.lr_final_ratio) * cosine);
}

}  // namespace frugal::train
