// Tables that hold more than one experiment, sweeps, other formats: nothing is pooled or dropped in silence.
#include <cmath>

#include "base/error.h"
#include "fit/command/prepare.h"
#include "fit/runs/repeats.h"
#include "fit/runs/text_format.h"
#include "support/test.h"

using namespace frugal;

namespace {

double loss(double size, double data) {
  return 1.7 + 400 / std::pow(size, 0.34) + 1800 / std::pow(data, 0.36);
}

// A grid of four sizes and four amounts of data; `more` appends cells to a row.
template <class More>
std::string grid(const std::string& header, const More& more) {
  std::string text = header + "\n";
  for (const double size : {1e7, 3e7, 1e8, 3e8}) {
    for (const double data : {1e9, 3e9, 1e10, 3e10}) text += more(size, data);
  }
  return text;
}

std::string row(double size, double data, double factor, const std::string& more) {
  return std::to_string(size) + "," + std::to_string(data) + "," + std::to_string(factor * loss(size, data)) +
         "," + more + "\n";
}

fit::Measurements prepare(const std::string& text, const fit::FitConfig& config = {},
                          const std::string& file = "runs.csv") {
  fit::Table table;
  fit::append_text(table, fit::text_of(text, file), file);
  return fit::prepare_measurements(table, config, "config");
}

std::string error_of(const std::string& text, const fit::FitConfig& config = {},
                     const std::string& file = "runs.csv") {
  try {
    prepare(text, config, file);
  } catch (const base::UserError& error) {
    return std::string(error.what()) + "|" + error.hint();
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
bool tells(const fit::Measurements& m, const std::string& part) {
  for (const std::string& note : m.notes) {
    if (has(note, part)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("several experiments in one table become series, or are refused with what to say") {
  const std::string text = grid("params,tokens,loss,corpus", [](double size, double data) {
    return row(size, data, 1, "c4") + row(size, data, 1.1, "pile");
  });
  const fit::Measurements m = prepare(text);
  CHECK(m.series == std::vector<std::string>{"c4", "pile"});
  CHECK(tells(
      m, "2 experiments in one table, each fitted on its own by 'corpus'; --set ignore=corpus pools them"));
  fit::FitConfig pooled;
  pooled.ignore = "corpus";
  CHECK(prepare(text, pooled).series.empty());
  const std::string few = "tokens,loss,family\n1e9,4,a\n2e9,3.5,a\n4e9,3.2,a\n1e9,3,b\n2e9,2.8,b\n";
  CHECK(has(error_of(few), "holds several experiments ('family'), and some have too few scales"));
  CHECK(has(error_of(few), "--set where.family=VALUE fits one of them; --set ignore=family pools them"));
  // Names of runs, of sizes and of machines are no experiments.
  const fit::Measurements named =
      prepare(grid("params,tokens,loss,name,host,layers", [](double size, double data) {
        return row(size, data, 1,
                   "m" + std::to_string(size) + (data > 5e9 ? ",a," : ",b,") + std::to_string(size / 1e7));
      }));
  CHECK(named.series.empty());
  CHECK(tells(named, "not used, follows from the scale: 'name', 'layers'"));
}

TEST_CASE("a sweep is refused, or the best of each scale is taken by one setting") {
  const std::string text = grid("params,tokens,loss,Learning Rate,seed", [](double size, double data) {
    std::string rows;
    for (const double off : {-1.0, 0.0, 1.0}) {
      for (const char* seed : {"0", "1"})
        rows += row(size, data, 1 + 0.02 * off * off + (*seed - '0') * 1e-3,
                    std::to_string(1e-3 * std::exp(off) * 1e7 / size) + "," + seed);
    }
    return rows;
  });
  CHECK(has(error_of(text),
            "runs of the same size and data differ in 'Learning Rate': a sweep would be pooled"));
  CHECK(has(error_of(text), "--set sweep=best fits the best of each scale"));
  fit::FitConfig best;
  best.sweep = "best";
  const fit::Measurements m = prepare(text, best);
  REQUIRE(m.runs.count() == 32);  // both seeds of the best
  CHECK(m.runs.y[0] == Approx(loss(1e7, 1e9)).epsilon(1e-5));
  CHECK(m.runs.y[1] == Approx(1.001 * loss(1e7, 1e9)).epsilon(1e-5));
  CHECK(tells(m, "the best of each scale is fitted, 32 of 96 runs"));
  fit::FitConfig all;
  all.sweep = "all";
  CHECK(prepare(text, all).runs.count() == 96);
  CHECK(tells(prepare(text, all), "varies and is not used: 'Learning Rate' (12 values)"));
}

TEST_CASE("formats are read, or refused by their right names") {
  const std::string csv = "params;tokens;loss\r\n1e6;2e7;3,5\r\n2e6;2e7;3,25\r\n";
  std::string utf16 = "\xFF\xFE", big = "\xFE\xFF", bare;
  for (const char c : csv) {
    utf16 += std::string{c, '\0'};
    big += std::string{'\0', c};
    bare += std::string{c, '\0'};
  }
  for (const std::string& text : {csv, utf16, big, bare})
    CHECK(prepare(text).runs.y == std::vector<double>{3.5, 3.25});
  for (const char* json :
       {R"([{"params":1e6,"tokens":2e7,"loss":3.5},{"params":2e6,"tokens":2e7,"loss":3.25}])",
        R"({"params":[1e6,2e6],"tokens":[2e7,2e7],"loss":[3.5,3.25]})",
        R"({"params":{"0":1e6,"1":2e6},"tokens":{"0":2e7,"1":2e7},"loss":{"0":3.5,"1":3.25}})",
        R"({"0":{"params":1e6,"tokens":2e7,"loss":3.5},"1":{"params":2e6,"tokens":2e7,"loss":3.25}})",
        R"({"columns":["params","tokens","loss"],"data":[[1e6,2e7,3.5],[2e6,2e7,3.25]]})",
        "{\"runs\": "
        "[\n{\"params\":1e6,\"tokens\":2e7,\"loss\":3.5},\n{\"params\":2e6,\"tokens\":2e7,\"loss\":3.25}]"
        "}"}) {
    CHECK(prepare(json, {}, "runs.json").runs.y == std::vector<double>{3.5, 3.25});
    CHECK(fit::holds_runs(json));
  }
  CHECK(!fit::holds_runs(R"({"data": ["runs.csv"], "law": "chinchilla", "columns": {"size": "params"}})"));
  CHECK(has(error_of("PAR1xxxx"), "runs.csv: is a Parquet file, which is not read|save it as CSV"));
  CHECK(has(error_of("PK\x03\x04xxxx"), "an Excel workbook"));
  CHECK(has(error_of("\x1f\x8bxxxx"), "compressed with gzip"));
  CHECK(has(error_of(std::string("a,b\n1\0\0\0,2\n", 11)), "is no text"));
}

TEST_CASE("charts of Weights & Biases: a row for each run and step, without __MIN and __MAX") {
  const fit::Measurements m = prepare(
      "Step,m1 - eval/loss,m1 - eval/loss__MIN,m1 - eval/loss__MAX,m2 - eval/loss,m2 - eval/loss__MIN,m2 - "
      "eval/loss__MAX\n"
      "10,4,4,4,,,\n20,3.5,3.5,3.5,3.6,3.6,3.6\n40,3.2,3,3.4,3.3,3.3,3.3\n",
      [] {
        fit::FitConfig config;
        config.measurements.columns["data"] = "Step";
        config.ignore = "run";
        return config;
      }());
  CHECK(m.runs.y == std::vector<double>{4, 3.5, 3.6, 3.2, 3.3});
  CHECK(m.runs.columns[0] == std::vector<double>{10, 20, 20, 40, 40});
  CHECK(tells(m, "a chart of Weights & Biases"));
}

TEST_CASE("runs that diverged are found among two hundred thousand as among a few") {
  fit::Runs runs;
  std::vector<double> size, data;
  for (int i = 0; i < 200000; ++i) {
    size.push_back(1e6 * std::pow(1.0001, i % 40000));
    data.push_back(1e8 * std::pow(1.3, i / 40000 * 3 + i % 7));
    runs.y.push_back(loss(size.back(), data.back()) * (i == 123456 ? 2 : 1));
  }
  runs.set_column("size", size);
  runs.set_column("data", data);
  CHECK(fit::diverged_runs(runs) == std::vector<std::size_t>{123456});
}

TEST_CASE("of a table of checkpoints the last of each run is fitted, or all where that is asked for") {
  std::string text = "run_name,step,params,tokens,loss\n";
  for (const double size : {1e7, 3e7, 1e8, 3e8, 1e9}) {
    for (const double step : {1000.0, 2000.0, 4000.0})
      text += "r" + std::to_string(size) + "," + std::to_string(step) + "," + std::to_string(size) + "," +
              std::to_string(step * size / 50) + "," + std::to_string(loss(size, step * size / 50)) + "\n";
  }
  const fit::Measurements last = prepare(text);
  CHECK(last.runs.count() == 5);
  CHECK(last.runs.y[0] == Approx(loss(1e7, 4000 * 1e7 / 50)).epsilon(1e-5));
  CHECK(tells(last, "15 checkpoints of 5 runs (by 'run_name' and 'step'): the last of each run is fitted"));
  fit::FitConfig all;
  all.checkpoints = "all";
  CHECK(prepare(text, all).runs.count() == 15);
  CHECK(tells(prepare(text, all), "every one is fitted"));
  // Our own runs have steps too, and are no checkpoints.
  CHECK(prepare("name,steps,params,tokens,loss\na,10,1e6,1e8,4\na,20,1e6,2e8,3.5\nb,10,2e6,1e8,3.7\nb,20,2e6,"
                "2e8,3.2\n")
            .runs.count() == 4);
}
