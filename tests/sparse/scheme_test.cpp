// Update schemes: read, refused, and the published labels by the memory formula.
#include "sparse/scheme.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "network/import/load.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using Json = nlohmann::json;

namespace {

std::string refusal(const ir::Graph& graph, const char* text) {
  const Json json = Json::parse(text);
  return test::message_of([&] { sparse::read_scheme(config::JsonNode(json, "scheme.json"), graph); });
}

}  // namespace

TEST_CASE("a scheme is written and read back, layers by number or name", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  const Json json = Json::parse(R"({"bias_layers": 3, "layers": ["depth", 1], "fractions": [1, 0.5]})");
  const sparse::UpdateScheme scheme = sparse::read_scheme(config::JsonNode(json, "scheme.json"), graph);
  REQUIRE(scheme.weights.size() == 2);
  CHECK(scheme.weights[0].layer == 2);
  CHECK(scheme.weights[1].fraction == 0.5);
  const Json written = sparse::to_json(scheme, graph);
  CHECK(written["layer_names"] == Json({"depth", "expand"}));
  const sparse::UpdateScheme again = sparse::read_scheme(config::JsonNode(written, "again"), graph);
  CHECK(Json(sparse::to_json(again, graph)) == written);
}

TEST_CASE("memory of a scheme, counted by hand", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  sparse::UpdateScheme scheme;
  scheme.bias_layers = 1;
  // head: 6 numbers in; project: 6 channels of 3x3 out
  CHECK(sparse::extra_memory_bits(graph, scheme) == 8 * 6 + (6 * 9 + 32 * 6));
  scheme.weights = {{1, 0.5}};  // expand: 6 to 12 channels at 3x3; backward crosses expand, depth, project
  CHECK(sparse::extra_memory_bits(graph, scheme) ==
        8 * 6 + (6 * 9 + 32 * 6) + 2 * (12 * 9 + 32 * 12) + 8 * (3 * 9 + 12 * 3));
}

TEST_CASE("a scheme that the network does not have is refused with its place", "[sparse]") {
  const ir::Graph graph = test::tiny_int8_model(1).graph;
  CHECK(refusal(graph, R"({"layers": [9], "fractions": [1]})") ==
        "scheme.json:/layers/0: is no layer of the network: 9");
  CHECK(refusal(graph, R"({"layers": ["dept"], "fractions": [1]})")
            .find("is no layer of the network: 'dept'") != std::string::npos);
  CHECK(refusal(graph, R"({"layers": [1, 1], "fractions": [1, 1]})").find("/layers/1: stands twice") !=
        std::string::npos);
  CHECK(refusal(graph, R"({"layers": [1], "fractions": []})").find("as many fractions as layers") !=
        std::string::npos);
  CHECK(refusal(graph, R"({"layers": [1], "fractions": [1.5]})").find("/fractions/0") != std::string::npos);
  CHECK(refusal(graph, R"({"bias_layers": 5})").find("/bias_layers") != std::string::npos);
  CHECK(refusal(graph, R"({"bias_layer": 2})").find("bias_layer") != std::string::npos);
  const auto named = [&](const char* text) {
    return test::message_of([&] { sparse::scheme_named(text, graph); });
  };
  CHECK(named("last:5").find("from 1 to 4") != std::string::npos);
  CHECK(named("bias").find("needs a number of layers") != std::string::npos);
  CHECK(named("ful").find("is unknown") != std::string::npos);
}

TEST_CASE("the published schemes have the memory that they are named after", "[sparse]") {
  SKIP_WITHOUT_SHARED();
  const std::string folder = test::shared_data_dir() + "/tiny/";
  const Json schemes = Json::parse(base::read_text(folder + "schemes.json"));
  for (const char* name : {"mcunet-5fps", "proxyless-w0.3"}) {
    const ir::Graph graph = network::load_model(folder + name + std::string(".json")).model.graph;
    for (const Json& json : schemes[name]) {
      const sparse::UpdateScheme scheme = sparse::read_scheme(config::JsonNode(json, name), graph);
      const double kib = static_cast<double>(sparse::extra_memory_bits(graph, scheme)) / 8 / 1024;
      INFO(name << " " << json.dump() << ": " << kib);
      CHECK(kib == Approx(json["label_kb"].get<double>()).margin(1));
      if (json.contains("formula_kib")) CHECK(kib == Approx(json["formula_kib"].get<double>()).margin(0.05));
    }
  }
}
