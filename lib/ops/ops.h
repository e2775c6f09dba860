/* The kernels: every operator of lib/ir that runs on integers, and every gradient, in portable C11.
 *
 * The host simulates with these sources and the device gets the same ones, so that both compute the same
 * bits:
 *  - sums of integers are exact, in int32;
 *  - the order of every sum of floats is written down beside its kernel, and loops are vectorised across
 *    outputs, never along such a sum;
 *  - compiled with -ffp-contract=off; no double, no fmaf, no libm; FLT_EVAL_METHOD is 0;
 *  - what becomes an integer is clamped first (x86 and Arm differ outside the range).
 *
 * Images are stored channels last, [height][width][channels]; a sequence is an image of height 1. Weights of
 * a convolution are [out][kernel height][kernel width][in / groups], of a depthwise one [kernel
 * height][kernel width][out], of a fully connected layer [out][in]. One image at a time; nothing is
 * allocated.
 *
 * Quantised: real = scale * (stored - zero point). Formulas: Lin et al., On-Device Training Under 256KB
 * Memory (NeurIPS 2022), section 2; Jacob et al. (CVPR 2018) for the integers.
 */
#ifndef FRUGAL_OPS_H
#define FRUGAL_OPS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A window that slides over an image. Depthwise: out_channels = in_channels * multiplier, groups unused. */
typedef struct {
  int32_t in_height, in_width, in_channels;
  int32_t out_height, out_width, out_channels;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t pad_top, pad_left;
  int32_t dilation_height, dilation_width;
  int32_t groups;
} ops_window;

enum { OPS_FLOAT32_HALF_EVEN = 0, OPS_TFLITE = 1, OPS_INTEGER = 2 };

/* How a sum in int32 becomes int8: y = clamp(round(sum * scale) + out_zero, low, high). */
typedef struct {
  int32_t rounding; /* OPS_FLOAT32_HALF_EVEN: round(float(sum) * scale), halves to even; else fixed point */
  int32_t in_zero, out_zero;
  int32_t low, high;
  const float* scale;        /* one an output channel: in_scale * weight_scale / out_scale; finite */
  const int32_t* multiplier; /* the same as multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) */
  const int32_t* shift;
} ops_requantize;

/* ---- forward, int8 ------------------------------------------------------------------------------------ */

/* mask: a bit an output element (element i is bit i % 8 of byte i / 8), 1 where the value before the clamp
 * lay in [low, high]; may be null. bias: int32 at scale in_scale * weight_scale; may be null. scratch:
 * ops_conv_i8_scratch(window) bytes, aligned to 4. */
size_t ops_conv_i8_scratch(const ops_window* window);
void ops_conv_i8(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y, uint8_t* mask,
                 void* scratch, const ops_window* window, const ops_requantize* to);

size_t ops_depthwise_conv_i8_scratch(const ops_window* window);
void ops_depthwise_conv_i8(const int8_t* x, const int8_t* weight, const int32_t* bias, int8_t* y,
                           uint8_t* mask, void* scratch, const ops_window* window, const ops_requantize* to);

/* The same for the kernels that another processor takes: the plain ones, those with packed 16-bit arithmetic
 * (Cortex-M4, M7, M33), those with vectors (Cortex-M55). Chosen when the sources are compiled. */
enum { OPS_PLAIN = 0, OPS_DSP = 1, OPS_MVE = 2 };
size_t ops_conv_i8_scratch_for(int32_t target, const ops_window* window);
size_t ops_depthwise_conv_i8_scratch_for(int32_t target, const ops_window* window);

/* Without groups, by a weight of which `count` input channels, rising, stand apart. */
size_t ops_conv_i8_of_parts_scratch(const ops_window* window);
size_t ops_conv_i8_of_parts_scratch_for(int32_t target, const ops_window* window);
void ops_conv_i8_of_parts(const int8_t* x, const int8_t* frozen, const int8_t* trained, const int32_t* bias,
                          int8_t* y, uint8_t* mask, const int32_t* channels, int32_t count, void* scratch,
                          const ops_window* window, const ops_requantize* to);

