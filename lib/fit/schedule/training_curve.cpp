#include "fit/schedule/training_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "fit/runs/checkpoints.h"
#include "fit/runs/column_numbers.h"
#include "fit/runs/columns.h"
#include "fit/schedule/shape.h"

namespace frugal::fit {
namespace {

using base::UserError;

const RoleWords rate_words = {{"learning rate", "lr"},
                              {"min", "max", "peak", "final", "base", "initial", "warmup", "ratio", "scale",
                               "decay", "mult", "head", "step", "embedding"}};

constexpr const char* all_runs = "all";

std::optional<double> cell_number(const Table& table, const Table::Row& row, std::size_t column,
                                  bool zero_allowed, const char* what) {
  const Cell& cell = row.cells[column];
  if (cell.missing) return std::nullopt;
  const WrittenNumber read = read_number(cell.text);
  const bool fine = read.problem == WrittenNumber::Problem::none && std::isfinite(read.value) &&
                    (read.value > 0 || (zero_allowed && read.value == 0));
  if (!fine)
    throw UserError(fmt::format("{}: column '{}'", table.place(row), table.columns[column]),
                    fmt::format("the {} must be a number {} 0, got {}", what, zero_allowed ? ">=" : ">",
                                quoted(cell.text)));
  return read.value;
}

// The column that the config names, or the one that words find.
std::optional<std::size_t> column_of(const Table& table, const std::string& asked, const RoleWords& words,
                                     const std::string& what) {
  if (asked == "none") return std::nullopt;
  if (!asked.empty()) return named_column(table, asked, what);
  return column_by_words(table, words, true);
}

[[noreturn]] void refuse_missing(const Table& table, const std::string& what, const std::string& hint) {
  throw UserError(files_of(table), fmt::format("no column for the {}, which the annealing law needs", what),
                  hint);
}

// What tells files apart: their paths without the folders and the last parts that all share, so that
// "out/a/events.jsonl" beside "out/b/events.jsonl" is "a".
std::vector<std::string> names_of_files(const std::vector<std::string>& files) {
  if (files.size() < 2) return files;
  std::vector<std::vector<std::string>> parts;
  for (const std::string& file : files) {
    parts.emplace_back();
    for (const auto& part : std::filesystem::path(file)) parts.back().push_back(part.string());
  }
  const auto all_share = [&](const auto& part_of) {
    return std::all_of(parts.begin(), parts.end(), [&](const std::vector<std::string>& one) {
      return one.size() > 1 && part_of(one) == part_of(parts.front());
    });
  };
  while (all_share([](const auto& one) { return one.front(); }))
    for (auto& one : parts) one.erase(one.begin());
  while (all_share([](const auto& one) { return one.back(); }))
    for (auto& one : parts) one.pop_back();
  std::vector<std::string> names;
  for (const auto& one : parts) names.push_back(fmt::format("{}", fmt::join(one, "/")));
  return names;
}

// The lines of one run.
struct Lines {
  std::vector<Knot> rates;
  std::vector<double> steps, loss;
};

class Reader {
 public:
  Reader(const Table& table, const MeasurementConfig& measurements, const ScheduleConfig& config,
         const std::string& place)
      : table_(table),
        measurements_(measurements),
        config_(config),
        place_(place),
        files_(names_of_files(table.files)) {
    const auto step = column_of(table, config.step, step_words(), "schedule.step");
    if (!step) refuse_missing(table, "step", "--set schedule.step=NAME");
    step_ = *step;
    rate_ = column_of(table, config.learning_rate, rate_words, "schedule.learning_rate");
    if (!rate_ && config.given.empty())
      refuse_missing(table, "learning rate",
                     "--set schedule.learning_rate=NAME, or give the schedule in words: --set "
                     "schedule.given.all=cosine:peak=3e-4,warmup=500,steps=20000,final=3e-5");
    const std::string& loss = measurements.columns.asked(role::error);
    const int found = loss.empty() ? usual_column(table, find_role(role::error))
                                   : static_cast<int>(named_column(table, loss, "columns.error"));
    if (found < 0) refuse_missing(table, "loss", "--set columns.error=NAME");
    loss_ = static_cast<std::size_t>(found);
    if (measurements.metric == "rises" || direction_of(table.columns[loss_]) == Direction::rises)
      throw UserError(files_of(table),
                      fmt::format("'{}' rises: the annealing law is of a loss", table.columns[loss_]),
                      "--set columns.error=NAME of a loss");
    run_ = config.run.empty() ? column_by_words(table, run_words(), false)
           : config.run == "none"
               ? std::nullopt
               : std::optional<std::size_t>(named_column(table, config.run, "schedule.run"));
    for (const auto& [name, text] : measurements.where)
      where_.emplace_back(named_column(table, name, "where"), text);
    refuse_sizes();
  }

