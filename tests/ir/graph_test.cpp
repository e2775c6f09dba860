// Graphs of operators: what is written is read back the same, what is broken is refused with its place, and
// the counts are those by hand.
#include "ir/graph.h"

#include "ir/builder.h"
#include "ir/count.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "support/message_of.h"
#include "support/random_graph.h"
#include "support/test.h"

using namespace frugal;

namespace {

using List = std::vector<std::int64_t>;

ir::Attributes window(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{"kernel", List{kernel, kernel}},
          {"stride", List{stride, stride}},
          {"padding", List(4, padding)},
          {"dilation", List{1, 1}}};
}

// 3x8x8 -> convolution to 4, batch norm, relu, sum with what a 1x1 makes of it, pool, classifier.
ir::Graph small() {
  ir::Builder graph("small");
  ir::TensorId x = graph.input("images", {1, 3, 8, 8});
  ir::Attributes stem = window(3, 1, 1);
  stem.emplace_back("out_channels", std::int64_t{4});
  x = graph.add("conv", "stem.conv", {x}, stem);
  x = graph.add("batch_norm", "stem.bn", {x});
  x = graph.add("relu", "stem.act", {x});
  ir::Attributes pointwise = window(1, 1, 0);
  pointwise.emplace_back("out_channels", std::int64_t{4});
  pointwise.emplace_back("bias", std::int64_t{1});
  const ir::TensorId branch = graph.add("conv", "branch", {x}, pointwise);
  x = graph.add("add", "sum", {branch, x});
  x = graph.add("global_average_pool", "pool", {x});
  x = graph.add("flatten", "features", {x});
  x = graph.add("fully_connected", "logits", {x}, {{"out_features", std::int64_t{5}}});
  return graph.finish({x});
}

std::string verified(const ir::Graph& graph) {
  return test::message_of([&] { ir::verify(graph, "g"); });
}

std::string error_of(const std::string& text) {
  return test::message_of([&] { ir::from_text(text, "g.txt"); });
}

}  // namespace

TEST_CASE("the text form of a graph reads back to the same graph", "[ir]") {
  const ir::Graph graph = small();
  CHECK(ir::from_text(ir::to_text(graph), "text") == graph);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const ir::Graph random = test::random_graph(seed);
    const std::string text = ir::to_text(random);
    INFO(text);
    const ir::Graph again = ir::from_text(text, "text");
    CHECK(ir::to_text(again) == text);
    CHECK(again.nodes.size() == random.nodes.size());
    CHECK(ir::parameter_count(again, ir::whole(again)) == ir::parameter_count(random, ir::whole(random)));
    CHECK(ir::mac_count(again, ir::whole(again)) == ir::mac_count(random, ir::whole(random)));
    CHECK(ir::sram_bytes(again, ir::whole(again)) == ir::sram_bytes(random, ir::whole(random)));
  }
}

TEST_CASE("names with spaces and quotes, comments and scales survive the text form", "[ir]") {
  const std::string text =
      "graph \"my \\\"net\\\"\" {  # a comment\n"
      "  input \"the image\": i8[1, 2, 4] quantised(scale = [0.1], zero_point = [-3])\n"
      "  y: i8[1, 2, 4] quantised(scale = [1e-05], zero_point = [7]) = relu(\"the image\")\n"
      "  output y\n}\n";
  const ir::Graph graph = ir::from_text(text, "text");
  CHECK(graph.name == "my \"net\"");
  CHECK(graph.tensors[0].quantization->zero_point == List{-3});
  CHECK(graph.tensors[1].quantization->scale.front() == 1e-5);
  CHECK(ir::from_text(ir::to_text(graph), "again") == graph);
}

TEST_CASE("counts of a small graph, by hand", "[ir]") {
  const ir::Graph graph = small();
  const ir::NodeRange all = ir::whole(graph);
  CHECK(ir::parameter_count(graph, all) == 4 * 27 + 8 + (16 + 4) + (20 + 5));
  CHECK(ir::mac_count(graph, all) == 64 * 4 * 27 + 64 * 16 + 20);
  CHECK(ir::flash_bytes(graph, all) == (4 * 27 + 8 * 4) + (16 + 8 * 4) + (20 + 8 * 5));
  // Stem: 192 + 256. Branch: its input and output, 256 + 256; the sum is done in the branch's place.
  // Classifier: the map that its pool reads, what the pool gives, and 5.
  CHECK(ir::sram_bytes(graph, all) == 512);
  CHECK(ir::sram_bytes(graph, {5, 8}) == 256 + 4 + 5);
  CHECK(ir::mac_count(graph, {3, 4}) == 64 * 16);
}

