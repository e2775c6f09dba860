/* Forms of the heaviest kernels for Arm's microcontrollers: packed 16-bit arithmetic (DSP: Cortex-M4, M7,
 * M33) and vectors (MVE: Cortex-M55). Sums are of integers, so that they are the plain kernels' to the bit;
 * tests/ops and tests/device compare them. */
#ifndef FRUGAL_OPS_ARM_H
#define FRUGAL_OPS_ARM_H

#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The DSP kernels are built on every machine, without the instructions in plain C. */
size_t ops_conv_i8_dsp_scratch(const ops_window* window);
void ops_conv_i8_dsp(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                     void* scratch, const ops_window* window, const ops_requantize* to);
size_t ops_depthwise_conv_i8_dsp_scratch(const ops_window* window);
void ops_depthwise_conv_i8_dsp(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                               uint8_t* mask, void* scratch, const ops_window* window,
                               const ops_requantize* to);
/* So are those of MVE. */
size_t ops_conv_i8_mve_scratch(const ops_window* window);
void ops_conv_i8_mve(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                     void* scratch, const ops_window* window, const ops_requantize* to);
size_t ops_depthwise_conv_i8_mve_scratch(const ops_window* window);
void ops_depthwise_conv_i8_mve(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                               uint8_t* mask, void* scratch, const ops_window* window,
                               const ops_requantize* to);

void ops_add_i8_fpu(const int8_t* a, const int8_t* b, int8_t* y, uint8_t* mask, int32_t count,
                    int32_t b_count, const ops_add* how);

/* Gradients in float with the registers of a single-precision unit (Cortex-M4, M7, M55), in the order of the
 * plain kernels' sums. Built on every machine that has floats. */
void ops_conv_input_gradient_fpu(const float* gradient, const int8_t* weight, float* y,
                                 const ops_window* window);
/* The same added to y. */
void ops_conv_input_gradient_add_fpu(const float* gradient, const int8_t* weight, float* y,
                                     const ops_window* window);
void ops_conv_weight_gradient_fpu(const int8_t* x, int32_t x_zero, const float* gradient, float* y,
                                  const int32_t* channels, int32_t trained, const ops_window* window);
void ops_depthwise_input_gradient_fpu(const float* gradient, const int8_t* weight, float* y,
                                      const ops_window* window);
void ops_rescale_gradient_fpu(const float* gradient, const float* factor, int32_t factors,
                              const uint8_t* mask, float* y, int32_t count);
void ops_channel_sum_fpu(const float* gradient, float* sum, int32_t pixels, int32_t channels);

#ifdef __cplusplus
}
#endif

#endif
