// The file of contributions: written, read, refused; and the problem that is made of it.
#include "sparse/contributions.h"

#include <cmath>

#include "sparse/knapsack.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using sparse::Contributions;
using sparse::Part;

namespace {

const std::string head =
    R"({"kind": "setup", "schema": "frugal.tinytrain_compile.contributions/1", "network": "tiny", "layers": 4,)"
    R"( "method": "measured", "bias_base": 4, "fractions": [0.25, 0.5, 1], "config": {"epochs": 2}})"
    "\n";

std::string refusal(const std::string& lines) {
  return test::message_of([&] { sparse::parse_contributions(head + lines, "c.jsonl"); });
}

}  // namespace

TEST_CASE("contributions are written and read back", "[sparse]") {
  sparse::Contribution bias{{Part::Kind::bias, 2, 0}, 0.125, 0.625, ""};
  sparse::Contribution weights{{Part::Kind::weights, 3, 0.25}, -0.0625, 0.5625, ""};
  sparse::Contribution failed;
  failed.part = {Part::Kind::weights, 1, 1};
  failed.failed = "the loss is no finite number";
  Contributions read = sparse::parse_contributions(head, "c.jsonl");
  std::string text = sparse::to_line(read.setup) + "\n\n";
  for (const auto& entry : {sparse::Contribution{{}, 0, 0.5, ""}, bias, weights, failed})
    text += sparse::to_line(entry) + "\r\n";
  read = sparse::parse_contributions(text, "c.jsonl");
  REQUIRE(read.entries.size() == 4);
  CHECK(read.setup.config == R"({"epochs":2})");
  CHECK(read.find(bias.part)->gain == 0.125);
  CHECK(read.find(weights.part)->accuracy == 0.5625);
  CHECK(std::isnan(read.find(failed.part)->gain));
  CHECK(read.find(failed.part)->failed == failed.failed);
  CHECK(read.find({Part::Kind::bias, 3, 0}) == nullptr);
}

TEST_CASE("a broken file of contributions is refused at its line", "[sparse]") {
  const auto none = [](const std::string& text) {
    return test::message_of([&] { sparse::parse_contributions(text, "c.jsonl"); });
  };
  CHECK(none("") == "c.jsonl: has no contributions");
  CHECK(none(R"({"kind": "head", "gain": 0})") ==
        "c.jsonl:1:/kind: is no setup, which the first line must be");
  CHECK(refusal(head) == "c.jsonl:2:/kind: is a second setup");
  CHECK(refusal(R"({"kind": "bi)") == R"(c.jsonl:2: is no JSON: '{"kind": "bi')");
  CHECK(refusal("\n"
                R"({"kind": "bias", "layers": 5, "gain": 0})")
            .find("c.jsonl:3:/layers: must be in [1, 4]") == 0);
  CHECK(refusal(R"({"kind": "weights", "layer": 4, "fraction": 1, "gain": 0})").find("c.jsonl:2:/layer") ==
        0);
  CHECK(refusal(R"({"kind": "weights", "layer": 0, "fraction": 0.125, "gain": 0})") ==
        "c.jsonl:2:/fraction: is none of the setup's fractions: 0.125");
  CHECK(refusal(R"({"kind": "bias", "layers": 1})").find("gain") != std::string::npos);
  CHECK(refusal(R"({"kind": "bias", "layers": 1, "gain": 0, "failed": "x"})").find("/gain") !=
        std::string::npos);
  CHECK(refusal(R"({"kind": "bias", "layers": 1, "gain": 1e999})").find("c.jsonl:2: is no JSON") == 0);
  CHECK(refusal(R"({"kind": "bias", "layers": 1, "gain": NaN})").find("c.jsonl:2: is no JSON") == 0);
  CHECK(refusal(R"({"kind": "bias", "layers": 1, "gain": 0, "accuracy": 61})").find("c.jsonl:2:/accuracy") ==
        0);
  CHECK(refusal(R"({"kind": "bias", "layers": 1, "gain": 0, "acuracy": 1})").find("acuracy") !=
        std::string::npos);
  const std::string one = R"({"kind": "bias", "layers": 1, "gain": 0})";
  CHECK(refusal(one + "\n" + one) == "c.jsonl:3:/: stands twice: biases of the last 1 layers");
}

TEST_CASE("what a file of contributions lacks is known, and another network's is refused", "[sparse]") {
  ir::Graph graph = test::tiny_int8_model(1).graph;
  const sparse::ExtraMemory memory(graph);
  const Contributions some = sparse::parse_contributions(
      head + R"({"kind": "bias", "layers": 1, "gain": 0.25})"
             "\n"
             R"({"kind": "weights", "layer": 1, "fraction": 0.5, "gain": 0.5})"
             "\n"
             R"({"kind": "weights", "layer": 1, "fraction": 1, "gain": null, "failed": "diverged"})",
      "c.jsonl");
  const std::vector<Part> missing = sparse::missing_parts(some, memory);
  // the head, 3 of 4 biases; layer 0 has two input channels (fractions 1/4 and 1/2 are both one of them)
  CHECK(missing.size() == 1 + 3 + 2 + 1 + 3 + 3);
  CHECK(sparse::describe(missing[4]) == "weights of layer 0, fraction 0.25");
  CHECK(sparse::describe(missing[5]) == "weights of layer 0, fraction 1.0");

  const sparse::SelectionProblem problem = sparse::make_problem(some, memory, 1 << 20);
  const sparse::Selection best = sparse::select_exactly(problem).selection;
  CHECK(sparse::gain_of(problem, best) == 0.75);
  const sparse::UpdateScheme scheme = sparse::scheme_of(problem, best);
  CHECK(scheme.bias_layers == 1);
  REQUIRE(scheme.weights.size() == 1);
  CHECK(scheme.weights[0].fraction == 0.5);

  CHECK_NOTHROW(sparse::check_network(some, graph, "c.jsonl"));
  graph.name = "other";
  CHECK(test::message_of([&] { sparse::check_network(some, graph, "c.jsonl"); }) ==
        "c.jsonl: is of the network 'tiny' with 4 layers, not of 'other' with 4");
}
