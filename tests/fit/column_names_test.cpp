// Columns and numbers as people write them: other spreadsheets' names, units in names and values, decimal
// commas.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/command/prepare.h"
#include "fit/runs/measurements.h"
#include "fit/runs/number.h"
#include "support/test.h"

using namespace frugal;

namespace {

fit::Table table_of(const std::string& text, const std::string& file = "runs.csv") {
  fit::Table table;
  fit::append_text(table, text, file);
  return table;
}

// The roles of a header over one row of ones: "size=Params (B) data=tokens …".
std::string roles_of(const std::string& header) {
  std::string row, columns;
  for (const char c : header) row += c == ';' ? ";1" : "";
  const fit::Table table = table_of(header + "\n1" + row + "\n", "-");
  for (const auto& [role, name] : fit::choose_columns(table, {}).names)
    columns += (columns.empty() ? "" : " ") + role + "=" + name;
  return columns;
}

double number(const std::string& text, fit::DecimalMark mark = fit::DecimalMark::point) {
  const fit::WrittenNumber read = fit::read_number(text, mark);
  return read.problem == fit::WrittenNumber::Problem::none ? read.value : -1;
}

std::string error_of(const std::string& text, const fit::FitConfig& config = {}) {
  try {
    fit::prepare_measurements(table_of(text), config, "config");
  } catch (const base::UserError& error) {
    return std::string(error.what()) + "|" + error.hint();
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("numbers as people write them") {
  CHECK(number("15M") == 15e6);
  CHECK(number("6.9B") == 6.9e9);
  CHECK(number(" 1.4 T ") == 1.4e12);
  CHECK(number("410m params") == 410e6);
  CHECK(number("350 million") == 350e6);
  CHECK(number("12k") == 12e3);
  CHECK(number("2Ki") == 2048);
  CHECK(number("1,000,000") == 1e6);
  CHECK(number("1 000 000") == 1e6);
  CHECK(number("1_000_000") == 1e6);
  CHECK(number("1'000'000.5") == 1000000.5);
  CHECK(number("1\u202F000\u202F000") == 1e6);
  CHECK(number("25 %") == 0.25);
  CHECK(number("7.9%") == 7.9 / 100);
  CHECK(number("1e21 FLOPs") == 1e21);
  CHECK(number("5.76×10^23") == 5.76e23);
  CHECK(number("5.76 x 10^23") == 5.76e23);
  CHECK(number("10²¹") == Approx(1e21));
  CHECK(number("2^20") == 1048576);
  CHECK(number("3 EFLOPs") == 3e18);
  CHECK(number("2 PF-days") == 2 * 86400e15);
  CHECK(number("1.5 petaflop/s-days") == 1.5 * 86400e15);
  CHECK(number("4,4409", fit::DecimalMark::comma) == 4.4409);
  CHECK(number("1.234.567,5", fit::DecimalMark::comma) == 1234567.5);
  CHECK(number("1,5e9", fit::DecimalMark::comma) == 1.5e9);
  for (const char* wrong :
       {"", "abc", "12x", "1,00,0", "1,0000", "--3", "1e", "M", "3 apples", "5 TFLOP/s", "1.2.3"})
    CHECK(number(wrong) == -1);
}

TEST_CASE("columns are matched by their words, not by case, plural, unit or punctuation") {
  CHECK(roles_of("Model Size;Training FLOP;loss") == "compute=Training FLOP error=loss size=Model Size");
  CHECK(roles_of("Params (B);Tokens (B);Val Loss") == "data=Tokens (B) error=Val Loss size=Params (B)");
  CHECK(roles_of("params_active_precise;tokens;final_loss") ==
        "data=tokens error=final_loss size=params_active_precise");
  CHECK(roles_of("nParams;tokensSeen;evalLoss") == "data=tokensSeen error=evalLoss size=nParams");
  CHECK(roles_of("# Parameters;# Training Tokens;Cross-entropy") ==
        "data=# Training Tokens error=Cross-entropy size=# Parameters");
  CHECK(roles_of("non-embedding params;total tokens [M];Loss (nats)") ==
        "data=total tokens [M] error=Loss (nats) size=non-embedding params");
  CHECK(roles_of("num_trainable_parameters;training_pflops;c4_val_loss;train_loss") ==
        "compute=training_pflops error=c4_val_loss size=num_trainable_parameters");
  CHECK(roles_of("N (params);D (tokens);Test loss") == "data=D (tokens) error=Test loss size=N (params)");
  // What only looks like it.
  CHECK(roles_of("params;tokens;tokens_per_param;batch_tokens;vocab_size;loss;loss_std") ==
        "data=tokens error=loss size=params");
  CHECK(roles_of("params;tokens_per_second;batch_size;train_samples;loss") ==
        "data=train_samples error=loss size=params");
  CHECK(roles_of("params;tokens;tflops;loss") == "data=tokens error=loss size=params");
}

TEST_CASE("units of a column's name and of its values are used, once") {
  const auto read = [](const std::string& text) {
    return fit::prepare_measurements(table_of(text), {}, "config").runs;
  };
  const fit::Runs named = read("Params (M),Tokens (B),Error (%)\n15,1.5,75\n30,3,70\n");
  CHECK(named.column("size")[1] == 30e6);
  CHECK(named.column("data")[0] == 1.5e9);
  CHECK(named.y[0] == 0.75);
  const fit::Runs both = read("Params (M),tokens_b,loss\n0.015B,1.5,4\n30,3B,3\n");
  CHECK(both.column("size")[0] == 15e6);
  CHECK(both.column("data")[1] == 3e9);
  const fit::Runs comma = read("params;tokens;loss\n1.000.000;2,5B;4,441\n2.000.000;5B;4,203\n");
  CHECK(comma.column("size")[0] == 1e6);
  CHECK(comma.column("data")[0] == 2.5e9);
  CHECK(comma.y[0] == 4.441);
  const fit::Runs exponents = read("log10_flops,loss\n18,4\n19,3.5\n");
  CHECK(exponents.column("compute")[1] == Approx(1e19));
  CHECK(has(error_of("params,tokens,loss\n1e6,1e9,\"4,441\"\n"),
            "'4,441' may be thousands or have a decimal comma"));
  CHECK(has(error_of("params,tokens,loss\n\"1,5\",1e9,4\n\"1,000,000\",1e9,3\n"),
            "column 'params': the comma of '1,5' is"));
  CHECK(has(error_of("params_m,tokens,loss\n15000000,1e9,4\n1e10,1e9,3\n"), "would be 1e+16"));
  CHECK(has(error_of("params,tokens,error\n1e6,1e9,25 %\n2e6,1e9,20\n"), "'20' has no % sign"));
}

TEST_CASE("what begins as a power of ten and is none is no unit") {
  CHECK(fit::unit_factor("10^9") == 1e9);
  CHECK(fit::unit_factor("in 10^6 tokens") == 1e6);
  CHECK(fit::unit_factor("in millions") == 1e6);
  for (const char* text : {"1e", "1e-", "1e999", "10^", "x10^ no", "* 10^", "in 1e-", "in in 10^9x"}) {
    INFO(text);
    CHECK(!fit::unit_factor(text));
  }
  std::string deep;
  for (int i = 0; i < 200000; ++i) deep += "1e1 ";
  CHECK(!fit::unit_factor(deep));
  CHECK(fit::read_number(deep).problem == fit::WrittenNumber::Problem::not_a_number);
}

TEST_CASE(
    "size and compute without data, or data and compute without size: the other follows from the cost") {
  const std::string text = "Model Size,Training FLOP,loss\n1e8,6e17,4\n1e8,6e18,3\n2e8,1.2e19,2.8\n";
  const fit::Measurements m = fit::prepare_measurements(table_of(text), {}, "config");
  CHECK(m.runs.column("data")[0] == Approx(1e9));
  CHECK(m.runs.column("data")[2] == Approx(1e10));
  CHECK(has(m.notes.back(),
            "no column for the data: derived from size and compute, D = C/(6 N) (1 G to 10 G)"));
  fit::FitConfig own;
  own.cost = "3*N*D";
  CHECK(fit::prepare_measurements(table_of(text), own, "config").runs.column("data")[0] == Approx(2e9));
  const fit::Measurements size = fit::prepare_measurements(
      table_of("tokens,train_flops,loss\n1e9,6e17,4\n2e9,1.2e18,3\n"), {}, "config");
  CHECK(size.runs.column("size")[1] == Approx(1e8));
  // The cost of one pass is no cost of a training.
  const fit::Measurements pass = fit::prepare_measurements(
      table_of("params,flops,error\n25e6,4.1e9,0.24\n44e6,7.8e9,0.22\n"), {}, "config");
  CHECK(!pass.runs.has("data"));
  CHECK(!pass.runs.has("compute"));
  CHECK(has(pass.notes.back(), "'flops' is not used"));
}
