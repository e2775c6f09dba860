// Cells of a row by column, of which a row has some.
#include "fit/runs/table.h"
#include "support/test.h"

using namespace frugal;
using fit::RowCells;

TEST_CASE("a row's cells are found by column, and what it lacks is missing") {
  RowCells cells;
  for (const std::size_t column : {7, 2, 900, 2}) cells.add(column, std::to_string(cells.entries().size()));
  cells.sort();
  REQUIRE(cells.entries().size() == 3);
  REQUIRE(cells[2].text == "3");  // as added last
  REQUIRE_FALSE(cells[2].missing);
  REQUIRE(cells[7].text == "0");
  REQUIRE(cells[900].text == "2");
  for (const std::size_t column : {0, 3, 899, 901}) REQUIRE(cells[column].missing);
}

TEST_CASE("columns that are taken out of a row's cells move those behind them") {
  RowCells cells;
  for (std::size_t column = 0; column < 6; ++column) cells.add(column, std::to_string(column));
  cells.sort();
  cells.remove({1, 4, 9});
  REQUIRE(cells.entries().size() == 4);
  for (const auto& [column, text] :
       {std::pair<std::size_t, std::string>{0, "0"}, {1, "2"}, {2, "3"}, {3, "5"}})
    REQUIRE(cells[column].text == text);
}

TEST_CASE("a table whose lines have keys of their own keeps no more cells than its file") {
  fit::Table table;
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "{\"x\": 1, \"only " + std::to_string(i) + "\": null, \"y " + std::to_string(i) + "\": 2}\n";
  fit::append_jsonl(table, text, "runs.jsonl");
  REQUIRE(table.columns.size() == 601);
  std::size_t cells = 0;
  for (const fit::Table::Row& row : table.rows) cells += row.cells.entries().size();
  REQUIRE(cells == 600);
  REQUIRE(table.rows[299].cells[0].text == "1");
  REQUIRE(table.rows[299].cells[1].missing);
}
