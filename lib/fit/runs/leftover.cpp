#include "fit/runs/leftover.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "fit/runs/repeats.h"

namespace frugal::fit {
namespace {

// Of a column's name, as words of column_name.h.
const RoleWords naming_words = {
    {"id",        "uuid",      "hash",    "seed",    "index",    "idx",     "unnamed",  "date",    "time",
     "timestamp", "created",   "updated", "started", "ended",    "host",    "hostname", "user",    "state",
     "status",    "path",      "folder",  "file",    "filename", "url",     "commit",   "version", "note",
     "tag",       "gpu",       "device",  "runtime", "duration", "wall",    "second",   "hour",    "row",
     "trial",     "replicate", "repeat",  "thread",  "process",  "relative"},
    {}};
const RoleWords outcome_words = {
    {"loss",   "losse", "error",      "err", "acc",       "accuracy", "perplexity", "ppl",    "bpb",
     "f1",     "score", "auc",        "em",  "bleu",      "rouge",    "norm",       "stderr", "std",
     "memory", "byte",  "throughput", "mfu", "predicted", "residual", "match",      "nll",    "entropy",
     "peak",   "tflop", "speed",      "s",   "latency",   "pass",     "flop"},
    {"weight", "smoothing"}};
const RoleWords setting_words = {
    {"lr",      "learning rate", "wd",         "decay",      "batch",  "bs",      "warmup",
     "dropout", "momentum",      "beta",       "beta1",      "beta2",  "eps",     "epoch",
     "depth",   "width",         "layer",      "head",       "aspect", "expert",  "rank",
     "alpha",   "gamma",         "lambda",     "init",       "clip",   "bit",     "temperature",
     "hidden",  "step",          "multiplier", "repetition", "share",  "fraction"},
    {}};
const RoleWords experiment_words = {
    {"experiment", "exp",       "family",    "arch",      "architecture", "dataset",  "corpus",
     "task",       "benchmark", "optimizer", "optimiser", "recipe",       "mix",      "mixture",
     "domain",     "language",  "tokenizer", "kind",      "variant",      "method",   "setup",
     "sweep",      "objective", "schedule",  "precision", "activation",   "norm type"},
    {}};

// Of the runs: which text of a column each has, as numbers from 0.
std::vector<std::size_t> intern(const Table& table, const Measurements& m, std::size_t column,
                                std::size_t& count) {
  std::unordered_map<std::string, std::size_t> known;
  std::vector<std::size_t> out;
  for (const std::size_t row : m.rows) {
    const Cell& cell = table.rows[row].cells[column];
    out.push_back(known.try_emplace(cell.missing ? std::string() : cell.text, known.size()).first->second);
  }
  count = known.size();
  return out;
}

std::vector<std::size_t> intern(std::span<const double> values) {
  std::map<double, std::size_t> known;
  std::vector<std::size_t> out;
  for (const double value : values) out.push_back(known.try_emplace(value, known.size()).first->second);
  return out;
}

// Whether the first has one value wherever the second has one.
bool is_function(const std::vector<std::size_t>& of, const std::vector<std::size_t>& by) {
  std::unordered_map<std::size_t, std::size_t> seen;
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (seen.try_emplace(by[i], of[i]).first->second != of[i]) return false;
  }
  return true;
}

std::size_t count_of(const std::vector<std::size_t>& values) {
  return std::set<std::size_t>(values.begin(), values.end()).size();
}

class Sorter {
 public:
  Sorter(const Table& table, const Measurements& m) : table_(table), m_(m), cell_(find_repeats(m.runs).cell) {
    for (const char* name : {variable::size, variable::data, variable::compute}) {
      if (m.runs.has(name)) scales_.push_back(intern(m.runs.column(name)));
    }
    cells_ = count_of(cell_);
    present_.resize(table.columns.size());
    for (const std::size_t row : m.rows) {
      for (const RowCells::Entry& entry : table.rows[row].cells.entries()) ++present_[entry.column];
    }
  }

  Leftover sort(std::size_t column) const {
    Leftover out;
    out.column = column;
    // What one run of several says tells nothing of the others; and where each line has a key of its own,
    // this is what keeps the work in step with the file.
    if (present_[column] == 0 || (present_[column] == 1 && m_.rows.size() > 2)) return out;
    const std::vector<std::size_t> values = intern(table_, m_, column, out.values);
    if (out.values < 2) return out;
    out.is_text = !is_numeric(table_, column, false);
    out.kind = kind_of(column, values, out);
    return out;
  }

 private:
  LeftoverKind kind_of(std::size_t column, const std::vector<std::size_t>& values,
                       const Leftover& found) const {
    const ColumnName name = read_column_name(table_.columns[column]);
    const std::string& full = table_.columns[column];
    const bool experiment = word_match(name, experiment_words) > 0;
    if (full.starts_with("run.") || (!experiment && word_match(name, naming_words) > 0))
      return LeftoverKind::name;
    if (!found.is_text && word_match(name, outcome_words) > 0) return LeftoverKind::outcome;
    if (found.values == m_.runs.count() && found.is_text) return LeftoverKind::name;
    const bool label = found.is_text || (experiment && found.values <= 50);
    if (follows(values, label) || (!label && is_product(column))) return LeftoverKind::follows;
    if (label) return spans_scales(values, found.values) ? LeftoverKind::label : LeftoverKind::other;
    const bool within = cells_ < m_.runs.count() && !is_function(values, cell_);
    return within && word_match(name, setting_words) > 0 ? LeftoverKind::setting : LeftoverKind::other;
  }

