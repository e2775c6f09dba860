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

// The window as ONNX writes it.
OnnxForm window_form(const char* type, const Call& call);

}  // namespace frugal::ir