TEST_CASE("a broken graph is refused by the name of its node", "[ir]") {
  const ir::Graph good = small();
  CHECK(verified(good) == "no error");
  const auto broken = [&](const auto& change) {
    ir::Graph graph = good;
    change(graph);
    return verified(graph);
  };
  using ir::Graph;
  CHECK(broken([](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); }) ==
        "g: stem.bn: reads 'stem.conv' before it is computed");
  CHECK(broken([](Graph& g) {
          g.tensor(g.nodes[3].output).shape[1] = 5;
        }).find("branch: has the shape [1, 5, 8, 8], but conv gives [1, 4, 8, 8]") != std::string::npos);
  CHECK(broken([](Graph& g) {
          g.tensors[1].shape = {4, 2, 3, 3};
        }).find("stem.conv: needs a parameter 'weight' of shape [4, 3, 3, 3]") != std::string::npos);
  CHECK(broken([](Graph& g) { g.nodes[0].inputs.pop_back(); }).find("needs 1 parameters, got 0") !=
        std::string::npos);
  CHECK(broken([](Graph& g) { g.nodes[4].inputs.pop_back(); }).find("add takes 2 to 2 inputs, got 1") !=
        std::string::npos);
  CHECK(broken([](Graph& g) { g.nodes[4].inputs[1] = 99; }).find("is no tensor of the graph") !=
        std::string::npos);
  CHECK(broken([](Graph& g) { g.tensors[1].name = "images"; }).find("images: stands twice") !=
        std::string::npos);
  CHECK(broken([](Graph& g) { g.nodes[0].attributes.pop_back(); }).find("stem.conv") != std::string::npos);
  CHECK(broken([](Graph& g) { g.nodes.push_back(g.nodes.back()); }).find("logits: is computed twice") !=
        std::string::npos);
  CHECK(broken([](Graph& g) { g.outputs.clear(); }).find("has no output") != std::string::npos);
  CHECK(broken([](Graph& g) { g.nodes.pop_back(); }).find("logits: is an output that nothing computes") !=
        std::string::npos);
  CHECK(broken([](Graph& g) {
          g.tensors[0].quantization = ir::Quantization{{0.0}, {0}, ir::none};
        }).find("no positive number") != std::string::npos);
  CHECK(broken([](Graph& g) {
          g.tensors[1].quantization = ir::Quantization{{0.1}, {0}, 0};
        }).find("needs 4 scales") != std::string::npos);
  CHECK(broken([](Graph& g) {
          g.tensors[0].shape = {1, 0, 8, 8};
        }).find("images: gives an empty tensor") != std::string::npos);
  CHECK(broken([](Graph& g) {
          g.tensors[0].shape = {1 << 20, 1 << 20, 8, 8};
        }).find("too large") != std::string::npos);
}

TEST_CASE("text that is no graph is refused with line and column", "[ir]") {
  CHECK(error_of("").find("g.txt:1:1: a graph begins with 'graph', got the end of the text") == 0);
  CHECK(error_of("graph g {\n  input x: f33[1]\n}").find("g.txt:2:15: unknown type 'f33'") == 0);
  CHECK(error_of("graph g {\n  input x: f32[1, 2]\n  y: f32[1, 2] = rellu(x)\n}")
            .find("g.txt:3:18: unknown operator 'rellu'") == 0);
  CHECK(error_of("graph g {\n  input x: f32[1, 2]\n  y: f32[1, 2] = relu(z)\n}")
            .find("g.txt:3:23: unknown tensor 'z'") == 0);
  CHECK(error_of("graph g {\n  input x: f32[1, 2]\n  y: f32[1, 3] = relu(x)\n  output y\n}")
            .find("g.txt: y: has the shape [1, 3]") == 0);
  CHECK(error_of("graph g {\n  input x: f32[1, 2]\n  y: f32[1, 2] = relu(x) {slope = 1}\n}")
            .find("unknown attribute 'slope'") != std::string::npos);
  CHECK(error_of("graph g {\n  input x: f32[-1, 2]\n}").find("empty tensor") != std::string::npos);
  CHECK(error_of("graph g {\n  input x: f32[99999999999999999999]\n}").find("whole number was expected") !=
        std::string::npos);
  CHECK(error_of("graph g {\n  input \"x").find("quote that is not closed") != std::string::npos);
  CHECK(error_of("graph g {\n  input x: f32[1]\n  output x\n} more").find("something follows the graph") !=
        std::string::npos);
  CHECK(error_of("graph g {\n  input x: f32[1]\n  input x: f32[1]\n}").find("g.txt:3:9: 'x' stands twice") ==
        0);
}
