// What only moves values in ONNX files (which stay i8 where they are), and the whole numbers that PyTorch
// computes shapes with: with a batch of 1 every shape is known.
#include <fmt/format.h>

#include <algorithm>

#include "network/import/onnx_lowering.h"

namespace frugal::network {
namespace {

using Kind = OnnxState::Kind;
using List = std::vector<std::int64_t>;

OnnxTensor list(const OnnxLowering& lowering, List numbers) {
  return {.name = lowering.node().outputs.front(),
          .type = OnnxType::int64,
          .shape = {static_cast<std::int64_t>(numbers.size())},
          .reals = {},
          .integers = std::move(numbers)};
}

void lower_identity(OnnxLowering& lowering) {
  OnnxState state = lowering.input(0);
  lowering.give(std::move(state));
}

// The input in another shape, its batch first.
void give_reshaped(OnnxLowering& lowering, const ir::Dims& to) {
  ModelBuilder& builder = lowering.builder();
  const OnnxState in = lowering.input(0);
  if (in.is_constant() || !in.padding.empty()) lowering.fail("reshapes a constant, or what a Pad gives");
  const ir::Dims from = lowering.shape(in.id);
  if (to.empty() || to[0] != from[0])
    lowering.fail(fmt::format("makes {} of {}", ir::to_text(to), ir::to_text(from)), "the batch must stay");
  if (to == from) return lowering.give(in);
  const bool flat = to.size() == 2;
  const ir::TensorId out = flat ? builder.graph.add("flatten", lowering.name_for("flatten"), {in.id})
                                : builder.graph.add("reshape", lowering.name_for("reshape"), {in.id},
                                                    {{"shape", List(to.begin() + 1, to.end())}});
  if (lowering.shape(out) != to)
    lowering.fail(fmt::format("makes {} of {}", ir::to_text(to), ir::to_text(from)));
  lowering.give_like(out, in);
}

ir::Dims shape_of_input(OnnxLowering& lowering) {
  const OnnxState& in = lowering.input(0);
  return in.is_constant() ? in.numbers->shape : lowering.shape(in.id);
}

void lower_flatten(OnnxLowering& lowering) {
  const ir::Dims from = shape_of_input(lowering);
  if (const std::int64_t axis = lowering.integer("axis", 1);
      lowering.input(0).is_constant() || (axis != 1 && axis != 1 - static_cast<std::int64_t>(from.size())))
    lowering.fail("flattens the batch too");
  give_reshaped(lowering, {from[0], ir::elements(from) / from[0]});
}

void lower_reshape(OnnxLowering& lowering) {
  const ir::Dims from = shape_of_input(lowering);
  const List wanted = lowering.has_input(1) ? lowering.whole_numbers(1) : lowering.integers("shape", {});
  if (lowering.input(0).kind == Kind::constant && wanted.size() <= 1) return lower_identity(lowering);
  ir::Dims to;
  std::int64_t known = 1;
  std::ptrdiff_t open = -1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::int64_t size = wanted[i];
    if (size == 0 && i < from.size()) size = from[i];
    if (size == -1 && open < 0) {
      open = static_cast<std::ptrdiff_t>(i);
      size = 1;
    }
    if (size < 1 || known > ir::most_elements / size)
      lowering.fail(fmt::format("has the shape {}", ir::to_text(wanted)));
    known *= size;
    to.push_back(size);
  }
  if (open >= 0) to[static_cast<std::size_t>(open)] = std::max<std::int64_t>(ir::elements(from) / known, 1);
  give_reshaped(lowering, to);
}

// Axes of Squeeze and Unsqueeze: an attribute before operator set 13, an input since.
List axes_of(OnnxLowering& lowering, std::size_t rank) {
  List axes = lowering.has_input(1) ? lowering.whole_numbers(1) : lowering.integers("axes", {});
  for (std::int64_t& axis : axes) {
    if (axis < 0) axis += static_cast<std::int64_t>(rank);
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank)) lowering.fail("has an axis that is not there");
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) lowering.fail("names an axis twice");
  return axes;
}

void lower_squeeze(OnnxLowering& lowering) {
  ir::Dims to = shape_of_input(lowering);
  if (lowering.input(0).is_constant()) return lower_identity(lowering);  // one number of a shape
  List axes = axes_of(lowering, to.size());
  for (std::size_t i = 1; axes.empty() && i < to.size(); ++i) {
    if (to[i] == 1) axes.push_back(static_cast<std::int64_t>(i));
  }
  for (std::size_t i = axes.size(); i-- > 0;) {
    if (to[static_cast<std::size_t>(axes[i])] != 1) lowering.fail("leaves out an axis of more than one");
    to.erase(to.begin() + axes[i]);
  }
  give_reshaped(lowering, to);
}

