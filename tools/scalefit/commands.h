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
#include "base/given_path.h"
#include "base/progress.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "fit/command/answer.h"
#include "fit/command/decision.h"
#include "fit/command/prepare.h"
#include "report/result.h"

namespace frugal::scalefit {

void add_fit(CLI::App& app);
void add_predict(CLI::App& app);
void add_plan(CLI::App& app);
void add_compare(CLI::App& app);
void add_design(CLI::App& app);
void add_measure(CLI::App& app);
void add_validate(CLI::App& app);

// What `scalefit fit` printed, as JSON with the name of where it came from.
struct FitFile {
  explicit FitFile(const std::string& path)
      : origin(path == "-" ? "standard input" : path), json(config::parse(base::read_text(path), origin)) {}
  std::string origin;
  nlohmann::json json;
};

inline fit::ReadFit read_fit_file(const FitFile& file, const std::string& group) {
  fit::ReadFit fit = fit::read_fit(file.json, file.origin, group);
  if (!fit.surface->note.empty()) base::log_note("scalefit", file.origin + ": " + fit.surface->note);
  return fit;
}
inline fit::ReadFit read_fit_file(const std::string& path, const std::string& group) {
  return read_fit_file(FitFile(path), group);
}

// A positional that ends in .json is the config unless it holds runs; anything else is data.
inline std::vector<std::string> split_positionals(const std::vector<std::string>& given,
                                                  cli::CommonFlags& flags) {
  std::vector<std::string> data;
  for (const std::string& one : given) {
    if (!one.ends_with(".json") || fit::holds_runs(base::read_text(one))) {
      data.push_back(one);
    } else if (flags.config.empty()) {
      flags.config = one;
    } else {
      throw base::UserError(one, "a second config; the first is " + flags.config,
                            "data ends in .csv or .jsonl, or is a list of runs");
    }
  }
  return data;
}

inline fit::Table read_data(const std::vector<std::string>& data) {
  if (data.empty()) throw base::UserError("", "no data", "give CSV or JSONL files, or - for standard input");
  return fit::read_tables(data);
}

inline fit::Measurements read_measurements(const std::vector<std::string>& data, const fit::FitConfig& config,
                                           const std::string& origin, fit::Pooling pooling) {
  return fit::prepare_measurements(read_data(data), config, origin, pooling);
}

// --json: JSON also where standard output is a terminal, where a person reads a short answer otherwise.
struct Answer {
  bool json = false;
  void add_option(CLI::App& command) {
    command.add_flag("--json", json, "JSON also at a terminal, where a short answer stands otherwise");
  }
  bool for_people(const cli::CommonFlags& flags) const { return cli::for_people(json, flags.out); }
  // text: makes the answer.
  template <class Text>
  void write(const cli::CommonFlags& flags, const nlohmann::ordered_json& result, const Text& text) const {
    if (for_people(flags))
      base::write_text("-", text());
    else
      report::write_result(base::given_path(flags.out), result);
  }
};

// --html, for the subcommands that have a page for people.
inline void add_html_option(CLI::App& command, std::string& path) {
  command.add_option("--html", path, "Report for people: one HTML file that needs no network");
}

}  // namespace frugal::scalefit
