// The few messages of ONNX that a network of convolutions needs, written in protobuf's wire format.
//
// Written here rather than by Debian's libonnx-dev: that brings protobuf 3.21 as a shared library into a
// process where LibTorch already holds another one, which two registries of the same descriptors end with an
// abort, and what is needed of the format is varints and length-prefixed bytes. Field numbers are those of
// onnx.proto (IR version 8).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/operator.h"

namespace frugal::network::onnx {

class Message {
 public:
  void integer(int field, std::int64_t value);
  void real(int field, float value);
  void bytes(int field, std::string_view value);
  void message(int field, const Message& value) { bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value);
  std::string text_;
};

std::vector<std::int64_t> with_any_batch(std::vector<std::int64_t> shape);

struct Attribute {
  std::string name;
  enum class Kind { integer, real, integers } kind = Kind::integer;
  std::vector<std::int64_t> integers;
  float real = 0;
};
Attribute attribute(const std::string& name, std::int64_t value);
Attribute attribute(const std::string& name, double value);
Attribute attribute(const std::string& name, std::vector<std::int64_t> values);
std::vector<Attribute> attributes_of(const ir::OnnxForm& form);  // no text

// A graph under way: nodes in order of execution, each with one output.
class Graph {
 public:
  explicit Graph(const std::string& name) { graph_.bytes(2, name); }

  // Returns the name of the output, which is also the node's.
  std::string node(const std::string& type, const std::vector<std::string>& inputs, const std::string& name,
                   const std::vector<Attribute>& attributes = {});
  // Float32 values in row-major order. Returns the name.
  std::string constant(const std::string& name, const std::vector<std::int64_t>& shape, const float* values);
  std::string constant(const std::string& name, const std::vector<std::int64_t>& values);  // int64
  // Stored integers, as QuantizeLinear and DequantizeLinear have them.
  std::string constant(const std::string& name, const std::vector<std::int64_t>& shape,
                       std::span<const std::int8_t> values);
  std::string constant(const std::string& name, const std::vector<std::int64_t>& shape,
                       std::span<const std::int32_t> values);
  // The numbers that an operator has as inputs in ONNX, under "name.part". Returns their names.
  std::vector<std::string> constants_of(const ir::OnnxForm& form, const std::string& name);
  // −1 stands for a batch of any size.
  void input(const std::string& name, const std::vector<std::int64_t>& shape) { value(11, name, shape); }
  void output(const std::string& name, const std::vector<std::int64_t>& shape) { value(12, name, shape); }
  // A text that goes with the model (metadata_props).
  void metadata(const std::string& key, const std::string& text) { metadata_.emplace_back(key, text); }

  // The file's bytes.
  std::string model(const std::string& producer, const std::string& version) const;

 private:
  std::string tensor(const std::string& name, std::int64_t type, const std::vector<std::int64_t>& shape,
                     std::string_view bytes);
  void value(int field, const std::string& name, const std::vector<std::int64_t>& shape);
  Message graph_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

}  // namespace frugal::network::onnx
