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

#ifdef __cplusplus
}
#endif

#endif
