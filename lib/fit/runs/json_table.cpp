// JSON as a table: objects a line, a list of objects, columns (also as pandas writes them), and what
// lm-evaluation-harness writes.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/indexed_json.h"
#include "fit/runs/column_index.h"
#include "fit/runs/lm_eval.h"
#include "fit/runs/table.h"

namespace frugal::fit {
namespace {

using base::UserError;
using Json = config::IndexedJson;

std::string start_of(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

void flatten(const Json& json, const std::string& prefix, ColumnIndex& columns, Table::Row& row, int depth) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object() && depth < 16) {
      flatten(value, name, columns, row, depth + 1);
      continue;
    }
    const std::size_t column = columns.of(name);
    if (value.is_null()) continue;
    row.cells.add(column, value.is_string() ? value.get<std::string>()
                                            : value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

// Python writes NaN and Infinity into JSON, which knows neither; say so instead of "unexpected literal".
std::string why_not_json(std::string_view line) {
  for (const char* word : {"NaN", "-Infinity", "Infinity"}) {
    if (line.find(word) != std::string_view::npos) {
      return fmt::format("holds {}, which is no JSON number and nothing that a law can be fitted to", word);
    }
  }
  return "is not a JSON object";
}

void add_object(Table& table, ColumnIndex& columns, const Json& json, std::size_t file, std::size_t line) {
  Table::Row row;
  row.file = file;
  row.line = line;
  if (!json.is_object()) {
    throw UserError(fmt::format("{}:{}", table.files[file], line),
                    fmt::format("must be an object, got {}: {}", json.type_name(), start_of(json)),
                    "one JSON object a line, for instance {\"params\": 1e6, \"tokens\": 1e8, \"loss\": 3.1}");
  }
  flatten(json, "", columns, row, 0);
  row.cells.sort();
  table.rows.push_back(std::move(row));
}

// The text as one object; discarded where it is none, or several lines of them.
Json whole_object(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return Json(Json::value_t::discarded);
  const std::size_t end = text.find('\n', first);
  const bool one_line =
      end == std::string_view::npos || text.find_first_not_of(" \t\r\n", end) == std::string_view::npos;
  if (!one_line) {
    const std::string_view line = text.substr(first, end - first);
    if (Json::accept(line.begin(), line.end())) return Json(Json::value_t::discarded);
  }
  return Json::parse(text.begin(), text.end(), nullptr, false);
}

bool is_list_of_objects(const Json& json) {
  return json.is_array() && !json.empty() &&
         std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_object(); });
}

bool is_plain(const Json& json) {
  return std::none_of(json.begin(), json.end(), [](const Json& one) { return one.is_structured(); });
}

bool all_members(const Json& json, bool (*is)(const Json&)) {
  return json.is_object() && json.size() > 1 && std::all_of(json.begin(), json.end(), is);
}

bool is_index(const std::string& key) {
  return !key.empty() && key.find_first_not_of("0123456789") == std::string::npos;
}

enum class Shape { row, lm_eval, lm_evals, lists, named_lists, by_index, by_column, within };

// How a whole object holds runs; `row`: it is one run, or none of these.
Shape shape_of(const Json& json) {
  if (is_lm_eval(json)) return Shape::lm_eval;
  if (is_lm_eval_of_several(json)) return Shape::lm_evals;
  if (json.contains("columns") && json.contains("data") && json["columns"].is_array() &&
      json["data"].is_array())
    return Shape::named_lists;
  const auto list = [](const Json& one) { return one.is_array() && is_plain(one) && !one.empty(); };
  if (all_members(json, list)) {
    const std::size_t length = json.front().size();
    const bool same =
        std::all_of(json.begin(), json.end(), [&](const Json& one) { return one.size() == length; });
    if (same) return Shape::lists;
  }
  if (all_members(json, [](const Json& one) { return one.is_object() && is_plain(one) && !one.empty(); }))
    return is_index(json.front().begin().key()) ? Shape::by_column
           : is_index(json.begin().key())       ? Shape::by_index
                                                : Shape::row;
  if (json.size() <= 3 && std::count_if(json.begin(), json.end(), is_list_of_objects) == 1)
    return Shape::within;
  return Shape::row;
}

// Columns, each a list or an object by row.
void add_columns(Table& table, ColumnIndex& columns, const Json& json, std::size_t file) {
  const std::size_t count = json.front().size();
  std::vector<Json::const_iterator>
      next;  // of each column: an iterator of JSON walks to its place step by step
  for (const Json& values : json) next.push_back(values.begin());
  for (std::size_t i = 0; i < count; ++i) {
    Json row = Json::object();
    std::size_t column = 0;
    for (const auto& [name, values] : json.items()) {
      Json::const_iterator& one = next[column++];
      if (one != values.end()) row[name] = *one++;
    }
    add_object(table, columns, row, file, i + 1);
  }
}

// False where the object is one run.
bool add_whole(Table& table, ColumnIndex& columns, const Json& json, std::size_t file) {
  const Shape shape = shape_of(json);
  if (shape == Shape::row) return false;
  if (shape == Shape::lm_eval) {
    add_lm_eval(table, json, file);
  } else if (shape == Shape::lm_evals) {
    add_lm_eval_of_several(table, json, file);
  } else if (shape == Shape::lists || shape == Shape::by_column) {
    add_columns(table, columns, json, file);
  } else if (shape == Shape::named_lists) {
    for (std::size_t i = 0; i < json["data"].size(); ++i) {
      Json row = Json::object();
      for (std::size_t c = 0; c < json["columns"].size() && c < json["data"][i].size(); ++c) {
        if (json["columns"][c].is_string()) row[json["columns"][c].get<std::string>()] = json["data"][i][c];
      }
      add_object(table, columns, row, file, i + 1);
    }
  } else if (shape == Shape::by_index) {
    std::size_t i = 0;
    for (const Json& row : json) add_object(table, columns, row, file, ++i);
  } else {
    const auto list = std::find_if(json.begin(), json.end(), is_list_of_objects);
    for (std::size_t i = 0; i < list->size(); ++i) add_object(table, columns, (*list)[i], file, i + 1);
  }
  return true;
}

}  // namespace

