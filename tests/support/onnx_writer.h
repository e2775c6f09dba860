// Writes small ONNX files for tests and as seeds of the fuzzer: any node with any numbers, over the writer of
// lib/network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/onnx_proto.h"

namespace frugal::test {

class OnnxWriter {
 public:
  using Attributes = std::vector<network::onnx::Attribute>;

  static constexpr int float32 = 1, uint8 = 2, int8 = 3, int32 = 6, int64 = 7;

  std::string domain;  // of the nodes that follow; empty: ONNX's own

  void node(const std::string& type, const std::vector<std::string>& inputs,
            const std::vector<std::string>& outputs, const Attributes& attributes = {},
            const std::string& name = "");
  // A tensor that the file holds.
  template <typename T>
  std::string constant(const std::string& name, int type, const std::vector<std::int64_t>& shape,
                       const std::vector<T>& values) {
    tensor(name, type, shape, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
    return name;
  }
  std::string scalar(const std::string& name, float value) {
    return constant<float>(name, float32, {}, {value});
  }
  void tensor(const std::string& name, int type, const std::vector<std::int64_t>& shape,
              const std::string& bytes, const std::string& external = "");
  void input(const std::string& name, const std::vector<std::int64_t>& shape, int type = float32);
  void output(const std::string& name, const std::vector<std::int64_t>& shape, int type = float32);
  std::string file(std::int64_t opset = 17) const;

 private:
  network::onnx::Message graph_;
};

// Convolution, batch norm, relu6, depthwise with HardSwish, sum, mean, a shape computed as PyTorch does,
// Gemm.
std::string float_onnx();
// An image quantised to uint8, two convolutions with their sum, max pool, flatten and Gemm, all quantised.
std::string quantised_onnx();
// Token numbers through a table, `reader` of what it gives (PyTorch: Transpose), Conv1d, pool, mean, Gemm.
std::string words_onnx(const std::string& reader = "Transpose", std::int64_t tokens_axis = 0);
// Small files, each with other operators: what the fuzzer starts from.
std::map<std::string, std::string> onnx_seeds();

}  // namespace frugal::test
