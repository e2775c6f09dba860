// The work of `select`: limits, what is refused, the scheme as `adapt` reads it, and the page.
#include "sparse/select.h"

#include <nlohmann/json.hpp>

#include "config/size.h"
#include "sparse/select_page.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using Json = nlohmann::ordered_json;

namespace {

// Of every part of the small model a gain that grows with what is trained.
sparse::Contributions made_up(const ir::Graph& graph) {
  sparse::Contributions made;
  made.setup.network = graph.name;
  made.setup.layers = made.setup.bias_base = 4;
  for (const sparse::Part& part : sparse::parts_of(sparse::ExtraMemory(graph), made.setup)) {
    double gain = 0;
    if (part.kind == sparse::Part::Kind::bias) gain = 0.02 * static_cast<double>(part.number);
    if (part.kind == sparse::Part::Kind::weights)
      gain = 0.03 * part.fraction * static_cast<double>(part.number + 1);
    made.entries.push_back({part, gain, 0.5 + gain, ""});
  }
  return made;
}

std::string refusal(const sparse::Contributions& contributions, const sparse::SelectConfig& config) {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  return test::message_of([&] { sparse::select(graph, contributions, "c.jsonl", config); });
}

}  // namespace

TEST_CASE("sizes of memory are read", "[sparse]") {
  CHECK(config::bytes_of("49KB", "limit") == 49 * 1024);
  CHECK(config::bytes_of("1.5MB", "limit") == 1572864);
  CHECK(config::bytes_of("50000", "limit") == 50000);
  CHECK(config::bytes_of("160B", "limit") == 160);
  for (const char* bad : {"49kb", "KB", "-1KB", "4 KB", "1e30", "nan", "49KBs"})
    CHECK(test::message_of([&] { config::bytes_of(bad, "limit"); }) ==
          std::string("limit: is no size: '") + bad + "'");
  CHECK(test::message_of([&] { config::bytes_of("", "limit"); }) == "limit: is not given");
}

TEST_CASE("a selection keeps to its limit and is read as a scheme", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  for (const char* method : {"exact", "evolution"}) {
    sparse::SelectConfig config;
    config.method = method;
    config.limit = "200B";
    const Json result = sparse::select(graph, made_up(graph), "c.jsonl", config);
    const nlohmann::json read = result;
    const sparse::UpdateScheme scheme = sparse::read_scheme(config::JsonNode(read, "select.json"), graph);
    CHECK((sparse::extra_memory_bits(graph, scheme) + 7) / 8 == result["extra_memory_bytes"]);
    CHECK(result["extra_memory_bytes"] <= 200);
    CHECK(result["predicted_gain"] > 0.02);
    CHECK(result["evolution_gain"] <= result["exact_gain"]);
    CHECK(result["by_limit"].back()["predicted_gain"].get<double>() == Approx(0.08 + 0.03 * (1 + 2 + 3 + 4)));
    const std::string page = sparse::select_page(result, graph);
    CHECK(page.find("<svg") != std::string::npos);
    CHECK(page.find("project") != std::string::npos);
  }
}

TEST_CASE("freezing by added-up contributions keeps to the threshold", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  sparse::SelectConfig config;
  config.method = "freeze";
  config.threshold = 0.75;
  const Json result = sparse::select(graph, made_up(graph), "c.jsonl", config);
  CHECK(result["accuracy"].get<double>() == Approx(0.5 + 0.08 + 0.03 * (3 + 4)));
  CHECK(result["scheme"]["layers"] == Json({2, 3}));
  CHECK(result["curve"].size() == 4);
  CHECK(sparse::select_page(result, graph).find("threshold") != std::string::npos);
  config.threshold = 0.9;
  CHECK(refusal(made_up(graph), config) == "threshold: is not reached by training everything: 0.9");
}

TEST_CASE("a selection that cannot be made is refused", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  sparse::SelectConfig config;
  config.limit = "5B";
  CHECK(refusal(made_up(graph), config) == "memory limit: is below the smallest scheme: 5 bytes");
  config.limit = "6B";  // the head's six inputs
  CHECK(refusal(made_up(graph), config) == "no error");
  sparse::Contributions some = made_up(graph);
  some.entries.erase(some.entries.begin() + 2, some.entries.begin() + 7);
  CHECK(
      refusal(some, config) ==
      "c.jsonl: lacks contributions: biases of the last 2 layers; biases of the last 3 layers; biases of the "
      "last 4 layers; and 2 more");
  config.partial = true;
  CHECK(refusal(some, config) == "no error");
  config.method = "freeze";
  some.entries.erase(some.entries.begin());
  CHECK(refusal(some, config) == "c.jsonl: has no accuracy of the head, so that a threshold says nothing");
}
