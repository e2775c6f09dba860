// The short answers at a terminal.
#include "fit/command/answer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/command/fit_config.h"
#include "fit/command/prepare.h"
#include "fit/command/run_fit.h"
#include "fit/runs/table.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("going on is worth it where it is likely, the borders included") {
  fit::Table table;
  std::string text = "size,data,loss\n";
  for (const double size : {1e6, 4e6, 16e6, 64e6})
    for (const double data : {1e8, 4e8, 16e8, 64e8})
      text += fmt::format("{},{},{}\n", size, data,
                          1.7 + 400 / std::pow(size, 0.34) + 410 / std::pow(data, 0.28));
  fit::append_text(table, text, "runs.csv");
  fit::FitConfig config;
  config.law = "chinchilla";
  config.draws = 20;
  const auto fitted = fit::run_fit(fit::prepare_measurements(table, config, "config"), config, 0, "config");
  const auto said = [&](double probability) {
    const nlohmann::ordered_json going_on = {{"factor", 10.0},
                                             {"error_now", 2.1},
                                             {"next", {{"data", 1.6e8}}},
                                             {"required", 0.02},
                                             {"probability", probability},
                                             {"error_next", {{"value", 1.9}, {"low", 1.8}, {"high", 2.0}}}};
    const std::string line =
        fit::first_line(fit::plan_answer(*fitted.series[0].surface, {{"going_on", going_on}}));
    return line.substr(0, line.find('.'));
  };
  CHECK(said(0.81) == "Worth going on: yes");
  CHECK(said(0.8) == "Worth going on: yes");
  CHECK(said(0.79) == "Worth going on: uncertain");
  CHECK(said(0.21) == "Worth going on: uncertain");
  CHECK(said(0.2) == "Worth going on: no");
  CHECK(said(0) == "Worth going on: no");
}