/* y = a + b, where b may have fewer numbers, b_count, which repeat: one a channel. float: round(float(a -
 * a_zero) * a_scale + float(b - b_zero) * b_scale), where the scales are those of the inputs over the
 * output's. tflite: inputs shifted left by 20 bits, scaled and summed in int32.
 */
typedef struct {
  int32_t rounding;
  int32_t a_zero, b_zero, out_zero, low, high;
  float a_scale, b_scale;
  int32_t a_multiplier, a_shift, b_multiplier, b_shift, out_multiplier, out_shift;
} ops_add;
void ops_add_i8(const int8_t* a, const int8_t* b, int8_t* y, uint8_t* mask, int32_t count, int32_t b_count,
                const ops_add* how);

/* y = a * b: (a - in_zero) * (b - b_zero) is scaled as a layer's sum is. b may have fewer numbers, which
 * repeat: one a channel. */
void ops_mul_i8(const int8_t* a, const int8_t* b, int32_t b_zero, int8_t* y, uint8_t* mask, int32_t count,
                int32_t b_count, const ops_requantize* to);
/* y = table[x + 128]: an activation of one number, exact by definition (ops/activation_table.h makes the
 * table). */
void ops_lookup_i8(const int8_t* x, const int8_t* table, int8_t* y, int32_t count);
/* Rows of `bytes` that lie x_step and y_step bytes apart: channels of a joined tensor, and a part of them. */
/* y = frozen, but of each of `rows` rows the `count` numbers at `channels` are those of `trained`. */
void ops_merge_channels(const int8_t* frozen, const int8_t* trained, int8_t* y, int32_t rows, int32_t row,
                        const int32_t* channels, int32_t count);
void ops_copy_rows(const uint8_t* x, size_t x_step, uint8_t* y, size_t y_step, size_t bytes, int32_t rows);
/* y[i] = x[from[i]], of elements of `bytes` bytes each: a reshape between two orders. */
void ops_reorder(const uint8_t* x, uint8_t* y, int32_t count, size_t bytes, const int32_t* from);

/* Mean of each window over the pixels that lie in the image. tflite and integer: in whole numbers, halves
 * away from zero, input and output of one scale. float: round((sum / pixels - in_zero) * scale +
 * out_zero) with scale = in_scale / out_scale: the mean itself goes to the even number, as in the authors'
 * program.
 */
void ops_average_pool_i8(const int8_t* x, int8_t* y, const ops_window* window, const ops_requantize* to);
/* Mean over all pixels, between two scales: sum - pixels * in_zero is scaled in fixed point (one multiplier,
 * in which in_scale / (out_scale * pixels) stands), rounded once (integer) or twice (tflite). */
void ops_mean_i8(const int8_t* x, int8_t* y, int32_t pixels, int32_t channels, const ops_requantize* to);
void ops_max_pool_i8(const int8_t* x, int8_t* y, const ops_window* window, int32_t low, int32_t high);
void ops_requantize_i8(const int8_t* x, int8_t* y, uint8_t* mask, int32_t count, const ops_requantize* to);

/* Softmax of `rows` rows into scale 1/256, zero point -128, as TensorFlow Lite's reference kernel:
 * exponentials in fixed point (gemmlowp). multiplier, shift: in_scale * 2^26 as a fixed-point number;
 * least_difference: what lies below the largest by more counts as 0. */
void ops_softmax_i8(const int8_t* x, int8_t* y, int32_t rows, int32_t columns, int32_t multiplier,
                    int32_t shift, int32_t least_difference);

/* Row `token` of a table [rows][features] for each token: y is [tokens][features]. A number outside of the
 * table takes its nearest row. */
void ops_embedding_i8(const int32_t* tokens, const int8_t* table, int8_t* y, int32_t count, int32_t rows,
                      int32_t features);

