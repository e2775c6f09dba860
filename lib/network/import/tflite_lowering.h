// A .tflite file on its way to a graph: what its tensors became so far, and one function an operator
// (tflite_layers.cpp, tflite_operators.cpp). network/import/tflite.h says what comes out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network/import/model_builder.h"
#include "network/import/tflite_file.h"

namespace frugal::network {

// What a tensor of the file became.
struct TfliteValue {
  ir::TensorId id = ir::none;  // none: the sizes of a shape, which the file computes for a RESHAPE
  // [channels, height, width] of a flattened image: its features stand in this order, in the file with the
  // channels last. Empty where the order is the file's.
  ir::Dims image;
  // Zeros around it that the convolution behind adds: top, left, bottom, right. Empty: none.
  std::vector<std::int64_t> padding;
};

class TfliteLowering {
 public:
  TfliteLowering(const TfliteModel& file, const std::string& name, std::string origin);
  Imported run();

  // The operator that is lowered now.
  const TfliteOperator& op() const { return file_.operators[at_]; }
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;
  ModelBuilder& builder() { return builder_; }

  // Inputs and outputs of the operator, by their place in its lists. Refuses a missing one.
  std::int32_t input_index(std::size_t place) const;
  std::int32_t output_index() const;
  bool has_input(std::size_t place) const;
  const TfliteTensor& input(std::size_t place) const { return tensor(input_index(place)); }
  const TfliteTensor& output() const { return tensor(output_index()); }
  const TfliteTensor& tensor(std::int32_t index) const {
    return file_.tensors[static_cast<std::size_t>(index)];
  }

  // An input that is computed on, as an i8 tensor with its scale (or as `type`). Padding that waits for a
  // convolution and another order of features are refused; `any_order` passes the latter.
  TfliteValue value(std::size_t place, TfliteType type = TfliteType::int8, bool any_order = false);
  // The same for a convolution, which takes care of the padding.
  TfliteValue padded_value(std::size_t place);
  // The value before it is known what will read it.
  const TfliteValue& raw_value(std::size_t place) const;

  // A shape of the file, channels first, a batch of −1 or 0 as 1.
  ir::Dims shape_of(const TfliteTensor& tensor) const;
  // Scale and zero point of an i8 tensor that is given or computed.
  ir::Quantization quantization_of(const TfliteTensor& tensor) const;
  // The whole numbers of a constant i32 or i64 tensor.
  std::vector<std::int64_t> constant_integers(std::size_t place) const;

  // Options of this kind in the schema's union; refuses others.
  const FlatTable& options(std::uint8_t kind) const;
  // Least and largest stored value of the output under a fused activation.
  std::vector<std::int64_t> clamp_of(std::int8_t activation) const;

  // Notes what the operator gave: stored as the output is in the file, shape checked against the file's.
  void give(ir::TensorId id, ir::Dims image = {});
  void give_padded(const TfliteValue& value);
  // The sizes of a shape: what a RESHAPE gives says it all.
  void give_sizes();
  bool is_sizes(std::size_t place) const;
  // Takes over the RELUs behind the operator's output where they only clamp further: narrows `clamp`, and
  // what the last of them gives is what this operator gives.
  void absorb_activations(std::vector<std::int64_t>& clamp);

  // Counts numbers that are copied out of the file.
  void charge(std::uint64_t bytes) const { file_.bytes->charge(bytes); }
  std::int64_t next_convolution() { return convolutions_++; }

 private:
  void read_inputs();
  std::string place() const;
  TfliteValue checked(std::size_t place, TfliteType type) const;

  const TfliteModel& file_;
  const std::string origin_;
  ModelBuilder builder_;
  std::vector<std::optional<TfliteValue>> values_;  // one a tensor of the file
  std::vector<std::vector<std::size_t>> readers_;   // operators that read a tensor
  std::vector<bool> is_output_;                     // one a tensor
  std::vector<bool> done_;                          // operators that another one took over
  std::vector<std::int32_t> targets_;               // tensors that give() sets
  std::size_t at_ = 0;
  std::int64_t convolutions_ = 0;
};

// The operators of the schema that are lowered, with their code and what lowers them.
struct TfliteRule {
  std::int32_t code;
  void (*lower)(TfliteLowering&);
};
std::vector<TfliteRule> tflite_layers();     // CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
std::vector<TfliteRule> tflite_operators();  // the others

// The attributes that operators on integers share.
ir::Attributes tflite_integers(const std::vector<std::int64_t>& clamp);
// Attributes of a window [height, width]; `padding` top, left, bottom, right.
struct TfliteWindow {
  std::vector<std::int64_t> kernel, stride, dilation{1, 1};
  bool same = false;  // SAME: as many outputs as inputs over the stride; else VALID
};
// in: [N, C, H, W], without the padding.
ir::Attributes window_attributes(const TfliteLowering& lowering, const TfliteWindow& window,
                                 const ir::Dims& in, const std::vector<std::int64_t>& padding);

}  // namespace frugal::network