  TrainingCurves read() {
    for (const Table::Row& row : table_.rows) {
      if (wanted(row)) add(row);
    }
    TrainingCurves out;
    out.loss = table_.columns[loss_];
    out.notes = table_.notes;
    out.notes.push_back(
        fmt::format("columns: step = '{}', {}loss = '{}', runs by {}", table_.columns[step_],
                    rate_ ? fmt::format("learning rate = '{}', ", table_.columns[*rate_]) : "", out.loss,
                    run_ ? "'" + table_.columns[*run_] + "'" : std::string("file")));
    for (const std::string& name : order_) {
      if (lines_[name].steps.empty()) continue;
      out.curves.push_back(curve_of(name));
    }
    for (const auto& [name, text] : config_.given) {
      if (name != all_runs && std::find(order_.begin(), order_.end(), name) == order_.end())
        throw UserError(place_ + ":/schedule/given/" + name, fmt::format("no run '{}'", name),
                        base::suggest(name, order_));
    }
    if (out.curves.empty())
      throw UserError(files_of(table_), fmt::format("no row has a step and a loss ('{}')", out.loss),
                      "--set columns.error=NAME");
    return out;
  }

 private:
  bool wanted(const Table::Row& row) const {
    return std::all_of(where_.begin(), where_.end(),
                       [&](const auto& one) { return row.cells[one.first].text == one.second; });
  }

  void refuse_sizes() {
    const std::string& asked = measurements_.columns.asked(variable::size);
    if (asked == "none") return;
    const int size = asked.empty() ? usual_column(table_, find_role(variable::size))
                                   : static_cast<int>(named_column(table_, asked, "columns.size"));
    if (size < 0 || table_.rows.empty()) return;
    std::string first;
    for (const Table::Row& row : table_.rows) {
      const Cell& cell = row.cells[static_cast<std::size_t>(size)];
      if (!wanted(row) || cell.missing) continue;
      if (first.empty()) first = cell.text;
      const std::string& name = table_.columns[static_cast<std::size_t>(size)];
      if (cell.text != first)
        throw UserError(
            table_.place(row),
            fmt::format("runs of several sizes ('{}' {} and {}): the annealing law is of one size", name,
                        first, cell.text),
            fmt::format("--set where.{}={} fits one", name, first));
    }
  }

  void add(const Table::Row& row) {
    const auto step = cell_number(table_, row, step_, true, "step");
    if (!step) return;
    const std::string name = run_ ? row.cells[*run_].text : files_[row.file];
    if (lines_.find(name) == lines_.end()) order_.push_back(name);
    Lines& lines = lines_[name];
    if (rate_) {
      if (const auto rate = cell_number(table_, row, *rate_, true, "learning rate")) {
        if (lines.rates.empty() || *step > lines.rates.back().step)
          lines.rates.push_back({*step, *rate});
        else if (*step < lines.rates.back().step)
          refuse_order(row, name, *step, lines.rates.back().step);
      }
    }
    const auto loss = cell_number(table_, row, loss_, false, "loss");
    if (!loss || *step == 0) return;
    if (!lines.steps.empty() && *step <= lines.steps.back())
      refuse_order(row, name, *step, lines.steps.back());
    lines.steps.push_back(*step);
    lines.loss.push_back(*loss);
  }