  // It names a size or an amount of data, or is a number that each of them has one of. A label of which
  // several values share a scale, or one that spans several scales, is no such name.
  bool follows(const std::vector<std::size_t>& values, bool label) const {
    for (const auto& scale : scales_) {
      const std::size_t scales = count_of(scale);
      if (scales < 2) continue;
      if (label ? is_function(scale, values) && is_function(values, scale)
                : scales < m_.runs.count() && is_function(values, scale))
        return true;
    }
    return false;
  }

  // A number that is a product of powers of size and data: FLOPs, tokens a parameter.
  bool is_product(std::size_t column) const {
    if (!m_.runs.has(variable::size) || !m_.runs.has(variable::data)) return false;
    const auto size = m_.runs.column(variable::size), data = m_.runs.column(variable::data);
    double n = 0, a[3][4] = {};
    std::vector<std::array<double, 3>> rows;
    for (std::size_t i = 0; i < m_.rows.size(); ++i) {
      const WrittenNumber one = read_number(table_.rows[m_.rows[i]].cells[column].text);
      if (one.problem != WrittenNumber::Problem::none || !(one.value > 0)) return false;
      rows.push_back({std::log(size[i] / size[0]), std::log(data[i] / data[0]), std::log(one.value)});
    }
    for (const auto& [x, z, y] : rows) {
      const double in[3] = {1, x, z};
      for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 3; ++c) a[r][c] += in[r] * in[c];
        a[r][3] += in[r] * y;
      }
      ++n;
    }
    if (n < 5) return false;
    for (int p = 0; p < 3; ++p) {  // a is positive definite where size and data vary on their own
      if (!(a[p][p] > 1e-9)) return false;
      for (int r = p + 1; r < 3; ++r) {
        const double f = a[r][p] / a[p][p];
        for (int c = p; c < 4; ++c) a[r][c] -= f * a[p][c];
      }
    }
    double b[3] = {};
    for (int p = 2; p >= 0; --p) {
      b[p] = a[p][3];
      for (int c = p + 1; c < 3; ++c) b[p] -= a[p][c] * b[c];
      b[p] /= a[p][p];
    }
    double square = 0;
    for (const auto& [x, z, y] : rows) square += std::pow(y - b[0] - b[1] * x - b[2] * z, 2);
    return square / n < 0.02 * 0.02;
  }

  // At least two values that each have runs at two scales or more.
  bool spans_scales(const std::vector<std::size_t>& values, std::size_t count) const {
    std::vector<std::set<std::size_t>> cells(count);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (cells[values[i]].size() < 2) cells[values[i]].insert(cell_[i]);
    }
    return std::count_if(cells.begin(), cells.end(), [](const auto& one) { return one.size() > 1; }) > 1;
  }

  const Table& table_;
  const Measurements& m_;
  std::vector<std::size_t> cell_;  // of each run: runs of one scale have one number
  std::size_t cells_ = 0;
  std::vector<std::size_t> present_;  // of each column, how many runs say something
  std::vector<std::vector<std::size_t>> scales_;
};

}  // namespace

std::vector<Leftover> leftover_columns(const Table& table, const Measurements& m,
                                       const std::vector<std::string>& ignored) {
  const Sorter sorter(table, m);
  std::vector<Leftover> out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (std::count(m.used_columns.begin(), m.used_columns.end(), i) > 0) continue;
    if (std::count(ignored.begin(), ignored.end(), table.columns[i]) > 0) continue;
    const Leftover one = sorter.sort(i);
    if (one.values > 1) out.push_back(one);
  }
  return out;
}

std::string note_of(const std::vector<Leftover>& leftover, const Table& table) {
  std::string unused, following, outcomes;
  for (const Leftover& one : leftover) {
    if (one.kind == LeftoverKind::name || table.columns[one.column].empty()) continue;
    std::string& list = one.kind == LeftoverKind::outcome   ? outcomes
                        : one.kind == LeftoverKind::follows ? following
                                                            : unused;
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", table.columns[one.column]);
    if (&list == &unused) list += fmt::format(" ({} {})", one.values, one.is_text ? "texts" : "values");
  }
  std::string note;
  const auto add = [&note](const std::string& text) { note += (note.empty() ? "" : "; ") + text; };
  if (!unused.empty())
    add("varies and is not used: " + unused +
        ": columns.group=NAME fits each value on its own, where.NAME=VALUE keeps one, an expression may have "
        "it as a "
        "variable");
  if (!following.empty()) add("not used, follows from the scale: " + following);
  if (!outcomes.empty()) add("not used, other outcomes: " + outcomes);
  return note;
}

std::vector<std::size_t> values_of(const Table& table, const Measurements& m,
                                   const std::vector<std::size_t>& columns) {
  std::vector<std::size_t> out(m.rows.size(), 0);
  for (const std::size_t column : columns) {
    std::size_t count = 0;
    const std::vector<std::size_t> values = intern(table, m, column, count);
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> known;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = known.try_emplace({out[i], values[i]}, known.size()).first->second;
  }
  return out;
}

}  // namespace frugal::fit
