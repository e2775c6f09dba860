// check-curves: a developer's check, no tool for users. One curve a line on standard input,
// {"name", "x": […], "y": […], "held_x": […], "held_y": […]}; one result a line on standard output, then the
// summary. scripts/check-curves makes those lines from a table.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/run.h"
#include "fit/check_curves.h"

using namespace frugal;

namespace {

std::vector<fit::CurveCase> read_cases(std::istream& in) {
  std::vector<fit::CurveCase> cases;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const std::string place = "standard input:" + std::to_string(number);
    try {
      const auto given = nlohmann::json::parse(line);
      fit::CurveCase one;
      given.at("name").get_to(one.name);
      given.at("x").get_to(one.x);
      given.at("y").get_to(one.y);
      given.at("held_x").get_to(one.held_x);
      given.at("held_y").get_to(one.held_y);
      if (one.x.size() != one.y.size() || one.held_x.size() != one.held_y.size())
        throw base::UserError(place, "x and y differ in length");
      cases.push_back(std::move(one));
    } catch (const nlohmann::json::exception& error) {
      throw base::UserError(place, error.what(),
                            "one object a line; scripts/check-curves FILE.csv writes them");
    }
  }
  return cases;
}

void check() {
  const fit::CurveReport report = fit::check_curves(read_cases(std::cin));
  for (const fit::CurveCheck& curve : report.curves) {
    nlohmann::ordered_json line{{"name", curve.name},
                                {"fitted", curve.fitted},
                                {"held_out", curve.held_out},
                                {"dropped", curve.dropped}};
    if (!curve.refused.empty()) {
      line["refused"] = curve.refused;
    } else {
      line["covered"] = curve.covered;
      for (const fit::CurveFigure& figure : curve.figures) line["rmse"][figure.form] = figure.rmse;
    }
    std::cout << line.dump() << '\n';
  }
  nlohmann::ordered_json summary{{"summary", nlohmann::ordered_json::object()}, {"covered", report.covered}};
  for (const fit::CurveSummary& s : report.summary)
    summary["summary"][s.form] = {
        {"curves", s.curves}, {"mean", s.mean}, {"median", s.median}, {"worst", s.worst}};
  std::cout << summary.dump() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run_main(argc, argv, "check-curves", [](CLI::App& app) {
    cli::set_up(app, "Extrapolates learning curves and judges the predictions",
                "  scripts/check-curves curves.csv\n  scripts/check-curves --json curves.csv | tail -1");
    app.final_callback(check);
  });
}