void lower_unsqueeze(OnnxLowering& lowering) {
  ir::Dims to = shape_of_input(lowering);
  if (lowering.input(0).is_constant()) return lower_identity(lowering);
  const std::size_t more =
      lowering.has_input(1) ? lowering.whole_numbers(1).size() : lowering.integers("axes", {}).size();
  if (to.size() + more > 8) lowering.fail("has too many axes");
  for (const std::int64_t axis : axes_of(lowering, to.size() + more)) to.insert(to.begin() + axis, 1);
  give_reshaped(lowering, to);
}

void lower_constant(OnnxLowering& lowering) {
  const OnnxNode& node = lowering.node();
  if (const OnnxAttribute* value = node.find("value")) {
    OnnxTensor numbers = value->tensor;
    lowering.charge(numbers.reals.size() + numbers.integers.size());
    if (numbers.name.empty()) numbers.name = node.outputs.front();
    return lowering.give_constant(std::move(numbers));
  }
  if (const OnnxAttribute* value = node.find("value_int")) {
    OnnxTensor numbers = list(lowering, {value->integer});
    numbers.shape = {};
    return lowering.give_constant(std::move(numbers));
  }
  if (const OnnxAttribute* value = node.find("value_ints"))
    return lowering.give_constant(list(lowering, value->integers));
  OnnxTensor numbers{.name = node.outputs.front(), .type = OnnxType::float32};
  if (const OnnxAttribute* value = node.find("value_float")) {
    numbers.reals = {value->real};
  } else if (const OnnxAttribute* values = node.find("value_floats")) {
    numbers.reals = values->reals;
    numbers.shape = {static_cast<std::int64_t>(numbers.reals.size())};
  } else {
    lowering.fail("holds no number");
  }
  lowering.give_constant(std::move(numbers));
}

void lower_shape(OnnxLowering& lowering) {
  const ir::Dims shape = shape_of_input(lowering);
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto within = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = within(lowering.integer("start", 0)),
                     end = within(lowering.integer("end", rank));
  List sizes;
  for (std::int64_t i = start; i < end; ++i) sizes.push_back(shape[static_cast<std::size_t>(i)]);
  lowering.give_constant(list(lowering, sizes));
}

// Rows of a table for token numbers. What follows wants the channels first: PyTorch turns the axes, and the
// graph's embedding gives them so at once.
void lower_embedding(OnnxLowering& lowering) {
  const OnnxTensor& table = lowering.constant(0);
  const ir::TensorId tokens = lowering.input(1).id;
  if (lowering.input(0).kind != Kind::constant || table.type != OnnxType::float32 ||
      table.shape.size() != 2 || lowering.integer("axis", 0) != 0 || lowering.shape(tokens).size() != 2)
    lowering.fail("looks tokens up in what is no table in float", "[words, features], tokens [1, length]");
  const std::vector<std::size_t> readers = lowering.readers();
  for (const std::size_t reader : readers) {
    const OnnxNode& turn = lowering.node_at(reader);
    const OnnxAttribute* order = turn.find("perm");
    if (turn.type != "Transpose" || order == nullptr || order->integers != List{0, 2, 1} ||
        turn.outputs.size() != 1)
      lowering.fail(fmt::format("is read by a {}", turn.type),
                    "an embedding must be turned first: transpose(1, 2) in PyTorch, then convolutions");
  }
  if (readers.empty()) lowering.fail("is an embedding that nothing reads");
  ModelBuilder& builder = lowering.builder();
  const ir::TensorId out = builder.graph.add(
      "embedding", lowering.name_for("embedding", table.name), {tokens},
      {{"vocabulary", table.shape[0]}, {"features", table.shape[1]}, {"channels_first", std::int64_t{1}}});
  builder.set<float>(builder.parameter(0), lowering.real_numbers(0));
  for (const std::size_t reader : readers) lowering.take_over(reader, {.kind = Kind::real, .id = out});
}

void lower_gather(OnnxLowering& lowering) {
  if (lowering.input(0).is_constant() && lowering.input(1).kind == Kind::token)
    return lower_embedding(lowering);
  if (!lowering.input(0).is_constant())
    lowering.fail("chooses among values", "sizes of a shape are supported");
  const List numbers = lowering.whole_numbers(0), places = lowering.whole_numbers(1);
  if (lowering.constant(0).shape.size() > 1 || places.size() > 64) lowering.fail("chooses from a table");
  List chosen;
  for (std::int64_t at : places) {
    const auto count = static_cast<std::int64_t>(numbers.size());
    if (at < 0) at += count;
    if (at < 0 || at >= count) lowering.fail("chooses what is not there");
    chosen.push_back(numbers[static_cast<std::size_t>(at)]);
  }
  lowering.give_constant(list(lowering, chosen));
}