  [[noreturn]] void refuse_order(const Table::Row& row, const std::string& name, double step,
                                 double before) const {
    throw UserError(fmt::format("{}: column '{}'", table_.place(row), table_.columns[step_]),
                    fmt::format("steps must rise within a run, but {:g} comes after {:g}{}", step, before,
                                name.empty() ? "" : " in '" + name + "'"),
                    run_
                        ? "sort the rows by step; is the right column the run's name? --set schedule.run=NAME"
                        : "a column that names the run: --set schedule.run=NAME");
  }

  TrainingCurve curve_of(const std::string& name) {
    Lines& lines = lines_[name];
    TrainingCurve curve;
    curve.name = name;
    const double end = lines.steps.back();
    auto given = config_.given.find(name);
    if (given == config_.given.end() && lines.rates.empty()) given = config_.given.find(all_runs);
    if (given != config_.given.end()) {
      const std::string at = place_ + ":/schedule/given/" + given->first;
      curve.rates = read_shape(given->second, at);
      if (curve.rates.end() < end)
        throw UserError(at, fmt::format("ends at step {:g}, but run '{}' has a loss at step {:g}",
                                        curve.rates.end(), name, end));
    } else {
      if (lines.rates.empty())
        throw UserError(
            files_of(table_), fmt::format("run '{}' has no learning rate", name),
            fmt::format("--set schedule.given.{}=cosine:peak=3e-4,warmup=500,steps=20000,final=3e-5", name));
      if (lines.rates.back().step < end) lines.rates.push_back({end, lines.rates.back().rate});
      curve.rates = Rates(lines.rates);
    }
    if (!(curve.rates.peak() > 0))
      throw UserError(files_of(table_), fmt::format("the learning rate of run '{}' is 0 in every row", name));
    curve.steps = std::move(lines.steps);
    curve.loss = std::move(lines.loss);
    return curve;
  }

  const Table& table_;
  const MeasurementConfig& measurements_;
  const ScheduleConfig& config_;
  std::string place_;
  std::vector<std::string> files_;  // as names of runs
  std::size_t step_ = 0, loss_ = 0;
  std::optional<std::size_t> rate_, run_;
  std::vector<std::pair<std::size_t, std::string>> where_;
  std::vector<std::string> order_;
  std::map<std::string, Lines> lines_;
};

}  // namespace

void ScheduleConfig::visit(config::Visitor& v) {
  v.field("step", step, "column of the steps; empty: by its name");
  v.field("learning_rate", learning_rate,
          "column of the learning rates; empty: by its name, none: there is none");
  v.field("run", run, "column that names the run; empty: by its name, else a file each, none: a file each");
  v.field("given", given,
          "schedules in words, by run or all, for example cosine:peak=3e-4,warmup=500,steps=20000,final=3e-5 "
          "(constant, "
          "cosine, linear, wsd)");
}

TrainingCurves read_training_curves(const Table& table, const MeasurementConfig& measurements,
                                    const ScheduleConfig& config, const std::string& place) {
  if (table.rows.empty())
    throw UserError(files_of(table), "has no rows", "a header line and a row a checkpoint");
  return Reader(table, measurements, config, place).read();
}

Rates read_rates(const Table& table) {
  const auto step = column_by_words(table, step_words(), true),
             rate = column_by_words(table, rate_words, true);
  if (!step || !rate)
    refuse_missing(table, step ? "learning rate" : "step", "name the columns step and learning_rate");
  std::vector<Knot> knots;
  for (const Table::Row& row : table.rows) {
    const auto at = cell_number(table, row, *step, true, "step"),
               value = cell_number(table, row, *rate, true, "learning rate");
    if (!at || !value) continue;
    if (!knots.empty() && *at <= knots.back().step)
      throw UserError(fmt::format("{}: column '{}'", table.place(row), table.columns[*step]),
                      fmt::format("steps must rise, but {:g} comes after {:g}", *at, knots.back().step));
    knots.push_back({*at, *value});
  }
  if (knots.empty()) throw UserError(files_of(table), "no row has a step and a learning rate");
  return Rates(std::move(knots));
}

}  // namespace frugal::fit
