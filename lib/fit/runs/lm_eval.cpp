#include "fit/runs/lm_eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "fit/runs/column_index.h"
#include "fit/runs/number.h"

namespace frugal::fit {
namespace {

using Json = config::IndexedJson;

std::string text_in(const Json& json, const char* key) {
  return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

std::string model_of(const Json& json) {
  std::string name = text_in(json, "model_name");
  if (!name.empty() || !json.contains("config") || !json["config"].is_object()) return name;
  const std::string arguments = text_in(json["config"], "model_args");
  const std::size_t start = arguments.find("pretrained=");
  if (start == std::string::npos) return text_in(json["config"], "model");
  const std::size_t from = start + std::string("pretrained=").size();
  return arguments.substr(from, arguments.find(',', from) - from);
}

}  // namespace

bool is_lm_eval(const Json& json) {
  if (!json.is_object() || !json.contains("results") || !json["results"].is_object() ||
      json["results"].empty())
    return false;
  for (const Json& task : json["results"]) {
    if (!task.is_object()) return false;
  }
  return json.contains("versions") || json.contains("configs") || json.contains("config");
}

bool is_lm_eval_of_several(const Json& json) {
  return json.is_structured() && !json.empty() && std::all_of(json.begin(), json.end(), is_lm_eval);
}

std::optional<double> size_in_name(const std::string& name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool begins =
        is_digit(name[i]) &&
        (i == 0 || (std::isalnum(static_cast<unsigned char>(name[i - 1])) == 0 && name[i - 1] != '.'));
    if (!begins) continue;
    std::size_t end = i;
    while (end < name.size() && (is_digit(name[end]) || name[end] == '.')) ++end;
    if (end >= name.size() || std::string("kKmMbB").find(name[end]) == std::string::npos) continue;
    if (end + 1 < name.size() && std::isalnum(static_cast<unsigned char>(name[end + 1])) != 0) continue;
    const WrittenNumber size = read_number(std::string_view(name).substr(i, end + 1 - i));
    if (size.problem == WrittenNumber::Problem::none) return size.value;
  }
  return std::nullopt;
}

void add_lm_eval_of_several(Table& table, const Json& json, std::size_t file) {
  for (const auto& [name, one] : json.items()) add_lm_eval(table, one, file, json.is_object() ? name : "");
}

void add_lm_eval(Table& table, const Json& json, std::size_t file, const std::string& named) {
  ColumnIndex columns(table);
  std::string model = model_of(json);
  if (model.empty()) model = named;
  std::string size;
  const Json config = json.contains("config") ? json["config"] : Json();
  if (config.is_object() && config.contains("model_num_parameters") &&
      config["model_num_parameters"].is_number()) {
    size = config["model_num_parameters"].dump();
  } else if (const auto written = size_in_name(model)) {
    size = fmt::format("{:g}", *written);
    table.notes.push_back(
        fmt::format("{}: {} parameters, from the model's name '{}'", table.files[file], size, model));
  }
  // Rows of one file are counted on from model to model.
  const auto before = static_cast<std::size_t>(std::count_if(
      table.rows.begin(), table.rows.end(), [file](const auto& row) { return row.file == file; }));
  std::size_t line = before;
  for (const auto& [task, metrics] : json["results"].items()) {
    Table::Row row;
    row.file = file;
    row.line = ++line;
    columns.put(row, "task", task);
    if (!model.empty()) columns.put(row, "model", model);
    if (!size.empty()) columns.put(row, "parameters", size);
    for (const auto& [key, value] : metrics.items()) {
      if (!value.is_number()) continue;
      const std::size_t comma = key.find(',');
      const std::string filter = comma == std::string::npos ? "none" : key.substr(comma + 1);
      columns.put(row, filter == "none" ? key.substr(0, comma) : key, value.dump());
    }
    row.cells.sort();
    table.rows.push_back(std::move(row));
  }
  if (line > before)
    table.notes.push_back(fmt::format("{}: results of lm-evaluation-harness{}, {} tasks", table.files[file],
                                      before > 0 || !named.empty() ? " of '" + model + "'" : "",
                                      line - before));
}

}  // namespace frugal::fit
