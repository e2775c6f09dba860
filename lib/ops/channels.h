/* Gradients some channels at a time, so that the map of an inverted bottleneck's hidden channels is never
 * whole in memory: what its projection's input gradient gives for these channels goes through the depthwise
 * layer into the sums of the expansion's gradients (lib/passes/channels.h). Each kernel is that of ops.h for
 * channels [part->first, part->first + part->count) of the hidden map, and gives the same bits. */
#ifndef FRUGAL_OPS_CHANNELS_H
#define FRUGAL_OPS_CHANNELS_H

#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t first, count;
} ops_part;

/* for (ops_part part = ops_first_part(all, most); part.count > 0; part = ops_next_part(part, all, most)) */
static inline ops_part ops_part_from(int32_t first, int32_t all, int32_t most) {
  const int32_t left = all - first;
  const ops_part part = {first, left < most ? left : most};
  return part;
}
static inline ops_part ops_first_part(int32_t all, int32_t most) { return ops_part_from(0, all, most); }
static inline ops_part ops_next_part(ops_part part, int32_t all, int32_t most) {
  return ops_part_from(part.first + part.count, all, most);
}

/* trained = of each of `rows` rows of `whole` the `count` numbers at `channels`: what ops_merge_channels
 * takes. */
void ops_take_trained(const int8_t* whole, int8_t* trained, int32_t rows, int32_t row,
                      const int32_t* channels, int32_t count);

/* y: [pixels][part->count], the part of the input's channels. scratch: so many bytes for
 * each channel of the part, aligned to 8. */
size_t ops_conv_input_gradient_part_scratch(const ops_window* window);
void ops_conv_input_gradient_part(const float* gradient, const int8_t* weight, float* y, void* scratch,
                                  const ops_window* window, const ops_part* part);
void ops_conv_input_gradient_of_parts_part(const float* gradient, const int8_t* frozen, const int8_t* trained,
                                           float* y, const int32_t* channels, int32_t count, void* scratch,
                                           const ops_window* window, const ops_part* part);

/* gradient and y: [pixels][part->count]; factor and mask: of all `channels`. In place. */
void ops_rescale_gradient_part(const float* gradient, const float* factor, int32_t factors,
                               const uint8_t* mask, float* y, int32_t pixels, int32_t channels,
                               const ops_part* part);
/* sum: of all channels. */
void ops_channel_sum_part(const float* gradient, float* sum, int32_t pixels, const ops_part* part);

/* Of one multiple. */
size_t ops_depthwise_input_gradient_part_scratch(const ops_window* window);
void ops_depthwise_input_gradient_part(const float* gradient, const int8_t* weight, float* y, void* scratch,
                                       const ops_window* window, const ops_part* part);

/* Of a 1x1 convolution: y, which is whole, gets the sum over the parts up to this one. gradient:
 * [pixels][part->count], the part of the output's channels. */
void ops_pointwise_input_gradient_sum(const float* gradient, const int8_t* weight, float* y,
                                      const ops_window* window, const ops_part* part);
size_t ops_pointwise_input_gradient_of_parts_sum_scratch(const ops_window* window);
void ops_pointwise_input_gradient_of_parts_sum(const float* gradient, const int8_t* frozen,
                                               const int8_t* trained, float* y, const int32_t* channels,
                                               int32_t count, void* scratch, const ops_window* window,
                                               const ops_part* part);

/* The weights of these output channels learn. */
size_t ops_conv_weight_update_part_scratch(const ops_window* window, int32_t trained);
void ops_conv_weight_update_part(int8_t* weight, const int8_t* x, int32_t x_zero, const float* gradient,
                                 const float* factor, const float* rate, const uint32_t* seed, void* scratch,
                                 const int32_t* taken, const ops_window* window, const ops_update* how,
                                 const ops_part* part);

#ifdef __cplusplus
}
#endif

#endif
