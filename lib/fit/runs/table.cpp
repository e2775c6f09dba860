#include "fit/runs/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "fit/runs/column_index.h"
#include "fit/runs/text_format.h"
#include "fit/runs/wandb.h"

namespace frugal::fit {
namespace {

using base::UserError;

constexpr std::uintmax_t most_table_bytes = 500'000'000;

std::string at(const std::string& file, std::size_t line) { return fmt::format("{}:{}", file, line); }

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
  std::unordered_set<std::size_t> named;
  for (const std::string& field : fields) {
    const std::string name = trimmed(field);
    const std::size_t position = columns.of(name);
    if (!named.insert(position).second && !name.empty()) {
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
    row.file = file_index;
    row.line = line;
    for (std::size_t i = 0; i < header_size; ++i) {
      if (!trimmed(fields[i]).empty()) row.cells.add(positions[i], std::move(fields[i]));
    }
    row.cells.sort();
    table.rows.push_back(std::move(row));
  }
  unfold_wandb(table, file_index);
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

namespace {

// Before the whole of a file is in memory: what is no table of runs, and what is longer than any.
void refuse_unread(const std::string& path) {
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return;
  const auto bytes = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  std::string head(1 << 16, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()) / 2 * 2);
  text_of(head, path);
  if (!error && bytes > most_table_bytes) {
    throw UserError(
        path,
        fmt::format("has {:.2g} GB; tables of at most {:.2g} GB are read", static_cast<double>(bytes) / 1e9,
                    static_cast<double>(most_table_bytes) / 1e9),
        "keep the columns that the fit needs");
  }
}

}  // namespace

Table read_tables(const std::vector<std::string>& paths) {
  Table table;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (std::find(paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(i), paths[i]) !=
        paths.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UserError(paths[i], "is given twice");
    }
    refuse_unread(paths[i]);
    const std::string name = paths[i] == "-" ? "standard input" : paths[i];
    append_text(table, text_of(base::read_text(paths[i]), name), name);
  }
  return table;
}

}  // namespace frugal::fit
