#include "quant/call.h"

namespace frugal::quant {
namespace {

Numbers numbers_of(const std::vector<std::int32_t>& values) {
  return {"int32_t", {values.begin(), values.end()}, {}};
}

}  // namespace

Struct struct_of(const ops_window& w) {
  return {"ops_window",
          {{"in_height", w.in_height},
           {"in_width", w.in_width},
           {"in_channels", w.in_channels},
           {"out_height", w.out_height},
           {"out_width", w.out_width},
           {"out_channels", w.out_channels},
           {"kernel_height", w.kernel_height},
           {"kernel_width", w.kernel_width},
           {"stride_height", w.stride_height},
           {"stride_width", w.stride_width},
           {"pad_top", w.pad_top},
           {"pad_left", w.pad_left},
           {"dilation_height", w.dilation_height},
           {"dilation_width", w.dilation_width},
           {"groups", w.groups}}};
}

Struct struct_of(const ops_add& how) {
  Struct made{"ops_add",
              {{"rounding", how.rounding},
               {"a_zero", how.a_zero},
               {"b_zero", how.b_zero},
               {"out_zero", how.out_zero},
               {"low", how.low},
               {"high", how.high}}};
  if (how.rounding == OPS_FLOAT32_HALF_EVEN) {
    made.fields.insert(made.fields.end(), {{"a_scale", how.a_scale}, {"b_scale", how.b_scale}});
  } else {
    made.fields.insert(made.fields.end(), {{"a_multiplier", how.a_multiplier},
                                           {"a_shift", how.a_shift},
                                           {"b_multiplier", how.b_multiplier},
                                           {"b_shift", how.b_shift},
                                           {"out_multiplier", how.out_multiplier},
                                           {"out_shift", how.out_shift}});
  }
  return made;
}

Struct struct_of(const ops_reconstruction& how) {
  return {"ops_reconstruction",
          {{"count", how.count},
           {"scale", how.scale},
           {"target_scale", how.target_scale},
           {"zero", how.zero},
           {"target_zero", how.target_zero},
           {"step", how.step}}};
}

Struct struct_of(const ops_logits& how) {
  return {"ops_logits", {{"multiplier", how.multiplier}, {"shift", how.shift}, {"least", how.least}}};
}

Struct struct_of(const ops_branches& how) {
  return {"ops_branches",
          {{"a_factor", how.a_factor},
           {"a_shift", how.a_shift},
           {"b_factor", how.b_factor},
           {"b_shift", how.b_shift}}};
}

Struct struct_of(const Scales& scales) {
  const ops_requantize& how = scales->how;
  Struct made{"ops_requantize",
              {{"rounding", how.rounding},
               {"in_zero", how.in_zero},
               {"out_zero", how.out_zero},
               {"low", how.low},
               {"high", how.high}}};
  if (how.rounding == OPS_FLOAT32_HALF_EVEN) {
    made.fields.emplace_back("scale", Numbers{"float", {}, scales->scale});
  } else {
    made.fields.emplace_back("multiplier", numbers_of(scales->multiplier));
    made.fields.emplace_back("shift", numbers_of(scales->shift));
  }
  return made;
}

Struct struct_of(const Update& update) {
  const ops_update& how = update.how;
  Struct made{"ops_update",
              {{"outer", how.outer},
               {"places", how.places},
               {"inner", how.inner},
               {"channels_inside", how.channels_inside}}};
  if (update.channels.data() != nullptr)
    made.fields.emplace_back("channels", numbers_of(update.channels.values()));
  made.fields.insert(
      made.fields.end(),
      {{"trained", how.trained}, {"storage", how.storage}, {"first", static_cast<std::int64_t>(how.first)}});
  if (how.numerator != 0) made.fields.emplace_back("numerator", how.numerator);
  return made;
}

Step Step::with_scratch(std::size_t bytes, std::function<std::size_t(std::int32_t)> on_target) const {
  Step step = *this;
  step.scratch_bytes = bytes;
  step.scratch_on = std::move(on_target);
  return step;
}

Step Step::then(const Step& other) const {
  if (!run) return other;
  Step both = *this;
  both.run = [first = run, second = other.run](Workspace& space) {
    first(space);
    second(space);
  };
  both.scratch_bytes = std::max(scratch_bytes, other.scratch_bytes);
  both.calls.insert(both.calls.end(), other.calls.begin(), other.calls.end());
  if (scratch_on && other.scratch_on) {
    both.scratch_on = [first = scratch_on, second = other.scratch_on](std::int32_t target) {
      return std::max(first(target), second(target));
    };
  } else if (other.scratch_on) {
    both.scratch_on = other.scratch_on;
  }
  return both;
}

}  // namespace frugal::quant
