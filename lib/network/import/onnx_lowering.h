// An ONNX file on its way to a graph: what its values became so far, and one function an operator
// (onnx_layers.cpp, onnx_operators.cpp, onnx_shapes.cpp, onnx_quantized.cpp). network/import/onnx.h says what
// comes out.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "network/import/model_builder.h"
#include "network/import/onnx_file.h"

namespace frugal::network {

// What a value of the file became.
struct OnnxState {
  enum class Kind {
    real,                // f32
    token,               // i32: token numbers
    stored,              // i8, as QuantizeLinear gives it
    quantised,           // i8, seen through a DequantizeLinear: what the file says is f32
    constant,            // numbers of the file
    stored_constant,     // whole numbers with their scale, as QuantizeLinear gives them
    quantised_constant,  // the same behind a DequantizeLinear
  } kind = Kind::real;
  ir::TensorId id = ir::none;
  ir::TensorId as_real = ir::none;  // of a quantised one, its dequantize, once there is one
  std::shared_ptr<const OnnxTensor> numbers = nullptr;  // of constants
  ir::Quantization quantization = {};                   // of constants
  // Zeros around it that the convolution behind adds: before each axis, then after each. Empty: none.
  std::vector<std::int64_t> padding = {};

  bool is_constant() const { return numbers != nullptr; }
};

// A range of reals that an activation clamps to.
struct RealRange {
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();
};

// The QuantizeLinear that follows an operator, perhaps behind activations that only clamp. Some files have
// one for each reader, all the same.
struct OnnxAhead {
  ir::Quantization quantization;
  std::vector<std::int64_t> clamp;       // least and largest stored value
  std::vector<std::size_t> activations;  // nodes that are taken over
  std::vector<std::size_t> quantizers;
};

class OnnxLowering {
 public:
  OnnxLowering(const OnnxModel& file, const std::string& name, std::string origin);
  Imported run();

  const OnnxNode& node() const { return file_.nodes[at_]; }
  std::int64_t opset() const { return file_.opset; }
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;
  ModelBuilder& builder() { return builder_; }
  const ir::Dims& shape(ir::TensorId id) const { return builder_.graph.shape(id); }
  void note(const std::string& text) { notes_.push_back(text); }
  // Counts numbers that are copied out of the file; refuses where they are many times the file.
  void charge(std::uint64_t numbers);

  // Attributes of the node, with the defaults of the operator.
  std::int64_t integer(const char* name, std::int64_t otherwise) const;
  float real(const char* name, float otherwise) const;
  std::vector<std::int64_t> integers(const char* name, const std::vector<std::int64_t>& otherwise) const;

  // Inputs of the node, by their place.
  bool has_input(std::size_t place) const;
  OnnxState& input(std::size_t place);
  // As an f32 tensor that is given or computed; dequantised where it is not. Refuses constants.
  ir::TensorId real_input(std::size_t place);
  // The same for a convolution, which takes care of padding.
  ir::TensorId padded_real_input(std::size_t place);
  bool is_quantised(std::size_t place);  // i8, behind a DequantizeLinear
  // Constants: the numbers as reals, as whole numbers.
  std::vector<float> real_numbers(std::size_t place);
  const std::vector<std::int64_t>& whole_numbers(std::size_t place);
  const OnnxTensor& constant(std::size_t place);

  // The nodes that read what the node gives, in the file's order; what they are; and that they are done: what
  // they give is `state`.
  std::vector<std::size_t> readers() const;
  const OnnxNode& node_at(std::size_t index) const { return file_.nodes[index]; }
  void take_over(std::size_t index, OnnxState state);

  // The QuantizeLinear that alone reads what the node gives, perhaps behind activations; `range` is what the
  // node itself clamps to.
  std::optional<OnnxAhead> quantised_output(RealRange range = {});
  // The range that an activation node clamps to; none for other nodes.
  std::optional<RealRange> range_of(const OnnxNode& node);

  // What the node gives; of `ahead`, what the QuantizeLinear there gives, and its nodes are done.
  void give(OnnxState state);
  void give_real(ir::TensorId id);
  void give_stored(ir::TensorId id, const OnnxAhead& ahead);
  // Stays i8 behind the DequantizeLinear, as `like` is: what only moves or chooses values.
  void give_like(ir::TensorId id, const OnnxState& like);
  void give_constant(OnnxTensor numbers);

  // A name for the operator: of its weights, else of the node, else `kind` with a number.
  std::string name_for(const std::string& kind, const std::string& weight = "");
  std::string output_of(std::size_t node_index) const { return file_.nodes[node_index].outputs.front(); }
  OnnxState* find(const std::string& value);

 private:
  void read_inputs();
  // The quantisation of several nodes, where all are a QuantizeLinear of this value with the same scale.
  std::optional<ir::Quantization> common_quantizer(const std::vector<std::size_t>& nodes,
                                                   const std::string& value);
  std::string place() const;
  void set(const std::string& value, OnnxState state);
  ir::TensorId to_real(OnnxState& state, const std::string& value);

  const OnnxModel& file_;
  const std::string origin_;
  ModelBuilder builder_;
  std::vector<std::string> notes_;
  std::unordered_map<std::string, OnnxState> values_;
  std::unordered_map<std::string, std::vector<std::size_t>> readers_;  // nodes that read a value
  std::unordered_map<std::string, bool> is_output_;
  std::vector<bool> done_;  // nodes that another one took over
  std::size_t at_ = 0;
  std::uint64_t numbers_left_ = 0;
};

struct OnnxRule {
  const char* type;
  void (*lower)(OnnxLowering&);
};
std::vector<OnnxRule> onnx_layers();     // those with weights
std::vector<OnnxRule> onnx_operators();  // activations, sums, pools, concatenation
std::vector<OnnxRule> onnx_shapes();     // other shapes, and whole numbers that shapes are computed with
std::vector<OnnxRule> onnx_quantized();  // QuantizeLinear, DequantizeLinear

// Scale and zero point from inputs 1 and 2 of a QuantizeLinear or DequantizeLinear, of values that have
// `shape`; uint8 ones 128 lower.
ir::Quantization onnx_quantization(OnnxLowering& lowering, const ir::Dims& shape);

// The attributes that operators on integers share.
ir::Attributes onnx_integers(const std::vector<std::int64_t>& clamp);

}  // namespace frugal::network
