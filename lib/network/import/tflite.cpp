#include "network/import/tflite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "network/import/tflite_lowering.h"

namespace frugal::network {
namespace {

constexpr std::int32_t relu = 19, relu_n1_to_1 = 20, relu6 = 21;

const std::vector<TfliteRule>& tflite_rules() {
  static const std::vector<TfliteRule> all = [] {
    std::vector<TfliteRule> rules = tflite_layers();
    for (const TfliteRule& rule : tflite_operators()) rules.push_back(rule);
    return rules;
  }();
  return all;
}

std::string supported_by_tflite() {
  std::vector<std::string> names;
  for (const TfliteRule& rule : tflite_rules()) names.push_back(tflite_operator_name(rule.code));
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// The activation that a RELU operator fuses to; none for others.
std::int8_t activation_of(std::int32_t code) {
  if (code == relu) return 1;
  if (code == relu_n1_to_1) return 2;
  return code == relu6 ? std::int8_t{3} : std::int8_t{0};
}

}  // namespace

TfliteLowering::TfliteLowering(const TfliteModel& file, const std::string& name, std::string origin)
    : file_(file),
      origin_(std::move(origin)),
      builder_(name),
      values_(file.tensors.size()),
      readers_(file.tensors.size()),
      is_output_(file.tensors.size(), false),
      done_(file.operators.size(), false) {
  for (const std::int32_t index : file.outputs) is_output_[static_cast<std::size_t>(index)] = true;
  for (std::size_t i = 0; i < file.operators.size(); ++i) {
    for (const std::int32_t index : file.operators[i].inputs) {
      if (index >= 0) readers_[static_cast<std::size_t>(index)].push_back(i);
    }
  }
}

std::string TfliteLowering::place() const {
  const TfliteOperator& now = op();
  const std::string output = now.outputs.empty() ? "" : tensor(now.outputs.front()).name;
  return fmt::format("{}: operator {} ({}, '{}')", origin_, at_, now.name, output);
}

void TfliteLowering::fail(const std::string& message, const std::string& hint) const {
  throw base::UserError(place(), message, hint);
}

void TfliteLowering::read_inputs() {
  if (file_.inputs.empty()) throw base::UserError(origin_, "has no input");
  for (const std::int32_t index : file_.inputs) {
    const TfliteTensor& given = tensor(index);
    const std::string where = fmt::format("{}: input '{}'", origin_, given.name);
    builder_.graph.at(where);
    if (given.type != TfliteType::int8 && given.type != TfliteType::float32) {
      builder_.graph.fail(fmt::format("is {}", name_of(given.type)), "INT8 and FLOAT32 are supported");
    }
    const ir::Dims shape = shape_of(given);
    const bool is_int8 = given.type == TfliteType::int8;
    const ir::TensorId id =
        builder_.graph.input(builder_.unique(given.name.empty() ? "input" : given.name), shape);
    if (is_int8) builder_.graph.store_as(id, ir::DataType::int8, quantization_of(given));
    values_[static_cast<std::size_t>(index)] = TfliteValue{id, {}, {}};
  }
}

Imported TfliteLowering::run() {
  read_inputs();
  for (at_ = 0; at_ < file_.operators.size(); ++at_) {
    if (done_[at_]) continue;
    builder_.graph.at(place());
    const auto rule = std::find_if(tflite_rules().begin(), tflite_rules().end(),
                                   [&](const TfliteRule& one) { return one.code == op().code; });
    if (rule == tflite_rules().end()) fail("is not supported", "supported are " + supported_by_tflite());
    targets_.assign(1, output_index());
    rule->lower(*this);
  }
  std::vector<ir::TensorId> outputs;
  for (const std::int32_t index : file_.outputs) {
    const auto& value = values_[static_cast<std::size_t>(index)];
    const std::string where = fmt::format("{}: output '{}'", origin_, tensor(index).name);
    if (!value) throw base::UserError(where, "is given by no operator");
    if (value->id == ir::none) throw base::UserError(where, "holds sizes of a shape");
    if (!value->padding.empty()) throw base::UserError(where, "is padded, and no convolution follows");
    if (!value->image.empty())
      throw base::UserError(where, "is a flattened image", "a FULLY_CONNECTED may follow one");
    outputs.push_back(value->id);
  }
  return {builder_.finish(outputs, origin_), ".tflite", {}};
}

std::int32_t TfliteLowering::input_index(std::size_t place) const {
  if (!has_input(place)) fail(fmt::format("has no input {}", place));
  return op().inputs[place];
}

bool TfliteLowering::has_input(std::size_t place) const {
  return place < op().inputs.size() && op().inputs[place] >= 0;
}

std::int32_t TfliteLowering::output_index() const {
  if (op().outputs.size() != 1) fail(fmt::format("has {} outputs, needs 1", op().outputs.size()));
  return op().outputs.front();
}

const TfliteValue& TfliteLowering::raw_value(std::size_t place) const {
  const TfliteTensor& given = input(place);
  const auto& value = values_[static_cast<std::size_t>(input_index(place))];
  if (given.is_variable) fail(fmt::format("keeps a state in '{}', which is not supported", given.name));
  if (!value && !given.data.empty())
    fail(fmt::format("takes the constant '{}', which is not supported here", given.name));
  if (!value) {
    fail(fmt::format("reads '{}' before an operator gives it", given.name),
         "operators must stand in an order in which they can run, without a circle");
  }
  if (value->id == ir::none) fail(fmt::format("takes '{}', which holds sizes of a shape", given.name));
  return *value;
}

TfliteValue TfliteLowering::checked(std::size_t place, TfliteType type) const {
  const TfliteTensor& given = input(place);
  const TfliteValue& value = raw_value(place);
  if (given.type != type) {
    fail(fmt::format("takes '{}', which is {}", given.name, name_of(given.type)),
         fmt::format("{} is supported here", name_of(type)));
  }
  return value;
}

TfliteValue TfliteLowering::value(std::size_t place, TfliteType type, bool any_order) {
  TfliteValue value = checked(place, type);
  if (!value.padding.empty())
    fail("takes what a PAD gives", "a PAD is supported where convolutions follow it");
  if (!value.image.empty() && !any_order)
    fail("takes a flattened image", "FULLY_CONNECTED may take one, others not");
  return value;
}

TfliteValue TfliteLowering::padded_value(std::size_t place) {
  TfliteValue value = checked(place, TfliteType::int8);
  if (value.padding.empty()) value.padding.assign(4, 0);
  return value;
}

ir::Dims TfliteLowering::shape_of(const TfliteTensor& tensor) const {
  ir::Dims shape = tensor.shape;
  if (shape.empty()) return shape;
  if (shape[0] <= 0) shape[0] = 1;
  if (shape.size() > 2) {  // the channels from the last axis to the second
    const std::int64_t channels = shape.back();
    shape.pop_back();
    shape.insert(shape.begin() + 1, channels);
  }
  try {
    ir::check_size(shape);
  } catch (const ir::RuleError&) {
    throw base::UserError(fmt::format("{}: tensor '{}'", origin_, tensor.name),
                          fmt::format("has the shape {}", ir::to_text(tensor.shape)),
                          "every size must be at least 1, and the tensor below 2^31 elements");
  }
  return shape;
}

ir::Quantization TfliteLowering::quantization_of(const TfliteTensor& tensor) const {
  if (tensor.scale.size() != 1 || tensor.zero_point.size() > 1) {
    builder_.graph.fail(fmt::format("'{}' has {} scales and {} zero points, needs one of each", tensor.name,
                                    tensor.scale.size(), tensor.zero_point.size()),
                        "int8 networks are supported: quantise the network fully when converting it");
  }
  const double scale = tensor.scale.front();
  const std::int64_t zero_point = tensor.zero_point.empty() ? 0 : tensor.zero_point.front();
  check_scales(builder_.graph, std::span(&scale, 1), "'" + tensor.name + "'");
  if (zero_point < -128 || zero_point > 127)
    builder_.graph.fail(fmt::format("'{}' has the zero point {}, outside int8", tensor.name, zero_point));
  return per_tensor(scale, zero_point);
}

std::vector<std::int64_t> TfliteLowering::constant_integers(std::size_t place) const {
  const TfliteTensor& given = input(place);
  const bool wide = given.type == TfliteType::int64;
  const std::size_t size = wide ? 8 : 4;
  if ((!wide && given.type != TfliteType::int32) || given.data.empty() || given.data.size() % size != 0) {
    fail(fmt::format("needs whole numbers that are known from the start in '{}'", given.name));
  }
  std::vector<std::int64_t> values(given.data.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::int32_t narrow = 0;
    if (wide) {
      std::memcpy(&values[i], given.data.data() + i * size, size);
    } else {
      std::memcpy(&narrow, given.data.data() + i * size, size);
      values[i] = narrow;
    }
  }
  return values;
}

const FlatTable& TfliteLowering::options(std::uint8_t kind) const {
  if (!op().options || op().options_kind != kind) fail("has no options, or another operator's");
  return *op().options;
}

std::vector<std::int64_t> TfliteLowering::clamp_of(std::int8_t activation) const {
  const ir::Quantization q = quantization_of(output());
  // CalculateActivationRangeQuantized: in float32, halves away from zero.
  const auto stored = [&](float real) {
    const float steps = std::round(real / static_cast<float>(q.scale[0]));
    return static_cast<std::int64_t>(std::clamp(steps, -1e6F, 1e6F)) + q.zero_point[0];
  };
  std::vector<std::int64_t> clamp{-128, 127};
  const auto narrow = [&](std::int64_t low, std::int64_t high) {
    clamp = {std::clamp<std::int64_t>(low, -128, 127), std::clamp<std::int64_t>(high, -128, 127)};
  };
  switch (activation) {
    case 0:
      break;
    case 1:
      narrow(stored(0), 127);
      break;
    case 2:
      narrow(stored(-1), stored(1));
      break;
    case 3:
      narrow(stored(0), stored(6));
      break;
    default:
      fail(fmt::format("has the fused activation {}", activation),
           "RELU, RELU6 and RELU_N1_TO_1 are supported");
  }
  return clamp;
}

void TfliteLowering::give(ir::TensorId id, ir::Dims image) {
  const TfliteTensor& given = tensor(targets_.back());
  const ir::Dims wanted = shape_of(given);
  if (builder_.graph.shape(id) != wanted) {
    fail(fmt::format("gives {} (channels first), but the file says {}", ir::to_text(builder_.graph.shape(id)),
                     ir::to_text(wanted)));
  }
  if (given.type == TfliteType::int8) {
    builder_.graph.store_as(id, ir::DataType::int8, quantization_of(given));
  } else if (given.type != TfliteType::float32) {
    fail(fmt::format("gives {}", name_of(given.type)), "INT8 and FLOAT32 are supported");
  }
  give_padded({id, std::move(image), {}});
}

void TfliteLowering::give_padded(const TfliteValue& value) {
  for (const std::int32_t target : targets_) {
    auto& place = values_[static_cast<std::size_t>(target)];
    if (place) fail(fmt::format("gives '{}', which is given already", tensor(target).name));
    place = value;
  }
}

void TfliteLowering::give_sizes() {
  if (output().type != TfliteType::int32) fail(fmt::format("gives {}", name_of(output().type)));
  give_padded({});
}

bool TfliteLowering::is_sizes(std::size_t place) const {
  const auto& value = values_[static_cast<std::size_t>(input_index(place))];
  return value && value->id == ir::none;
}

void TfliteLowering::absorb_activations(std::vector<std::int64_t>& clamp) {
  const TfliteTensor& first = output();
  for (std::int32_t now = output_index();;) {
    const std::vector<std::size_t>& readers = readers_[static_cast<std::size_t>(now)];
    if (readers.size() != 1 || is_output_[static_cast<std::size_t>(now)]) return;
    if (readers.front() <= at_ || done_[readers.front()]) return;
    const TfliteOperator& reader = file_.operators[readers.front()];
    const std::int8_t activation = activation_of(reader.code);
    if (activation == 0 || reader.outputs.size() != 1) return;
    const TfliteTensor& next = tensor(reader.outputs.front());
    if (next.type != first.type || next.scale != first.scale || next.zero_point != first.zero_point) return;
    const std::vector<std::int64_t> more = clamp_of(activation);
    clamp = {std::clamp(clamp[0], more[0], more[1]), std::clamp(clamp[1], more[0], more[1])};
    done_[readers.front()] = true;
    now = reader.outputs.front();
    targets_.push_back(now);
  }
}

ir::Attributes tflite_integers(const std::vector<std::int64_t>& clamp) {
  return {{"rounding", std::string("tflite")}, {"clamp", clamp}};
}

ir::Attributes window_attributes(const TfliteLowering& lowering, const TfliteWindow& window,
                                 const ir::Dims& in, const std::vector<std::int64_t>& padding) {
  if (in.size() != 4) lowering.fail(fmt::format("takes {}, needs [N, H, W, C]", ir::to_text(in)));
  std::vector<std::int64_t> pads = padding;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (window.kernel[axis] < 1 || window.stride[axis] < 1 || window.dilation[axis] < 1)
      lowering.fail("has a kernel, stride or dilation below 1");
    if (!window.same) continue;
    const std::int64_t size = in[axis + 2] + padding[axis] + padding[axis + 2];
    const std::int64_t out = (size - 1) / window.stride[axis] + 1;
    const std::int64_t span = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
    const std::int64_t total = std::max<std::int64_t>((out - 1) * window.stride[axis] + span - size, 0);
    pads[axis] += total / 2;
    pads[axis + 2] += total - total / 2;
  }
  return {
      {"kernel", window.kernel}, {"stride", window.stride}, {"padding", pads}, {"dilation", window.dilation}};
}

Imported import_tflite(std::span<const unsigned char> bytes, const std::string& name,
                       const std::string& origin) {
  const FlatFile file(bytes, origin);
  const TfliteModel model = read_tflite(file);
  return TfliteLowering(model, name, origin).run();
}

}  // namespace frugal::network
