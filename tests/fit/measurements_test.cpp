#include "fit/runs/measurements.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/command/decision.h"
#include "fit/runs/repeats.h"
#include "support/test.h"

using namespace frugal;

namespace {

fit::Measurements read(const std::string& text, const fit::MeasurementConfig& config = {},
                       const std::string& file = "runs.csv") {
  fit::Table table;
  fit::append_text(table, text, file);
  return fit::to_measurements(table, config);
}

// "place: message|hint"
std::string error_of(const std::string& text, const fit::MeasurementConfig& config = {},
                     const std::string& file = "runs.csv") {
  try {
    read(text, config, file);
  } catch (const base::UserError& error) {
    return std::string(error.what()) + "|" + error.hint();
  }
  return "no error";
}

std::vector<double> values(const fit::Measurements& m, const std::string& role) {
  const auto column = m.runs.column(role);
  return {column.begin(), column.end()};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("CSV: quotes, line breaks in quotes, CRLF, a byte-order mark, a blank line") {
  fit::Table table;
  fit::append_csv(table, "\xEF\xBB\xBF\"a, b\",c\r\n\"x \"\"y\"\"\nz\",1\r\n\r\n2,\r\n", "q.csv");
  REQUIRE(table.columns == std::vector<std::string>{"a, b", "c"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0].cells[0].text == "x \"y\"\nz");
  CHECK(table.rows[0].line == 2);
  CHECK(table.rows[1].line == 5);
  CHECK(table.rows[1].cells[1].missing);
}

TEST_CASE("CSV and JSON lines of the same runs give the same measurements, also in several files") {
  const fit::Measurements csv = read("params,tokens,loss\n1e6,2e7,3.5\n2e6,2e7,3.25\n");
  const fit::Measurements json = read(
      "{\"params\": 1e6, \"tokens\": 2e7, \"loss\": 3.5}\n\n{\"loss\": 3.25, \"params\": 2000000, "
      "\"tokens\": 2e7}",
      {}, "runs.jsonl");
  CHECK(csv.runs.columns == json.runs.columns);
  CHECK(csv.runs.names == std::vector<std::string>{"size", "data"});
  CHECK(json.runs.names == csv.runs.names);
  CHECK(csv.runs.y == json.runs.y);
  CHECK(json.runs.places == std::vector<std::string>{"runs.jsonl:1", "runs.jsonl:3"});

  fit::Table both;
  fit::append_text(both, "params,tokens,loss\n1e6,2e7,3.5\n", "a.csv");
  fit::append_text(both, "loss,params,tokens\n3.25,2e6,2e7\n", "b.csv");
  CHECK(fit::to_measurements(both, {}).runs.columns == csv.runs.columns);
  CHECK(fit::to_measurements(both, {}).runs.y == csv.runs.y);
}

TEST_CASE("columns are found by their usual names and told; a corpus named train is no split") {
  const fit::Measurements m = read("name,train,params,params_noemb,tokens,loss\na,c4,1e6,9e5,2e7,3.5\n");
  CHECK(m.chosen.at("size") == "params");
  CHECK(m.chosen.at("data") == "tokens");
  CHECK(m.chosen.count("train") == 0);
  CHECK(has(m.notes.front(), "size = 'params' (by its name)"));
  const fit::Measurements split = read("Seen Examples,Loss,Training\n10,0.5,1\n20,0.4,0\n");
  CHECK(split.runs.held_out == std::vector<char>{0, 1});
  CHECK(split.chosen.at("data") == "Seen Examples");
}

TEST_CASE("nested JSON keys are columns by their path, or by the last part of it") {
  const fit::Measurements m =
      read("{\"network\": {\"params\": 5}, \"result\": {\"error\": 0.25}, \"tokens\": 7}\n", {}, "-");
  CHECK(m.chosen.at("error") == "result.error");
  CHECK(values(m, "size") == std::vector<double>{5});
}

TEST_CASE("what is wrong in a table is refused with its place") {
  const std::string header = "params,tokens,loss\n1e6,2e7,3.5\n";
  CHECK(error_of("").substr(0, 18) == "runs.csv: is empty");
  CHECK(has(error_of("params,tokens,loss\n"), "runs.csv: has no rows"));
  CHECK(has(error_of(header + "1e6,2e7\n"), "runs.csv:3: has 2 cells, the header has 3"));
  CHECK(has(error_of(header + "1e6,abc,3\n"), "runs.csv:3: column 'tokens': must be a number, got 'abc'"));
  CHECK(has(error_of(header + "1e6,12x,3\n"), "got '12x'"));
  CHECK(has(error_of(header + "1e6,2e7,nan\n"), "runs.csv:3: column 'loss': must be finite, got nan"));
  CHECK(has(error_of(header + "1e6,2e7,inf\n"), "must be finite, got inf"));
  CHECK(has(error_of(header + "1e6,1e999,3\n"), "out of range"));
  CHECK(has(error_of(header + "-5,2e7,3\n"), "the size must be > 0, got -5"));
  CHECK(has(error_of(header + "0,2e7,3\n"), "the size must be > 0, got 0"));
  CHECK(has(error_of(header + "1e6,,3\n"), "runs.csv:3: column 'tokens': has no value for the data"));
  CHECK(has(error_of(header + "\"1e6,2e7,3\n"), "runs.csv:3: a quote is opened here and never closed"));
  CHECK(has(error_of("a,a\n1,2\n"), "names column 'a' twice"));
  CHECK(has(error_of("foo,bar\n1,2\n"), "no column for the error"));
  CHECK(has(error_of("params,loss_a,loss_b\n1,2,3\n"),
            "--set columns.error=loss_a (there are loss_a, loss_b)"));
  CHECK(has(error_of("{\"loss\": NaN}\n", {}, "r.jsonl"), "r.jsonl:1: holds NaN"));
  CHECK(
      has(error_of("{\"loss\": 1}\n{\"lo", {}, "r.jsonl"), "r.jsonl:2: is not a JSON object|the last line"));
  CHECK(has(error_of("[1]", {}, "r.json"), "r.json:1: must be an object, got number: 1"));

  fit::MeasurementConfig config;
  config.columns["size"] = "parms";
  CHECK(has(error_of(header, config), "no column 'parms'"));
  CHECK(has(error_of(header, config), "did you mean 'params'?"));
  fit::MeasurementConfig where;
  where.where.emplace("tokens", "7");
  CHECK(has(error_of(header, where), "none of 1 rows is left"));
}

TEST_CASE("rows that are the same in every column are counted once, told, kept or refused") {
  const std::string text = "params,tokens,loss\n1e6,2e7,3.5\n1e6,2e7,3.5\n1e6,2e7,3.6\n";
  const fit::Measurements once = read(text);
  CHECK(once.runs.count() == 2);
  CHECK(has(once.notes.back(), "first: runs.csv:3"));
  fit::MeasurementConfig config;
  config.duplicates = "keep";
  CHECK(read(text, config).runs.count() == 3);
  config.duplicates = "error";
  CHECK(has(error_of(text, config), "runs.csv:3: is the same as an earlier row"));
}

TEST_CASE("a series is named by one column, by several, or by every column that is left") {
  const std::string text = "task,model,tokens,loss\nt,a,1,2\nt,b,2,3\nu,a,3,4\nt,a,2,1\n";
  fit::MeasurementConfig config;
  CHECK(read(text).series.empty());
  config.columns["group"] = "model";
  CHECK(read(text, config).series == std::vector<std::string>{"a", "b"});
  config.columns["group"] = "task,model";
  CHECK(read(text, config).series == std::vector<std::string>{"t/a", "t/b", "u/a"});
  config.columns["group"] = "others";
  const fit::Measurements m = read(text, config);
  CHECK(m.series == std::vector<std::string>{"t/a", "t/b", "u/a"});
  CHECK(m.runs.series == std::vector<std::size_t>{0, 1, 2, 0});
  config.columns["group"] = "task,modle";
  CHECK(has(error_of(text, config), "no column 'modle' (columns.group)|did you mean 'model'?"));
}

TEST_CASE("rows that cannot be used are left out where that is asked for, and told") {
  const std::string text = "tokens,loss\n1,2\n0,3\n2,nan\nthree,1\n4,1\n";
  fit::MeasurementConfig config;
  config.invalid = "drop";
  const fit::Measurements m = read(text, config);
  CHECK(values(m, "data") == std::vector<double>{1, 4});
  CHECK(m.runs.y == std::vector<double>{2, 1});
  CHECK(m.dropped_invalid == 3);
  CHECK(has(m.notes.back(), "3 rows left out because a value cannot be used (first: runs.csv:3"));
  CHECK(has(error_of("tokens,loss\n0,1\n", config), "none of 1 rows is left"));
}

TEST_CASE("repeats of one scale give the pooled deviation of the log error") {
  const fit::Measurements m =
      read("params,tokens,seed,loss\n1,2,0,1.0\n1,2,1,1.2\n3,2,0,0.9\n3,2,1,0.9\n4,2,0,0.8\n");
  const fit::Repeats repeats = fit::find_repeats(m.runs);
  CHECK(repeats.cells == 3);
  CHECK(repeats.repeated_cells == 2);
  const double half = std::log(1.2) / 2;
  CHECK(repeats.log_error_sd == Approx(std::sqrt(2 * half * half / 2)));
}

TEST_CASE("rows without a value are dropped on request and counted") {
  fit::MeasurementConfig config;
  config.missing = "drop";
  const fit::Measurements m =
      read("{\"params\":1,\"loss\":2}\n{\"params\":1,\"loss\":null}\n{\"params\":3}\n", config, "r.jsonl");
  CHECK(m.runs.count() == 1);
  CHECK(m.dropped_missing == 2);
}

TEST_CASE("every role of the list is read from its usual columns, kept by select and written by its name") {
  for (const fit::Role& role : fit::roles()) {
    if (!role.is_number()) continue;
    for (const std::string& column : role.usual) {
      CAPTURE(role.name, column);
      // A row needs an error and something that was varied.
      const bool is_error = std::string(role.name) == "error", is_data = std::string(role.name) == "data";
      const fit::Measurements m = read((is_data ? "" : "tokens,") + column + (is_error ? "" : ",error") +
                                       "\n" + (is_data ? "" : "7,") + "0.25" + (is_error ? "" : ",1") + "\n");
      REQUIRE(m.chosen.at(role.name) == column);
      const fit::Runs runs = m.runs.select({0, 0});
      CHECK(fit::to_json(runs).at(role.name).get<std::vector<double>>() == std::vector<double>{0.25, 0.25});
      if (role.scale == nullptr) continue;
      CHECK(runs.scale(1).*role.scale == 0.25);
      CHECK(runs.scale(1).of(role.name) == 0.25);
      CHECK(fit::parse_scale(column + "=0.25").at(role.name) == 0.25);
    }
  }
}

TEST_CASE("a table that is longer than any is refused before it is read") {
  const test::TempDir dir;
  const std::string path = dir / "runs.csv";
  test::write_text(path, "params,tokens,loss\n1,2,3\n");
  REQUIRE(fit::read_tables({path}).rows.size() == 1);
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40);  // zeros that take no room on the disk
  REQUIRE_THROWS_AS(fit::read_tables({path}), base::UserError);
  std::filesystem::resize_file(path, 0);
  test::write_text(path, "params,tokens,loss\n" + std::string(1 << 17, '1'));
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40);
  try {
    fit::read_tables({path});
    FAIL("not refused");
  } catch (const base::UserError& error) {
    REQUIRE(std::string(error.message()) == "has 1.1e+03 GB; tables of at most 0.5 GB are read");
  }
}

TEST_CASE("CSV: nothing is read behind the end of the text") {
  // The text ends where its page does; the next one may not be read.
  const std::string text = "size,data,error\n1e6,2e7,0.25";
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const room = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(room != MAP_FAILED);
  REQUIRE(mprotect(static_cast<char*>(room) + page, page, PROT_NONE) == 0);
  char* const start = static_cast<char*>(room) + page - text.size();
  std::memcpy(start, text.data(), text.size());
  fit::Table table;
  fit::append_csv(table, std::string_view(start, text.size()), "runs.csv");
  CHECK(table.rows.at(0).cells[2].text == "0.25");
  munmap(room, 2 * page);
}
