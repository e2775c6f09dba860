#include "fit/runs/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"

namespace frugal::fit {
namespace {

using base::UserError;
using Json = nlohmann::json;

std::string at(const std::string& file, std::size_t line) { return fmt::format("{}:{}", file, line); }

// Columns by name, so that several files may have them in another order.
class ColumnIndex {
 public:
  explicit ColumnIndex(Table& table) : table_(table) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) index_[table.columns[i]] = i;
  }
  std::size_t of(const std::string& name) {
    const auto [found, fresh] = index_.try_emplace(name, table_.columns.size());
    if (fresh) table_.columns.push_back(name);
    return found->second;
  }

 private:
  Table& table_;
  std::unordered_map<std::string, std::size_t> index_;
};

void pad_rows(Table& table) {
  for (Table::Row& row : table.rows) row.cells.resize(table.columns.size());
}

// Splits CSV text into records one at a time.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string file, char separator)
      : text_(text), file_(std::move(file)), separator_(separator) {}

  // False at the end. `line` is the record's first line.
  bool next(std::vector<std::string>& fields, std::size_t& line) {
    fields.clear();
    if (at_ >= text_.size()) return false;
    line = line_;
    for (;;) {
      fields.push_back(field());
      if (at_ >= text_.size()) return true;
      const char c = text_[at_++];
      if (c == separator_) {
        if (at_ >= text_.size()) {
          fields.emplace_back();
          return true;
        }
        continue;
      }
      if (c == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return true;
    }
  }

 private:
  bool ends_field(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

  std::string field() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted();
    const std::size_t start = at_;
    while (at_ < text_.size() && !ends_field(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  std::string quoted() {
    const std::size_t opened = line_;
    std::string value;
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) {
        throw UserError(at(file_, opened), "a quote is opened here and never closed",
                        "a quote inside a quoted cell is written twice: \"\"");
      }
      const char c = text_[at_++];
      if (c == '"') {
        if (at_ >= text_.size() || text_[at_] != '"') break;
        ++at_;
      } else if (c == '\n') {
        ++line_;
      }
      value += c;
    }
    if (at_ < text_.size() && !ends_field(text_[at_])) {
      throw UserError(at(file_, line_), fmt::format("'{}' after the closing quote", text_[at_]),
                      "a quote inside a quoted cell is written twice: \"\"");
    }
    return value;
  }

  std::string_view text_;
  std::string file_;
  char separator_;
  std::size_t at_ = 0, line_ = 1;
};

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// What the header has most of, outside of quotes.
char separator_of(std::string_view text) {
  char best = ',';
  std::ptrdiff_t most = 0;
  for (const char candidate : {',', '\t', ';'}) {
    std::ptrdiff_t count = 0;
    bool quoted = false, any = false;
    for (const char c : text) {
      if (c == '\n' && !quoted && any) break;
      any = any || (c != '\n' && c != '\r' && c != ' ');
      if (c == '"') quoted = !quoted;
      count += c == candidate && !quoted ? 1 : 0;
    }
    if (count > most) best = candidate, most = count;
  }
  return best;
}

std::string shown(const Json& value) {
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
    const std::size_t index = columns.of(name);
    if (row.cells.size() <= index) row.cells.resize(index + 1);
    if (value.is_null()) continue;
    Cell& cell = row.cells[index];
    cell.missing = false;
    cell.text = value.is_string() ? value.get<std::string>()
                                  : value.dump(-1, ' ', false, Json::error_handler_t::replace);
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
    throw UserError(at(table.files[file], line),
                    fmt::format("must be an object, got {}: {}", json.type_name(), shown(json)),
                    "one JSON object a line, for instance {\"params\": 1e6, \"tokens\": 1e8, \"loss\": 3.1}");
  }
  flatten(json, "", columns, row, 0);
  table.rows.push_back(std::move(row));
}

}  // namespace

std::string Table::place(const Row& row) const { return at(files[row.file], row.line); }

void append_csv(Table& table, std::string_view text, const std::string& file) {
  text = without_mark(text);
  const char separator = separator_of(text);
  if (separator != ',') table.decimal_commas = true;
  CsvReader reader(text, file, separator);
  std::vector<std::string> fields;
  std::size_t line = 0;
  do {
    if (!reader.next(fields, line)) throw UserError(file, "is empty", "a header line and at least two rows");
  } while (fields.size() == 1 && trimmed(fields[0]).empty());

  ColumnIndex columns(table);
  std::vector<std::size_t> positions;
  for (const std::string& field : fields) {
    const std::string name = trimmed(field);
    const std::size_t position = columns.of(name);
    if (!name.empty() && std::find(positions.begin(), positions.end(), position) != positions.end()) {
      throw UserError(at(file, line), fmt::format("the header names column '{}' twice", name));
    }
    positions.push_back(position);
  }
  table.files.push_back(file);
  const std::size_t file_index = table.files.size() - 1, header_size = positions.size();
  while (reader.next(fields, line)) {
    if (fields.size() == 1 && header_size != 1 && trimmed(fields[0]).empty()) continue;
    if (fields.size() != header_size) {
      throw UserError(at(file, line),
                      fmt::format("has {} cells, the header has {}", fields.size(), header_size),
                      "a cell with a comma inside needs quotes");
    }
    Table::Row row;
    row.cells.resize(table.columns.size());
    row.file = file_index;
    row.line = line;
    for (std::size_t i = 0; i < header_size; ++i) {
      Cell& cell = row.cells[positions[i]];
      cell.text = std::move(fields[i]);
      cell.missing = trimmed(cell.text).empty();
    }
    table.rows.push_back(std::move(row));
  }
  pad_rows(table);
}

void append_jsonl(Table& table, std::string_view text, const std::string& file) {
  text = without_mark(text);
  table.files.push_back(file);
  const std::size_t file_index = table.files.size() - 1;
  ColumnIndex columns(table);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') {
    const Json list = Json::parse(text.begin(), text.end(), nullptr, false);
    if (list.is_discarded()) throw UserError(file, "is not valid JSON: " + why_not_json(text));
    for (std::size_t i = 0; i < list.size(); ++i) add_object(table, columns, list[i], file_index, i + 1);
    pad_rows(table);
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
      throw UserError(at(file, line), why_not_json(one),
                      end == text.size() ? "the last line has no end: was the writer killed?" : "");
    }
    add_object(table, columns, json, file_index, line);
  }
  pad_rows(table);
}

void append_text(Table& table, std::string_view text, const std::string& file) {
  const std::string_view body = without_mark(text);
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    throw UserError(file, "is empty", "a header line and rows, or JSON lines");
  const std::size_t dot = file.rfind('.');
  const std::string ending = dot == std::string::npos ? "" : file.substr(dot);
  if (ending == ".csv" || ending == ".tsv") return append_csv(table, text, file);
  if (ending == ".jsonl" || ending == ".ndjson" || ending == ".json") return append_jsonl(table, text, file);
  if (body[first] == '{' || body[first] == '[') return append_jsonl(table, text, file);
  append_csv(table, text, file);
}

Table read_tables(const std::vector<std::string>& paths) {
  Table table;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (std::find(paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(i), paths[i]) !=
        paths.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UserError(paths[i], "is given twice");
    }
    const std::string name = paths[i] == "-" ? "standard input" : paths[i];
    append_text(table, base::read_text(paths[i]), name);
  }
  return table;
}

}  // namespace frugal::fit