void ops_dequantize(const int8_t* x, float* y, int32_t count, float scale, int32_t zero);
/* round(x / scale) + zero, clamped; halves to the even number, or for OPS_TFLITE away from zero. */
void ops_quantize(const float* x, int8_t* y, int32_t count, float scale, int32_t zero, int32_t rounding);

/* ---- forward, float ----------------------------------------------------------------------------------- */

/* Sum over the inputs in their order, then the bias. weight: [out][in]. */
void ops_fully_connected_f32(const float* x, const float* weight, const float* bias, float* y, int32_t in,
                             int32_t out);
/* Sum of each channel over the pixels in their order, divided by their number. */
void ops_global_average_pool_f32(const float* x, float* y, int32_t pixels, int32_t channels);
void ops_add_f32(const float* a, const float* b, float* y, int32_t count);

/* Loss of one image, -log softmax(logits)[*label]; sums in the order of the classes. */
void ops_cross_entropy(const float* logits, const int32_t* label, float* loss, int32_t classes);
/* softmax(logits) - one-hot label */
void ops_cross_entropy_gradient(const float* logits, const int32_t* label, float* gradient, int32_t classes);

/* An output y and what it should be, both int8 with scales of their own. */
typedef struct {
  int32_t count;
  float scale, target_scale;
  int32_t zero, target_zero;
  float step; /* 2 * scale / count */
} ops_reconstruction;

/* The mean of (real y - real x)^2, summed in the order of memory. */
void ops_mean_squared_error(const int8_t* y, const int8_t* x, float* loss, const ops_reconstruction* how);
/* By the numbers of y as they are stored. */
void ops_mean_squared_error_gradient(const int8_t* y, const int8_t* x, float* gradient,
                                     const ops_reconstruction* how);

float ops_exp(float x); /* within 1 unit in the last place or so; 0 below -87, clamped above 88 */
float ops_log(float x); /* x > 0 */

/* ---- backward ----------------------------------------------------------------------------------------- */

/* y[i] = mask bit of i ? gradient[i] * factor : 0; factors: 1, or one a channel. mask may be null. In place.
 */
void ops_rescale_gradient(const float* gradient, const float* factor, int32_t factors, const uint8_t* mask,
                          float* y, int32_t count);
/* Sum of each channel over the pixels in their order. */
void ops_channel_sum(const float* gradient, float* sum, int32_t pixels, int32_t channels);

/* Input gradients: for each element of the input the sum over (kernel row, kernel column, output channel) in
 * this order; depthwise: (kernel row, kernel column, multiple). */
void ops_conv_input_gradient(const float* gradient, const int8_t* weight, float* y, const ops_window* window);
/* Without groups, by a weight of which `count` input channels, rising, stand apart. */
size_t ops_conv_input_gradient_of_parts_scratch(const ops_window* window);
void ops_conv_input_gradient_of_parts(const float* gradient, const int8_t* frozen, const int8_t* trained,
                                      float* y, const int32_t* channels, int32_t count, void* scratch,
                                      const ops_window* window);
void ops_depthwise_input_gradient(const float* gradient, const int8_t* weight, float* y,
                                  const ops_window* window);
/* The same of stride 1 and one multiple; y may be where gradient is. */
size_t ops_depthwise_input_gradient_in_place_scratch(const ops_window* window);
void ops_depthwise_input_gradient_in_place(const float* gradient, const int8_t* weight, float* y,
                                           void* scratch, const ops_window* window);
/* in: features of the layer's input. Sum over the outputs in their order. */
void ops_fully_connected_input_gradient(const float* gradient, const float* weight, float* y, int32_t in,
                                        int32_t out);

/* Weight gradients: for each weight the sum over the output's pixels, row by row. `channels`: the trained
 * input channels (count of them `trained`), or null where all are; the result is
 * [out][kernel][kernel][trained]. x: as the layer took it, x_zero its zero point. */
