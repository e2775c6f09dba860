// What moves values without computing: other shapes, parts, several tensors as one.
#include "ir/operators.h"

namespace frugal::ir {
namespace {

using List = std::vector<std::int64_t>;

// An axis behind the batch.
std::size_t axis_of(const Call& call) {
  const std::int64_t axis = call.integer("axis");
  if (axis >= static_cast<std::int64_t>(call.shape(0).size())) {
    throw RuleError(words("axis ", axis, " is none of ", call.shape(0)));
  }
  return static_cast<std::size_t>(axis);
}

const Operator identity{
    .name = "identity",
    .help = "its input as it is",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {},
    .shape = same_shape,
    .onnx =
        [](const Call&) {
          return OnnxForm{"Identity", {}};
        },
    .in_place = true,
};

const Operator reshape{
    .name = "reshape",
    .help = "the same values in the same order, in another shape behind the batch",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"shape", List{}, true, 1}},
    .shape =
        [](const Call& call) {
          Dims out{call.shape(0).empty() ? 1 : call.shape(0)[0]};
          for (const std::int64_t size : call.integers("shape")) out.push_back(size);
          check_size(out);
          if (elements(out) != elements(call.shape(0))) {
            throw RuleError(words(out, " has other elements than ", call.shape(0)));
          }
          return out;
        },
    .onnx =
        [](const Call& call) {
          List shape{0};  // 0: as it is
          for (const std::int64_t size : call.integers("shape")) shape.push_back(size);
          return OnnxForm{"Reshape", {}, {}, {{"shape", shape}}};
        },
    .in_place = true,
};

const Operator flatten{
    .name = "flatten",
    .help = "[N, …] to [N, features]",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {},
    .shape =
        [](const Call& call) {
          const Dims& in = call.shape(0);
          if (in.empty()) throw RuleError("needs a batch: [N, …]");
          return Dims{in[0], elements(in) / in[0]};
        },
    .onnx =
        [](const Call&) {
          return OnnxForm{"Flatten", {{"axis", std::int64_t{1}}}};
        },
    .in_place = true,
};

const Operator concatenate{
    .name = "concatenate",
    .help = "several tensors one after the other along an axis",
    .least_inputs = 1,
    .most_inputs = any_number,
    .attributes = {{"axis", std::int64_t{1}, false, 1}},
    .shape =
        [](const Call& call) {
          const std::size_t axis = axis_of(call);
          Dims out = call.shape(0);
          for (std::size_t i = 1; i < call.inputs.size(); ++i) {
            Dims other = call.shape(i);
            if (other.size() != out.size()) throw RuleError("takes tensors of several ranks");
            out[axis] += other[axis];
            other[axis] = out[axis];
            if (other != out) throw RuleError("takes tensors whose other axes differ");
          }
          return out;
        },
    .onnx =
        [](const Call& call) {
          return OnnxForm{"Concat", {{"axis", call.integer("axis")}}};
        },
};

const Operator slice{
    .name = "slice",
    .help = "the part [begin, end) of an axis",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"axis", std::int64_t{1}, false, 1},
                   {"begin", std::int64_t{0}, true},
                   {"end", std::int64_t{1}, true, 1}},
    .shape =
        [](const Call& call) {
          const std::size_t axis = axis_of(call);
          Dims out = call.shape(0);
          const std::int64_t begin = call.integer("begin"), end = call.integer("end");
          if (begin >= end || end > out[axis]) {
            throw RuleError(words("[", begin, ", ", end, ") is no part of an axis of ", out[axis]));
          }
          out[axis] = end - begin;
          return out;
        },
    .onnx =
        [](const Call& call) {
          return OnnxForm{"Slice",
                          {},
                          {},
                          {{"starts", List{call.integer("begin")}},
                           {"ends", List{call.integer("end")}},
                           {"axes", List{call.integer("axis")}}}};
        },
};

const Operator pad{
    .name = "pad",
    .help = "zeros at the end of an axis",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"axis", std::int64_t{1}, false, 1}, {"after", std::int64_t{0}, true}},
    .shape =
        [](const Call& call) {
          Dims out = call.shape(0);
          out[axis_of(call)] += call.integer("after");
          return out;
        },
    .onnx =
        [](const Call& call) {
          List pads(2 * call.shape(0).size(), 0);
          pads[call.shape(0).size() + axis_of(call)] = call.integer("after");
          return OnnxForm{"Pad", {}, {}, {{"pads", pads}}};
        },
};

const Operator channel_shuffle{
    .name = "channel_shuffle",
    .help = "channels of each group dealt out in turn (ShuffleNet, Zhang et al. 2018)",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"groups", std::int64_t{1}, true, 1}},
    .shape =
        [](const Call& call) {
          const Dims& in = call.shape(0);
          if (in.size() < 2 || in[1] % call.integer("groups") != 0)
            throw RuleError("groups do not divide the channels");
          return in;
        },
    .onnx = nullptr,  // reshape, transpose, reshape: not written yet
};

}  // namespace

OperatorTable rearrangements() {
  return {&identity, &reshape, &flatten, &concatenate, &slice, &pad, &channel_shuffle};
}

}  // namespace frugal::ir
