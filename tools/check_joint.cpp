// check-joint: a developer's check, no tool for users. One series a line on standard input,
// {"name", "size": […], "data": […], "y": […], "unique_data": […]?, "held": [0|1, …]?}; one result a line on
// standard output, then the totals. scripts/check-joint makes those lines from a table.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/run.h"
#include "fit/check_joint.h"

using namespace frugal;

namespace {

struct Flags {
  int seeds = 100;
  std::vector<std::string> laws{"chinchilla"};
};

nlohmann::ordered_json describe(const fit::SeriesCheck& check) {
  nlohmann::ordered_json line{{"name", check.name},
                              {"fitted", check.fitted},
                              {"held_out", check.held_out},
                              {"left_out", check.left_out}};
  for (const auto& c : check.convergence) {
    const fit::Certificate& certificate = c.best.certificate;
    line["convergence"].push_back({{"law", c.law},
                                   {"seeds", c.seeds},
                                   {"same_objective", c.agreeing},
                                   {"same_parameters", c.agreeing_parameters},
                                   {"objective", c.best.objective},
                                   {"parameters", c.best.theta},
                                   {"mu", c.best.mu},
                                   {"sigma", c.best.sigma},
                                   {"projected_gradient", certificate.projected_gradient},
                                   {"condition", certificate.condition},
                                   {"share_of_starts", certificate.share},
                                   {"at_bound", certificate.at_bound},
                                   {"unidentified", certificate.unidentified}});
  }
  if (!check.refusal.empty()) {
    line["refused"] = check.refusal;
  } else {
    line["log_rmse"] = check.log_rmse;
    line["covered"] = check.covered;
    line["mean_log_width"] = check.mean_log_width;
  }
  return line;
}

void check(const Flags& flags) {
  fit::CheckOptions options;
  options.seeds = flags.seeds;
  options.laws = flags.laws;
  double covered = 0, width = 0, rows = 0;
  std::string text;
  for (int number = 1; std::getline(std::cin, text); ++number) {
    if (text.empty()) continue;
    const std::string place = "standard input:" + std::to_string(number);
    std::string name;
    fit::Points points;
    std::vector<bool> held;
    try {
      const auto given = nlohmann::json::parse(text);
      given.at("name").get_to(name);
      given.at("y").get_to(points.y);
      for (const char* column : {"size", "data", "unique_data"})
        if (given.contains(column)) points.set_column(column, given.at(column).get<std::vector<double>>());
      if (given.contains("held"))
        for (const int one : given.at("held").get<std::vector<int>>()) held.push_back(one != 0);
    } catch (const nlohmann::json::exception& error) {
      throw base::UserError(place, error.what(),
                            "one object a line; scripts/check-joint FILE.csv writes them");
    }
    if (!held.empty() && held.size() != points.count())
      throw base::UserError(place, "held and y differ in length");
    fit::check_points(points, points.names, true);
    const fit::SeriesCheck result = fit::check_joint(name, points, held, options);
    std::cout << describe(result).dump() << std::endl;
    if (!result.refusal.empty()) continue;
    covered += result.covered;
    rows += double(result.held_out);
    width += result.mean_log_width * double(result.held_out);
  }
  if (rows > 0)
    std::cout << nlohmann::ordered_json{{"rows", rows},
                                        {"coverage", covered / rows},
                                        {"mean_log_width", width / rows}}
                     .dump()
              << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run_main(argc, argv, "check-joint", [](CLI::App& app) {
    auto flags = std::make_shared<Flags>();
    cli::set_up(app, "Fits surfaces over size and data from many seeds and judges held-out predictions",
                "  scripts/check-joint runs.csv --size params --data tokens --loss loss\n"
                "  scripts/check-joint --json runs.csv --size params --data tokens --loss loss | tail -1");
    app.add_option("--seeds", flags->seeds, "Fits of each law from different seeds")
        ->check(CLI::Range(1, 100000));
    app.add_option("--law", flags->laws, "Laws whose convergence is counted");
    app.final_callback([flags] { check(*flags); });
  });
}
