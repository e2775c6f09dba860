// What tests of the ONNX reader share: a file's bytes in, the graph or the refusal out, and files of one
// node.
#pragma once

#include <string>
#include <vector>

#include "ir/operator.h"
#include "network/import/onnx.h"
#include "support/message_of.h"
#include "support/onnx_writer.h"

namespace frugal::test {

inline network::Imported import_all(const std::string& file) {
  return network::import_onnx({reinterpret_cast<const unsigned char*>(file.data()), file.size()}, "net",
                              "net.onnx", "");
}
inline ir::Model import_model(const std::string& file) { return import_all(file).model; }
inline std::string refusal(const std::string& file) {
  return message_of([&] { import_model(file); });
}

// "name:operator" of each node.
inline std::string nodes_of(const ir::Graph& graph) {
  std::string text;
  for (const ir::Node& node : graph.nodes)
    text += (text.empty() ? "" : " ") + graph.name_of(node) + ":" + node.op->name;
  return text;
}

// x [1, 2, 4, 4] → one node → y.
inline std::string one_node(const std::string& type, const OnnxWriter::Attributes& attributes = {},
                            const std::vector<std::string>& more_inputs = {}, std::int64_t opset = 17,
                            const std::vector<std::int64_t>& shape = {1, 2, 4, 4}) {
  OnnxWriter w;
  w.input("x", shape);
  w.constant("axes", OnnxWriter::int64, {2}, std::vector<std::int64_t>{2, 3});
  w.constant("pads", OnnxWriter::int64, {8}, std::vector<std::int64_t>{0, 0, 1, 0, 0, 0, 0, 2});
  w.constant("w1", OnnxWriter::float32, {2, 2, 1, 1}, std::vector<float>{1, 2, 3, 4});
  w.constant("six", OnnxWriter::float32, {1, 2, 1, 1}, std::vector<float>{6, 7});
  w.scalar("half", 0.5F);
  std::vector<std::string> inputs{"x"};
  inputs.insert(inputs.end(), more_inputs.begin(), more_inputs.end());
  w.node(type, inputs, {"y"}, attributes, "n");
  w.output("y", {});
  return w.file(opset);
}

}  // namespace frugal::test