void append_jsonl(Table& table, std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  table.files.push_back(file);
  const std::size_t file_index = table.files.size() - 1;
  ColumnIndex columns(table);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') {
    const Json list = Json::parse(text.begin(), text.end(), nullptr, false);
    if (list.is_discarded()) throw UserError(file, "is not valid JSON: " + why_not_json(text));
    if (is_lm_eval_of_several(list)) {
      add_lm_eval_of_several(table, list, file_index);
    } else {
      for (std::size_t i = 0; i < list.size(); ++i) add_object(table, columns, list[i], file_index, i + 1);
    }
    return;
  }
  if (const Json whole = whole_object(text);
      !whole.is_discarded() && add_whole(table, columns, whole, file_index)) {
    return;
  }
  std::size_t line = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view one = text.substr(start, end - start);
    start = end + 1;
    ++line;
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Json json = Json::parse(one.begin(), one.end(), nullptr, false);
    if (json.is_discarded()) {
      // A killed writer leaves half a line at the end; anything else is a broken file.
      throw UserError(fmt::format("{}:{}", file, line), why_not_json(one),
                      end == text.size() ? "the last line has no end: was the writer killed?" : "");
    }
    if (is_lm_eval(json)) {
      add_lm_eval(table, json, file_index);
      columns.refresh();
    } else {
      add_object(table, columns, json, file_index, line);
    }
  }
}

bool holds_runs(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  if (text[first] == '[') return true;
  const std::size_t end = std::min(text.find('\n', first), text.size());
  const bool lines = Json::accept(text.begin() + std::ptrdiff_t(first), text.begin() + std::ptrdiff_t(end)) &&
                     text.find('{', end) != std::string_view::npos;
  if (lines) return true;
  const Json whole = whole_object(text);
  return !whole.is_discarded() && shape_of(whole) != Shape::row;
}

}  // namespace frugal::fit
