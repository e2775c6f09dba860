// Devices elsewhere: operations survive the way over a line, and a runner that answers garbage, dies or is
// late gives a clear error while what was measured is kept.
#include "search/cost/operation.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "network/compact.h"
#include "search/profile/profile.h"
#include "support/test.h"

using namespace frugal;

namespace {

std::vector<search::Piece> operations() {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 5e3s2w8 3e6 Z";
  compact.stem = 8;
  compact.head = 16;
  compact.resolution = 16;
  compact.classes = 5;
  return search::distinct_operations(search::pieces_of(network::expand(compact, "test")));
}

struct Outcome {
  std::string message;
  std::size_t kept = 0;
};

// Profiles through a shell command that reads lines; `answer` is its loop's body ($n counts from 0).
Outcome with_runner(const std::string& body, double timeout_s = 20) {
  const test::TempDir folder;
  search::DeviceConfig config;
  config.runner = "n=0; while read -r line; do " + body + "; n=$((n+1)); done";
  config.runner_timeout_s = timeout_s;
  Outcome outcome;
  const std::string out = folder / "table.json";
  try {
    search::profile(operations(), config, {out, false, true});
    outcome.message = "measured";
  } catch (const base::UserError& error) {
    outcome.message = error.message();
  }
  if (std::filesystem::exists(out)) outcome.kept = search::load_table(out).operations.size();
  return outcome;
}

bool has(const Outcome& outcome, const std::string& text) {
  INFO(outcome.message);
  CHECK(outcome.message.find(text) != std::string::npos);
  return true;
}

}  // namespace

TEST_CASE("an operation is the same after its way over a line", "[search]") {
  for (const auto& piece : operations()) {
    const auto json = search::operation_json(piece);
    const auto again = search::read_operation(nlohmann::json::parse(json.dump()), "line");
    CHECK(search::key_of(again, search::KeyStyle::own) == search::key_of(piece, search::KeyStyle::own));
    CHECK(again.out == piece.out);
  }
  const auto bad = [](const char* text) {
    CHECK_THROWS_AS(search::read_operation(nlohmann::json::parse(text), "line"), base::UserError);
  };
  bad("[]");
  bad(R"({"kind": "mb_conv", "in": [8, 4, 4], "out": [8, 4, 4]})");
  bad(R"({"kind": "dance", "in": [8, 4, 4], "out": [8, 4, 4]})");
  bad(R"({"kind": "head", "in": [8, 4], "out": [8, 1, 1]})");
}

TEST_CASE("a runner's answers become the table", "[search]") {
  const Outcome outcome = with_runner("echo \"{\\\"id\\\": $n, \\\"ms\\\": 0.5}\"");
  CHECK(outcome.message == "measured");
  CHECK(outcome.kept == operations().size());
}

TEST_CASE("a runner that answers garbage, dies or is late is told, and what was measured is kept",
          "[search]") {
  const std::string good = "echo \"{\\\"id\\\": $n, \\\"ms\\\": 0.5}\"";
  const std::string twice = "if [ $n -lt 2 ]; then " + good + "; else ";
  Outcome outcome = with_runner(twice + "echo 12 parsecs; fi");
  CHECK(has(outcome, "answered no JSON object: 12 parsecs"));
  CHECK(outcome.kept == 2);
  outcome = with_runner(twice + "exit 3; fi");
  CHECK(has(outcome, "ended with exit code 3 before it answered"));
  CHECK(outcome.kept == 2);
  outcome = with_runner(twice + "kill -9 $$; fi");
  CHECK(has(outcome, "was ended by signal 9"));
  outcome = with_runner(twice + "sleep 30; fi", 0.3);
  CHECK(has(outcome, "gave no answer within 0.3 s"));
  CHECK(outcome.kept == 2);
  CHECK(has(with_runner("echo '{\"id\": 0, \"ms\": -1}'"), "no positive milliseconds"));
  CHECK(has(with_runner("echo '{\"id\": 0}'"), "no positive milliseconds"));
  CHECK(has(with_runner("echo '{\"id\": 7, \"ms\": 1}'"), "answered operation 7 when 0 was asked"));
  CHECK(has(with_runner("echo '{\"id\": 0, \"error\": \"no such kernel\"}'"), "says: no such kernel"));
}
