// ONNX files as plain data: nodes, initial tensors, inputs and outputs of the graph. Read over
// network/import/protobuf.h; field numbers are those of onnx.proto. What the nodes mean is
// network/import/onnx.h.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace frugal::network {

enum class OnnxType : int { none = 0, float32 = 1, uint8 = 2, int8 = 3, int32 = 6, int64 = 7 };
std::string name_of(OnnxType type);  // "FLOAT"; "type 17" where it is unknown
bool holds_integers(OnnxType type);  // one of the types of whole numbers that are read

// Numbers that the file holds: reals, or whole numbers of any width. Of other types there are none.
struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::none;
  ir::Dims shape = {};
  std::vector<float> reals = {};            // FLOAT
  std::vector<std::int64_t> integers = {};  // the other types
};

struct OnnxAttribute {
  std::string name;
  std::int64_t integer = 0;
  float real = 0;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<float> reals;
  OnnxTensor tensor;
  bool has_graph = false;
};

struct OnnxNode {
  std::string name, type, domain;  // type: "Conv"
  std::vector<std::string> inputs, outputs;
  std::vector<OnnxAttribute> attributes;

  const OnnxAttribute* find(const std::string& attribute) const;  // null where it is absent
};

struct OnnxValue {  // an input or output of the graph
  std::string name;
  OnnxType type = OnnxType::none;
  ir::Dims shape;  // −1 where a size is not fixed
};

struct OnnxModel {
  std::int64_t opset = 0;
  std::vector<OnnxNode> nodes;  // in an order in which they can run
  std::map<std::string, OnnxTensor> initializers;
  std::vector<OnnxValue> inputs, outputs;  // inputs without those that have an initializer
};

// Whether the bytes may be an ONNX file: it has no identifier, so the first field (ir_version) is looked at.
bool is_onnx(std::span<const unsigned char> bytes);

// folder: where tensors lie that the file holds in others beside it; empty: they are refused. Throws
// UserError where the file is cut off, or at "origin: tensor 'name'".
OnnxModel read_onnx(std::span<const unsigned char> bytes, const std::string& origin,
                    const std::string& folder);

}  // namespace frugal::network
