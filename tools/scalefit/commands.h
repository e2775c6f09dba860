// What the subcommands of scalefit share: one function each declares its flags and binds its work.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/run.h"
#include "config/config.h"
#include "fit/command/read_fit.h"
#include "fit/runs/measurements.h"
#include "report/result.h"

namespace frugal::scalefit {

void add_fit(CLI::App& app);
void add_predict(CLI::App& app);
void add_plan(CLI::App& app);
void add_compare(CLI::App& app);
void add_design(CLI::App& app);
void add_measure(CLI::App& app);
void add_validate(CLI::App& app);

// What every subcommand does first: read the config, or print it and stop.
template <class Config>
bool load_config(const cli::CommonFlags& flags, Config& config, config::Source& source,
                 nlohmann::json& effective) {
  source = config::load(flags.config, flags.settings);
  config::read(config, source);
  config::print(config, effective);
  if (flags.print_config) base::write_text("-", config::to_text(effective));
  return !flags.print_config;
}

inline fit::ReadFit read_fit_file(const std::string& path, const std::string& group) {
  const std::string origin = path == "-" ? "standard input" : path;
  return fit::read_fit(config::parse(base::read_text(path), origin), origin, group);
}

// A positional that ends in .json is the config, anything else is data.
inline std::vector<std::string> split_positionals(const std::vector<std::string>& given,
                                                  cli::CommonFlags& flags) {
  std::vector<std::string> data;
  for (const std::string& one : given) {
    if (!one.ends_with(".json")) {
      data.push_back(one);
    } else if (flags.config.empty()) {
      flags.config = one;
    } else {
      throw base::UserError(one, "a second config; the first is " + flags.config,
                            "data ends in .csv or .jsonl");
    }
  }
  return data;
}

// The opening of `fit` and `validate`: the config, and the files that it or the command line names. `data` is
// the config's own list.
template <class Config>
bool load_with_data(const std::vector<std::string>& positionals, cli::CommonFlags& flags, Config& config,
                    std::vector<std::string>& data, config::Source& source, nlohmann::json& effective) {
  const std::vector<std::string> given = split_positionals(positionals, flags);
  if (!load_config(flags, config, source, effective)) return false;
  if (!given.empty()) data = given;
  config::print(config, effective);
  return true;
}

inline fit::Measurements read_measurements(const std::vector<std::string>& data,
                                           const fit::MeasurementConfig& config) {
  if (data.empty()) throw base::UserError("", "no data", "give CSV or JSONL files, or - for standard input");
  return fit::to_measurements(fit::read_tables(data), config);
}

// --html, for the subcommands that have a page for people.
inline void add_html_option(CLI::App& command, std::string& path) {
  command.add_option("--html", path, "Report for people: one HTML file that needs no network");
}

}  // namespace frugal::scalefit
