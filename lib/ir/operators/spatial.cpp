#include "ir/operators/spatial.h"

namespace frugal::ir {

using List = std::vector<std::int64_t>;

std::vector<AttributeSpec> window_attributes() {
  return {{"kernel", List{}, true, 1},
          {"stride", List{}, true, 1},
          {"padding", List{}, true, 0},
          {"dilation", List{}, true, 1}};
}

std::vector<AttributeSpec> integer_attributes() {
  return {{"rounding", std::string()}, {"clamp", List{-128, 127}, false, -128}};
}

std::vector<AttributeSpec> joined(std::vector<AttributeSpec> first, const std::vector<AttributeSpec>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

Dims slide(const Call& call, std::int64_t out_channels) { return slide(call.shape(0), call, out_channels); }

Dims slide(const Dims& in, const Call& call, std::int64_t out_channels) {
  const List &kernel = call.integers("kernel"), &stride = call.integers("stride");
  const List &padding = call.integers("padding"), &dilation = call.integers("dilation");
  const std::size_t axes = in.size() < 2 ? 0 : in.size() - 2;
  if (axes < 1 || axes > 2) throw RuleError(words("needs [N, C, L] or [N, C, H, W], got ", in));
  if (kernel.size() != axes || stride.size() != axes || dilation.size() != axes ||
      padding.size() != 2 * axes) {
    throw RuleError(
        words("needs one kernel, stride and dilation for each of ", axes, " axes, and two paddings"));
  }
  Dims out{in[0], out_channels};
  for (std::size_t a = 0; a < axes; ++a) {
    if (kernel[a] > in[a + 2] + padding[a] + padding[axes + a] || dilation[a] > most_elements / kernel[a]) {
      throw RuleError("leaves no pixel of the image");
    }
    const std::int64_t span = dilation[a] * (kernel[a] - 1) + 1;
    const std::int64_t room = in[a + 2] + padding[a] + padding[axes + a];
    if (room < span) throw RuleError("leaves no pixel of the image");
    out.push_back((room - span) / stride[a] + 1);
  }
  return out;
}

OnnxForm window_form(const char* type, const Call& call) {
  return {type,
          {{"kernel_shape", call.integers("kernel")},
           {"strides", call.integers("stride")},
           {"dilations", call.integers("dilation")},
           {"pads", call.integers("padding")}},
          {}};
}

}  // namespace frugal::ir
