/* Forms of the heaviest kernels for AVX2, which the host takes where its processor has it. Sums are of
 * integers, so that they are the plain kernels' to the bit; tests/ops compares them. */
#ifndef FRUGAL_OPS_X86_H
#define FRUGAL_OPS_X86_H

#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef OPS_AVX2
int ops_has_avx2(void);
#else
#define ops_has_avx2() 0 /* these are not built, and nothing calls them */
#endif
size_t ops_conv_i8_avx2_scratch(const ops_window* window);
void ops_conv_i8_avx2(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                      void* scratch, const ops_window* window, const ops_requantize* to);
void ops_depthwise_conv_i8_avx2(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                                uint8_t* mask, void* scratch, const ops_window* window,
                                const ops_requantize* to);

/* Of a 1x1 convolution with at least 16 input channels: y [4][inputs] from g [4][outputs]. */
void ops_four_pixels_avx2(const float* g, const int8_t* weight, float* y, int32_t outputs, int32_t inputs);

/* The plain ones under names of their own, for the comparison. */
size_t ops_conv_i8_plain_scratch(const ops_window* window);
void ops_conv_i8_plain(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                       void* scratch, const ops_window* window, const ops_requantize* to);
size_t ops_depthwise_conv_i8_plain_scratch(const ops_window* window);
void ops_depthwise_conv_i8_plain(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                                 uint8_t* mask, void* scratch, const ops_window* window,
                                 const ops_requantize* to);
void ops_add_i8_plain(const int8_t* a, const int8_t* b, int8_t* y, uint8_t* mask, int32_t count,
                      int32_t b_count, const ops_add* how);
void ops_conv_input_gradient_plain(const float* gradient, const int8_t* weight, float* y,
                                   const ops_window* window);
void ops_pointwise_input_gradient_add_plain(const float* gradient, const int8_t* weight, float* y,
                                            const ops_window* window);
void ops_conv_weight_gradient_plain(const int8_t* x, int32_t x_zero, const float* gradient, float* y,
                                    const int32_t* channels, int32_t trained, const ops_window* window);
void ops_depthwise_input_gradient_plain(const float* gradient, const int8_t* weight, float* y,
                                        const ops_window* window);
void ops_rescale_gradient_plain(const float* gradient, const float* factor, int32_t factors,
                                const uint8_t* mask, float* y, int32_t count);
void ops_channel_sum_plain(const float* gradient, float* sum, int32_t pixels, int32_t channels);

#ifdef __cplusplus
}
#endif

#endif
