// QuantizeLinear and DequantizeLinear of ONNX files, and what follows an operator that computes on integers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/import/onnx_lowering.h"

namespace frugal::network {
namespace {

using Kind = OnnxState::Kind;

constexpr int longest_chain = 4;  // of activations between an operator and its QuantizeLinear

float half_even(float value) { return std::nearbyint(value); }

// Scale and zero point as constants of the file. `scale` and `zero_point` are inputs 1 and 2 of a node.
ir::Quantization quantization_of(OnnxLowering& lowering, const OnnxState* scale, const OnnxState* zero_point,
                                 std::int64_t axis, const ir::Dims& shape) {
  if (scale == nullptr || !scale->is_constant() || scale->numbers->type != OnnxType::float32)
    lowering.fail("needs a constant scale of FLOAT");
  const std::vector<float>& scales = scale->numbers->reals;
  ir::Quantization q;
  q.scale.assign(scales.begin(), scales.end());
  check_scales(lowering.builder().graph, q.scale, "'" + lowering.node().name + "'");
  std::int64_t shift = 128;  // without a zero point: uint8 with 0
  q.zero_point.assign(q.scale.size(), 0);
  if (zero_point != nullptr) {
    if (!zero_point->is_constant()) lowering.fail("needs a constant zero point");
    const OnnxTensor& zeros = *zero_point->numbers;
    if (zeros.type != OnnxType::uint8 && zeros.type != OnnxType::int8 && zeros.type != OnnxType::int32)
      lowering.fail(fmt::format("has a zero point of {}", name_of(zeros.type)),
                    "INT8 and UINT8 are supported; INT32 for a bias");
    shift = zeros.type == OnnxType::uint8 ? 128 : 0;
    if (zeros.integers.size() != q.scale.size())
      lowering.fail(fmt::format("has {} scales and {} zero points", q.scale.size(), zeros.integers.size()));
    q.zero_point = zeros.integers;
  }
  for (std::int64_t& zero : q.zero_point) {
    zero -= shift;
    if (zero < -128 || zero > 127) lowering.fail("has a zero point outside of 8 bits");
  }
  if (q.scale.size() == 1) return q;
  q.axis = axis < 0 ? axis + static_cast<std::int64_t>(shape.size()) : axis;
  const bool fits = q.axis >= 0 && q.axis < static_cast<std::int64_t>(shape.size()) &&
                    shape[static_cast<std::size_t>(q.axis)] == static_cast<std::int64_t>(q.scale.size());
  if (!fits) {
    lowering.fail(fmt::format("has {} scales along axis {} of {}", q.scale.size(), axis, ir::to_text(shape)));
  }
  return q;
}

// By how much the stored numbers of a value lie above ours: 128 for uint8.
std::int64_t shift_of(const OnnxTensor& numbers) { return numbers.type == OnnxType::uint8 ? 128 : 0; }

void dequantize_constant(OnnxLowering& lowering, const OnnxState& given) {
  const OnnxTensor& numbers = *given.numbers;
  OnnxState state = given;
  state.kind = Kind::quantised_constant;
  if (given.kind == Kind::constant) {
    if (!holds_integers(numbers.type) || numbers.type == OnnxType::int64)
      lowering.fail(fmt::format("takes '{}', which is {}", numbers.name, name_of(numbers.type)),
                    "INT8 and UINT8 are supported; INT32 for a bias");
    const bool is_bias = numbers.type == OnnxType::int32;
    const OnnxState* zero = lowering.has_input(2) ? &lowering.input(2) : nullptr;
    if (zero != nullptr && zero->is_constant() && zero->numbers->type != numbers.type)
      lowering.fail("has a zero point of another type than its numbers");
    state.quantization =
        quantization_of(lowering, &lowering.input(1), zero, lowering.integer("axis", 1), numbers.shape);
    lowering.charge(numbers.integers.size());
    OnnxTensor ours = numbers;
    // Without a zero point the quantisation above was that of uint8.
    if (zero == nullptr) {
      for (std::int64_t& one : state.quantization.zero_point) one = numbers.type == OnnxType::uint8 ? one : 0;
    }
    for (std::int64_t& one : ours.integers) {
      one -= shift_of(numbers);
      if (!is_bias && (one < -128 || one > 127)) lowering.fail("has numbers outside of 8 bits");
    }
    if (!is_bias) ours.type = OnnxType::int8;
    state.numbers = std::make_shared<const OnnxTensor>(std::move(ours));
  } else if (given.kind != Kind::stored_constant) {
    lowering.fail("takes numbers that are not quantised");
  }
  lowering.give(std::move(state));
}

void lower_dequantize(OnnxLowering& lowering) {
  OnnxState& given = lowering.input(0);
  if (given.is_constant()) return dequantize_constant(lowering, given);
  if (given.kind != Kind::stored) lowering.fail("takes values that are not quantised");
  ModelBuilder& builder = lowering.builder();
  const ir::Quantization q = onnx_quantization(lowering, lowering.shape(given.id));
  const auto& before = builder.graph.graph().tensor(given.id).quantization;
  if (!before) {
    builder.graph.store_as(given.id, ir::DataType::int8, q);  // an input of the graph
  } else if (*before != q) {
    lowering.fail("has another scale or zero point than the QuantizeLinear before it");
  }
  lowering.give({.kind = Kind::quantised, .id = given.id, .padding = given.padding});
}

// Weights that the file holds in float, with both nodes behind them.
void quantize_constant(OnnxLowering& lowering, const OnnxState& given) {
  const OnnxTensor& numbers = *given.numbers;
  if (given.kind != Kind::constant || numbers.type != OnnxType::float32)
    lowering.fail("takes numbers that are quantised already");
  OnnxState state{.kind = Kind::stored_constant};
  state.quantization = onnx_quantization(lowering, numbers.shape);
  const ir::Quantization& q = state.quantization;
  std::size_t inner = 1;
  for (std::size_t i = static_cast<std::size_t>(q.axis + 1); q.axis != ir::none && i < numbers.shape.size();
       ++i)
    inner *= static_cast<std::size_t>(numbers.shape[i]);
  lowering.charge(numbers.reals.size());
  OnnxTensor ours{.name = numbers.name, .type = OnnxType::int8, .shape = numbers.shape};
  for (std::size_t i = 0; i < numbers.reals.size(); ++i) {
    const std::size_t one = q.axis == ir::none ? 0 : (i / inner) % q.scale.size();
    const float steps = half_even(numbers.reals[i] / static_cast<float>(q.scale[one]));
    if (std::isnan(steps)) lowering.fail(fmt::format("quantises NaN in '{}'", numbers.name));
    const float stored = std::clamp(steps + static_cast<float>(q.zero_point[one]), -128.0F, 127.0F);
    ours.integers.push_back(static_cast<std::int64_t>(stored));
  }
  state.numbers = std::make_shared<const OnnxTensor>(std::move(ours));
  lowering.give(std::move(state));
}

void lower_quantize(OnnxLowering& lowering) {
  OnnxState& given = lowering.input(0);
  if (given.is_constant()) return quantize_constant(lowering, given);
  ModelBuilder& builder = lowering.builder();
  const bool is_quantised = given.kind == Kind::quantised;
  const ir::Quantization q = onnx_quantization(lowering, lowering.shape(given.id));
  if (q.axis != ir::none) lowering.fail("has a scale for each channel of an activation, not for all");
  if (is_quantised && *builder.graph.graph().tensor(given.id).quantization == q)
    return lowering.give({.kind = Kind::stored, .id = given.id, .padding = given.padding});
  const ir::TensorId from = is_quantised ? given.id : lowering.real_input(0);
  const std::vector<std::int64_t> padding = given.padding;
  const ir::TensorId out = is_quantised
                               ? builder.graph.add("requantize", lowering.name_for("requantize"), {from},
                                                   onnx_integers({-128, 127}))
                               : builder.graph.add("quantize", lowering.name_for("quantize"), {from});
  builder.graph.store_as(out, ir::DataType::int8, q);
  lowering.give({.kind = Kind::stored, .id = out, .padding = padding});
}

}  // namespace

ir::Quantization onnx_quantization(OnnxLowering& lowering, const ir::Dims& shape) {
  const OnnxState* zero = lowering.has_input(2) ? &lowering.input(2) : nullptr;
  return quantization_of(lowering, &lowering.input(1), zero, lowering.integer("axis", 1), shape);
}

std::optional<RealRange> OnnxLowering::range_of(const OnnxNode& node) {
  if (node.type == "Relu") return RealRange{.low = 0};
  if (node.type != "Clip") return std::nullopt;
  RealRange range;
  if (const OnnxAttribute* low = node.find("min")) range.low = low->real;
  if (const OnnxAttribute* high = node.find("max")) range.high = high->real;
  for (std::size_t i = 1; i < std::min<std::size_t>(node.inputs.size(), 3); ++i) {
    if (node.inputs[i].empty()) continue;
    const OnnxState* bound = find(node.inputs[i]);
    if (bound == nullptr || bound->kind != Kind::constant || bound->numbers->reals.size() != 1)
      return std::nullopt;
    (i == 1 ? range.low : range.high) = bound->numbers->reals.front();
  }
  if (std::isnan(range.low) || std::isnan(range.high) || range.low > range.high) return std::nullopt;
  return range;
}

std::optional<ir::Quantization> OnnxLowering::common_quantizer(const std::vector<std::size_t>& nodes,
                                                               const std::string& value) {
  std::optional<ir::Quantization> common;
  const std::size_t here = at_;
  for (const std::size_t next : nodes) {
    const OnnxNode& reader = file_.nodes[next];
    const bool fits = next > here && !done_[next] && reader.type == "QuantizeLinear" &&
                      reader.outputs.size() == 1 && reader.inputs.size() > 1 && reader.inputs[0] == value;
    if (!fits) return std::nullopt;
    const OnnxState* scale = find(reader.inputs[1]);
    const bool has_zero = reader.inputs.size() > 2 && !reader.inputs[2].empty();
    const OnnxState* zero = has_zero ? find(reader.inputs[2]) : nullptr;
    if (scale == nullptr || (has_zero && zero == nullptr)) return std::nullopt;
    at_ = next;  // so that errors name the QuantizeLinear
    const ir::Quantization q = quantization_of(*this, scale, zero, 1, {});
    at_ = here;
    if (common && *common != q) return std::nullopt;
    common = q;
  }
  return common;
}

std::optional<OnnxAhead> OnnxLowering::quantised_output(RealRange range) {
  OnnxAhead ahead;
  std::string value = node().outputs.front();
  for (int length = 0; length <= longest_chain; ++length) {
    const auto readers = readers_.find(value);
    if (is_output_.contains(value) || readers == readers_.end()) return std::nullopt;
    if (const auto q = common_quantizer(readers->second, value)) {
      ahead.quantization = *q;
      ahead.quantizers = readers->second;
      const auto stored = [&](float real, std::int64_t otherwise) {
        if (std::isinf(real)) return otherwise;
        const float steps = std::clamp(half_even(real / static_cast<float>(q->scale[0])), -1e6F, 1e6F);
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(steps) + q->zero_point[0], -128, 127);
      };
      ahead.clamp = {stored(range.low, -128), stored(range.high, 127)};
      return ahead;
    }
    const std::size_t next = readers->second.front();
    const OnnxNode& reader = file_.nodes[next];
    const bool alone = readers->second.size() == 1 && next > at_ && !done_[next] &&
                       reader.outputs.size() == 1 && reader.inputs.front() == value;
    const std::optional<RealRange> more = alone ? range_of(reader) : std::nullopt;
    if (!more) return std::nullopt;
    range = {std::clamp(range.low, more->low, more->high), std::clamp(range.high, more->low, more->high)};
    ahead.activations.push_back(next);
    value = reader.outputs.front();
  }
  return std::nullopt;
}

std::vector<OnnxRule> onnx_quantized() {
  return {{"QuantizeLinear", lower_quantize}, {"DequantizeLinear", lower_dequantize}};
}

}  // namespace frugal::network