void ops_conv_weight_gradient(const int8_t* x, int32_t x_zero, const float* gradient, float* y,
                              const int32_t* channels, int32_t trained, const ops_window* window);
/* channels: of the output. The result is [kernel][kernel][trained]. */
void ops_depthwise_weight_gradient(const int8_t* x, int32_t x_zero, const float* gradient, float* y,
                                   const int32_t* channels, int32_t trained, const ops_window* window);
/* One product a weight. The result is [out][in]. */
void ops_fully_connected_weight_gradient(const float* x, const float* gradient, float* y, int32_t in,
                                         int32_t out);

/* gradient * (other - zero), where other repeats every other_count numbers; a product of two. */
void ops_mul_input_gradient(const float* gradient, const int8_t* other, int32_t other_zero, float* y,
                            int32_t count, int32_t other_count);
/* The same summed over the pixels of each channel, in their order: of a factor that is one number a channel.
 */
void ops_mul_channel_gradient(const float* gradient, const int8_t* other, int32_t other_zero, float* y,
                              int32_t pixels, int32_t channels);
/* gradient * slopes[x + 128] */
void ops_lookup_gradient(const int8_t* x, const float* gradient, const float* slopes, float* y,
                         int32_t count);
/* gradient / pixels in the window, to each of them; sums over the windows in their order. */
void ops_average_pool_input_gradient(const float* gradient, float* y, const ops_window* window);
/* To the first largest value of each window. */
void ops_max_pool_input_gradient(const int8_t* x, const float* gradient, float* y, const ops_window* window);

/* ---- update ------------------------------------------------------------------------------------------- */

enum { OPS_NEAREST = 0, OPS_STOCHASTIC = 1, OPS_TRUNCATE = 2 };

/* Which weights of a layer a gradient is of, and how a change is rounded into stored integers. Weights lie as
 * [outer][places][inner], the gradient as [outer][places][trained]; `channels` are the trained ones of
 * `inner`, null where all are. A convolution has the output channels in outer, a depthwise one in inner
 * (outer is 1). Stochastic: floor(change + u), u uniform in [0, 1) from the step's seed and `first` + the
 * gradient's place, so that host and device agree. Truncate: the authors' device code, toward zero
 * and wrapping. */
typedef struct {
  int32_t outer, places, inner;
  int32_t channels_inside; /* 1: depthwise, the output channels are in inner */
  const int32_t* channels;
  int32_t trained;
  int32_t storage;
  uint32_t first;
  float numerator; /* of a bias, not 0: its factors are numerator / scale^2, and `factor` holds the scales */
} ops_update;

/* What stochastic rounding draws from in a step, counted from 0. */
uint32_t ops_rounding_seed(uint32_t seed, uint32_t step);

/* weight = saturate(weight - round(*rate * factor[output channel] * gradient)) in [-127, 127]. The products
 * are formed from the left. factor: 0 where a channel is not trained. */
void ops_update_i8(int8_t* weight, const float* gradient, const float* factor, const float* rate,
                   const uint32_t* seed, const ops_update* how);
/* factor: with how->numerator the scales of the layer's way forward, 0 where a channel is not trained. */
void ops_update_i32(int32_t* bias, const float* gradient, const float* factor, const float* rate,
                    const uint32_t* seed, const ops_update* how);
/* The same of a convolution without groups, from what the layer took and the gradient of what it gave: as
 * ops_conv_weight_gradient and ops_update_i8 give it. taken: the trained channels of x, null where all are;
 * how: of `weight`, which may hold these channels alone. */
size_t ops_conv_weight_update_scratch(const ops_window* window, int32_t trained);
void ops_conv_weight_update_i8(int8_t* weight, const int8_t* x, int32_t x_zero, const float* gradient,
                               const float* factor, const float* rate, const uint32_t* seed, void* scratch,
                               const int32_t* taken, const ops_window* window, const ops_update* how);
void ops_update_f32(float* weight, const float* gradient, const float* rate, int32_t count);

#ifdef __cplusplus
}
#endif

#endif
