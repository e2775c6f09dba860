/* What scratch a kernel needs on another processor than this one: for the compiler's plan of memory. */
#include "ops/arm.h"
#include "ops/of_parts.h"
#include "ops/x86.h"

/* A processor with vectors may run sources that were compiled to do without them. */
static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t ops_conv_i8_scratch_for(int32_t target, const ops_window* w) {
  return target == OPS_PLAIN ? ops_conv_i8_plain_scratch(w)
         : target == OPS_DSP ? ops_conv_i8_dsp_scratch(w)
                             : larger(ops_conv_i8_dsp_scratch(w), ops_conv_i8_mve_scratch(w));
}

size_t ops_depthwise_conv_i8_scratch_for(int32_t target, const ops_window* w) {
  return target == OPS_PLAIN ? ops_depthwise_conv_i8_plain_scratch(w)
         : target == OPS_DSP
             ? ops_depthwise_conv_i8_dsp_scratch(w)
             : larger(ops_depthwise_conv_i8_dsp_scratch(w), ops_depthwise_conv_i8_mve_scratch(w));
}

size_t ops_conv_i8_of_parts_scratch_for(int32_t target, const ops_window* w) {
  const ops_window some = ops_some_outputs(w);
  const ops_parts_scratch bytes = ops_scratch_of_parts(&some);
  return bytes.weight + bytes.given + bytes.mask + ops_conv_i8_scratch_for(target, &some);
}