void lower_slice(OnnxLowering& lowering) {
  if (!lowering.input(0).is_constant()) lowering.fail("cuts values", "sizes of a shape are supported");
  const List numbers = lowering.whole_numbers(0);
  if (lowering.constant(0).shape.size() != 1 || numbers.size() > 64) lowering.fail("cuts a table");
  const auto count = static_cast<std::int64_t>(numbers.size());
  const auto number = [&](std::size_t place, std::int64_t otherwise) {
    if (!lowering.has_input(place)) return otherwise;
    const List& given = lowering.whole_numbers(place);
    if (given.size() != 1) lowering.fail("cuts along several axes");
    return given.front();
  };
  const auto within = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + count : at, 0, count);
  };
  if (number(4, 1) != 1) lowering.fail("leaves out every other number");
  const std::int64_t start = within(number(1, 0)), end = std::max(start, within(number(2, count)));
  lowering.give_constant(list(lowering, List(numbers.begin() + start, numbers.begin() + end)));
}

void lower_cast(OnnxLowering& lowering) {
  if (lowering.integer("to", 0) != static_cast<std::int64_t>(OnnxType::int64) ||
      !lowering.input(0).is_constant())
    lowering.fail("changes the type of values", "sizes of a shape are supported");
  lowering.whole_numbers(0);
  lower_identity(lowering);
}

// Of a constant matrix: what PyTorch writes before a MatMul.
void lower_transpose(OnnxLowering& lowering) {
  const OnnxState& given = lowering.input(0);
  if (!given.is_constant() || given.numbers->shape.size() != 2)
    lowering.fail("turns the axes of values",
                  "constant matrices are supported; export with the channels first");
  if (lowering.integers("perm", {1, 0}) != List{1, 0}) return lower_identity(lowering);
  OnnxState state = given;
  OnnxTensor turned = *given.numbers;
  lowering.charge(turned.reals.size() + turned.integers.size());
  const ir::Dims shape = turned.shape;
  turned.reals = transposed(std::span<const float>(given.numbers->reals), shape, {1, 0});
  turned.integers = transposed(std::span<const std::int64_t>(given.numbers->integers), shape, {1, 0});
  turned.shape = {shape[1], shape[0]};
  if (state.quantization.axis != ir::none) state.quantization.axis = 1 - state.quantization.axis;
  state.numbers = std::make_shared<const OnnxTensor>(std::move(turned));
  lowering.give(std::move(state));
}

// Zeros around an image, which the convolution behind adds.
void lower_pad(OnnxLowering& lowering) {
  OnnxState state = lowering.input(0);
  if (state.is_constant() || state.kind == Kind::stored)
    lowering.fail("pads a constant, or what is quantised");
  const ir::Dims shape = lowering.shape(state.id);
  const List sides = lowering.has_input(1) ? lowering.whole_numbers(1) : lowering.integers("pads", {});
  const OnnxAttribute* mode = lowering.node().find("mode");
  float value = lowering.real("value", 0);
  if (lowering.has_input(2)) {
    const std::vector<float> given = lowering.real_numbers(2);
    value = given.size() == 1 ? given.front() : 1;
  }
  if ((mode != nullptr && mode->text != "constant") || value != 0 || lowering.has_input(3))
    lowering.fail("pads with something else than zeros on all axes");
  const std::size_t rank = shape.size();
  if (sides.size() != 2 * rank || rank < 3) lowering.fail("needs two numbers for each of its axes");
  List padding;
  for (std::size_t i = 0; i < 2 * rank; ++i) {
    const bool fits = sides[i] >= 0 && sides[i] <= ir::most_elements && (i % rank >= 2 || sides[i] == 0);
    if (!fits) lowering.fail("pads batch or channels, or by a negative number");
    if (i % rank >= 2) padding.push_back(sides[i]);
  }
  state.padding.resize(padding.size(), 0);
  for (std::size_t i = 0; i < padding.size(); ++i) state.padding[i] += padding[i];
  state.as_real = ir::none;
  lowering.give(std::move(state));
}

}  // namespace

std::vector<OnnxRule> onnx_shapes() {
  return {{"Identity", lower_identity},  {"Dropout", lower_identity}, {"Flatten", lower_flatten},
          {"Reshape", lower_reshape},    {"Squeeze", lower_squeeze},  {"Unsqueeze", lower_unsqueeze},
          {"Constant", lower_constant},  {"Shape", lower_shape},      {"Gather", lower_gather},
          {"Slice", lower_slice},        {"Cast", lower_cast},        {"Pad", lower_pad},
          {"Transpose", lower_transpose}};
}

}  // namespace frugal::network
