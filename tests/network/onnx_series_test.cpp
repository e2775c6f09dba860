// ONNX files of networks over sequences and text, as PyTorch writes them.
#include "ir/operator.h"
#include "ir/text.h"
#include "support/onnx_import.h"
#include "support/onnx_writer.h"
#include "support/test.h"

using namespace frugal;
using Catch::Matchers::Contains;
using network::onnx::attribute;
using test::import_model;
using test::OnnxWriter;
using test::refusal;
using List = std::vector<std::int64_t>;

namespace {

std::string nodes_of(const ir::Graph& graph) {
  std::string text;
  for (const ir::Node& node : graph.nodes)
    text +=
        (text.empty() ? "" : " ") + std::string(node.op->name) + ir::to_text(graph.tensor(node.output).shape);
  return text;
}

}  // namespace

TEST_CASE("token numbers go through a table, channels first, into convolutions", "[import]") {
  const ir::Model model = import_model(test::words_onnx());
  const ir::Graph& graph = model.graph;
  CHECK(nodes_of(graph) ==
        "embedding[1, 4, 6] conv[1, 5, 6] relu[1, 5, 6] max_pool[1, 5, 3] global_average_pool[1, 5, 1] "
        "flatten[1, 5] fully_connected[1, 3]");
  const ir::Tensor& tokens = graph.tensor(graph.inputs.front());
  CHECK(tokens.type == ir::DataType::int32);
  CHECK(tokens.shape == ir::Dims{1, 6});
  const auto table = model.values<float>(graph.nodes.front().inputs[1]);
  REQUIRE(table.size() == 36);
  CHECK(table[7] == 7 + table[0]);
  CHECK(ir::from_text(ir::to_text(graph), "net").inputs.size() == 1);

  CHECK_THAT(refusal(test::words_onnx("Relu")),
             Contains("node 0 (Gather, '/table/Gather'): is read by a Relu"));
  CHECK_THAT(refusal(test::words_onnx("Transpose", 1)), Contains("looks tokens up in what is no table"));
}

TEST_CASE("token numbers may go nowhere else", "[import]") {
  OnnxWriter w;
  w.input("tokens", {1, 2, 6}, OnnxWriter::int64);
  w.node("Relu", {"tokens"}, {"y"}, {}, "n");
  w.output("y", {1, 2, 6});
  CHECK_THAT(refusal(w.file()), Contains("takes 'tokens', which holds whole numbers"));
}

TEST_CASE("convolutions and pools over sequences", "[import]") {
  OnnxWriter w;
  w.input("x", {-1, 6, 20});
  w.constant("a.weight", OnnxWriter::float32, {6, 1, 5}, std::vector<float>(30, 0.5F));
  w.node("Conv", {"x", "a.weight"}, {"a"},
         {attribute("group", std::int64_t{6}), attribute("pads", List{2, 2}), attribute("strides", List{2})});
  w.constant("b.weight", OnnxWriter::float32, {8, 6, 3}, std::vector<float>(144, 0.5F));
  w.node("Conv", {"a", "b.weight"}, {"b"}, {attribute("pads", List{2, 2}), attribute("dilations", List{2})});
  w.node("AveragePool", {"b"}, {"p"}, {attribute("kernel_shape", List{2}), attribute("strides", List{2})});
  w.node("GlobalAveragePool", {"p"}, {"g"});
  w.constant("axes", OnnxWriter::int64, {1}, List{2});
  w.node("Squeeze", {"g", "axes"}, {"y"});
  w.output("y", {-1, 8});
  const ir::Graph graph = import_model(w.file()).graph;
  CHECK(nodes_of(graph) ==
        "depthwise_conv[1, 6, 10] conv[1, 8, 10] average_pool[1, 8, 5] global_average_pool[1, 8, 1] "
        "flatten[1, 8]");
}

TEST_CASE("the mean of a sequence as torch.onnx.export(dynamo=True) writes it", "[import]") {
  OnnxWriter w;
  w.input("x", {1, 6, 20});
  w.constant("row", OnnxWriter::int64, {1}, List{-2});
  w.constant("both", OnnxWriter::int64, {2}, List{-1, -2});
  w.constant("flat", OnnxWriter::int64, {2}, List{1, 6});
  w.node("Unsqueeze", {"x", "row"}, {"u"});
  w.node("ReduceMean", {"u", "both"}, {"m"}, {attribute("keepdims", std::int64_t{1})});
  w.node("Squeeze", {"m", "row"}, {"s"});
  w.node("Reshape", {"s", "flat"}, {"y"});
  w.output("y", {1, 6});
  CHECK(nodes_of(import_model(w.file(20)).graph) ==
        "reshape[1, 6, 1, 20] global_average_pool[1, 6, 1, 1] reshape[1, 6, 1] flatten[1, 6]");
}
