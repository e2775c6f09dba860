#include "fit/runs/lm_eval.h"

#include <fmt/format.h>

#include <cctype>
#include <nlohmann/json.hpp>

#include "fit/runs/column_index.h"
#include "fit/runs/number.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

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

void add_lm_eval(Table& table, const Json& json, std::size_t file) {
  ColumnIndex columns(table);
  const std::string model = model_of(json);
  std::string size;
  const Json config = json.contains("config") ? json["config"] : Json();
  if (config.is_object() && config.contains("model_num_parameters") &&
      config["model_num_parameters"].is_number()) {
    size = config["model_num_parameters"].dump();
  } else if (const auto named = size_in_name(model)) {
    size = fmt::format("{:g}", *named);
    table.notes.push_back(
        fmt::format("{}: {} parameters, from the model's name '{}'", table.files[file], size, model));
  }
  std::size_t line = 0;
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
    table.rows.push_back(std::move(row));
  }
  if (line > 0)
    table.notes.push_back(
        fmt::format("{}: results of lm-evaluation-harness, {} tasks", table.files[file], line));
}

}  // namespace frugal::fit
