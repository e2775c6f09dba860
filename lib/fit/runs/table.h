// Text with named columns, as it came: CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes,
// CRLF, a byte-order mark; comma, semicolon or tab), JSON lines (one object a line, nested keys joined with a
// dot), JSON (a list of objects, lists by column, results of lm-evaluation-harness), charts and tables of
// Weights & Biases. Nothing is interpreted here: fit/measurements does that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::fit {

struct Cell {
  std::string text;
  bool missing = true;  // an empty CSV cell, a JSON null, or a key that this line lacks
};

// The cells of a row, by column: those that are there, so that a table of many columns of which each row has
// a few takes no more memory than its file.
class RowCells {
 public:
  const Cell& operator[](std::size_t column) const;  // a missing one where there is none

  // Rows are made with these; sort() is called after the last add(). What is added twice is as added last.
  void add(std::size_t column, std::string text);
  void sort();
  void remove(
      const std::vector<std::size_t>& columns);  // sorted; those behind move up as they do in the table

  struct Entry {
    std::size_t column;
    Cell cell;
  };
  const std::vector<Entry>& entries() const { return entries_; }  // by column

 private:
  std::vector<Entry> entries_;
};

struct Table {
  struct Row {
    RowCells cells;
    std::size_t file = 0;  // index into `files`
    std::size_t line = 0;  // 1-based; of the row's first line
  };
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::vector<std::string> files;  // as shown in messages
  std::vector<std::string> notes;  // what was done to them: of what format a file was
  bool decimal_commas =
      false;  // a file has semicolons or tabs between its cells: "4,441" has a decimal comma there

  std::string place(const Row& row) const;  // "runs.csv:12"
};

// Parses one text and appends its rows; columns that are new are added. Errors: UserError with file:line.
void append_csv(Table& table, std::string_view text, const std::string& file);
void append_jsonl(Table& table, std::string_view text, const std::string& file);

// Whether a JSON text holds runs (a list, columns, results of lm-evaluation-harness), and no config.
bool holds_runs(std::string_view json_text);

// By the name's ending (.csv, .tsv, .jsonl, .ndjson, .json), else by the first character.
void append_text(Table& table, std::string_view text, const std::string& file);

// Reads files, or standard input for "-". Errors: UserError (no file, empty, the same input twice).
Table read_tables(const std::vector<std::string>& paths);

}  // namespace frugal::fit
