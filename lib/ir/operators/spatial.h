// What windows that slide over an image or a sequence share: convolutions and pools.
#pragma once

#include "ir/operator.h"

namespace frugal::ir {

// "kernel", "stride", "padding" (before each axis, then after each: ONNX's order), "dilation"; one number an
// axis.
std::vector<AttributeSpec> window_attributes();

// The sizes after the window, for [N, C, H, W] or [N, C, L]; channels as given. RuleError where ranks differ
// or no output is left.
Dims slide(const Call& call, std::int64_t out_channels);
Dims slide(const Dims& in, const Call& call, std::int64_t out_channels);  // over another shape

// What operators on integers have besides. "rounding": how a sum in int32 becomes int8, see rounding_names();
// empty where the operator computes in float. "clamp": least and largest value that it gives, as stored.
std::vector<AttributeSpec> integer_attributes();

// Lists one after the other.
std::vector<AttributeSpec> joined(std::vector<AttributeSpec> first, const std::vector<AttributeSpec>& then);

// The window as ONNX writes it.
OnnxForm window_form(const char* type, const Call& call);

}  // namespace frugal::ir
