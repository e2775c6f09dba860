// The annealing law at the command line: `scalefit fit --set law=annealing` and `scalefit predict
// --schedule`. A fit file of it holds runs with their schedules, and no surface over scale; plan and compare
// refuse it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/command/fit_config.h"
#include "fit/command/predict.h"
#include "fit/schedule/annealing_fit.h"

namespace frugal::fit {

inline constexpr const char* annealing_law = "annealing";

// What `fit` found, and what is read back from its JSON.
struct ScheduleFit {
  AnnealingFit fit;
  std::string loss;                // the column's name
  std::vector<std::string> notes;  // of the data
  double coverage = 0.95;
};

// Errors: UserError for what is set and has no effect on this law.
void check_schedule_config(const FitConfig& config, const std::string& place);

// Errors: UserError.
ScheduleFit fit_schedule(const Table& table, const FitConfig& config, std::uint64_t seed,
                         const std::string& place);
void add_to_result(const ScheduleFit& fit, nlohmann::ordered_json& result);
std::string schedule_fit_answer(const ScheduleFit& fit);
std::string schedule_fit_page(const ScheduleFit& fit, std::uint64_t seed);

bool is_schedule_fit(const nlohmann::json& json);  // one that add_to_result filled
ScheduleFit read_schedule_fit(const nlohmann::json& json, const std::string& origin);

// A schedule to predict, and how it was written.
struct AskedSchedule {
  std::string text;
  Rates rates;
};
// text: as in schedule/shape.h, "continue:…" too. Errors: UserError.
AskedSchedule asked_schedule(const std::string& text, const AnnealingFit& fit);
AskedSchedule schedule_of_file(const std::string& path);

void predict_schedules(const ScheduleFit& fit, const std::vector<AskedSchedule>& asked,
                       const PredictConfig& config, nlohmann::ordered_json& result);
std::string schedule_predict_answer(const ScheduleFit& fit, const nlohmann::ordered_json& result);
std::string schedule_predict_page(const ScheduleFit& fit, const std::vector<AskedSchedule>& asked,
                                  const nlohmann::ordered_json& result);

}  // namespace frugal::fit
