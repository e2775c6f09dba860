/* Training without floating point: the kernels of a backward pass and of updates for processors that have
 * none (Cortex-M3, RV32IMC). Declared beside ops.h, whose layouts and windows they share.
 *
 * A gradient is a tensor of int16 mantissas with one exponent for all of it (block floating point; NITI, Wang
 * et al. 2020, has int8): real = c * mantissa * 2^exponent, c known when the network is compiled
 * (lib/autodiff). A kernel that sums gives int32 at the exponent of what it took; ops_shared_exponent and
 * ops_narrow make int16 of it. Sums cannot overflow: parts of at most OPS_EXACT_PART products are summed
 * exactly, and parts are added after a shift by `down` bits (halves up), which is chosen from the number of
 * products alone (ops_sum_shift) and is 0 in small layers. Weights and biases saturate.
 *
 * No file that defines these has a float in it; tests/integer_only.py holds them to that.
 */
#ifndef FRUGAL_OPS_INTEGER_H
#define FRUGAL_OPS_INTEGER_H

#include "ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  OPS_EXACT_PART = 256,   /* products of int16 by int8, or by int8 less its zero point: below 2^31 in sum */
  OPS_MANTISSA_BITS = 15, /* of a gradient, without its sign */
  OPS_FACTOR_BITS = 14,   /* of a factor of a channel or branch, without a sign */
  OPS_PROBABILITY_BITS = 30, /* of the gradient of the loss: 1 is 2^30 */
  OPS_LOSS_BITS = 16         /* behind the point of a loss */
};

/* The shift after which a sum of `products` products, each below 2^23, fits int32: 0 up to OPS_EXACT_PART. */
int32_t ops_sum_shift(int64_t products);

/* ---- head and loss ------------------------------------------------------------------------------------- */

/* logit = ((sum of (x - x_zero) * weight) + bias) / 2^down, halves up, saturated; the sum in int64. */
void ops_fully_connected_i16(const int8_t* x, const int16_t* weight, const int32_t* bias, int32_t* y,
                             int32_t in, int32_t out, int32_t x_zero, int32_t down);

/* How logits become exponents of e: (logit - largest) * multiplier * 2^(shift - 31), 26 bits behind the
 * point; below -31 the exponential counts as 0. least: the difference at which that is. */
typedef struct {
  int32_t multiplier, shift, least;
} ops_logits;
/* -log softmax(logits)[*label] with OPS_LOSS_BITS behind the point. */
void ops_cross_entropy_i32(const int32_t* logits, const int32_t* label, int32_t* loss, int32_t classes,
                           const ops_logits* how);
/* softmax(logits) - one-hot label, OPS_PROBABILITY_BITS behind the point; the classes sum up to 0 (the
 * label's is minus the sum of the others). */
void ops_cross_entropy_gradient_i32(const int32_t* logits, const int32_t* label, int32_t* gradient,
                                    int32_t classes, const ops_logits* how);

/* Sum over the outputs in int64, divided by 2^down. */
void ops_fully_connected_input_gradient_i16(const int16_t* gradient, const int16_t* weight, int32_t* y,
                                            int32_t in, int32_t out, int32_t down);

/* ---- exponents ----------------------------------------------------------------------------------------- */

/* *before (null: 0) + the bits by which the largest |sum| is too long for a mantissa. */
void ops_shared_exponent(const int32_t* sums, int32_t count, const int32_t* before, int32_t* exponent);
/* sums / 2^shift, halves up, shift = *after - *before (null: 0) in [0, 17]. */
void ops_narrow(const int32_t* sums, int16_t* y, int32_t count, const int32_t* after, const int32_t* before);

/* Two gradients of one value, each times factor * 2^shift (factor of OPS_FACTOR_BITS) to the units of the
 * sum. */
typedef struct {
  int32_t a_factor, a_shift, b_factor, b_shift;
} ops_branches;
void ops_common_exponent(const int32_t* a_exponent, const int32_t* b_exponent, int32_t* exponent,
                         const ops_branches* how);
void ops_sum_gradients(const int16_t* a, const int32_t* a_exponent, const int16_t* b,
                       const int32_t* b_exponent, int32_t* y, const int32_t* exponent, int32_t count,
                       const ops_branches* how);

/* ---- backward: as their namesakes of ops.h --------------------------------------------------------------
 */

/* In place. */
void ops_mask_gradient_i16(const int16_t* gradient, const uint8_t* mask, int16_t* y, int32_t count);
/* factor: one a channel, below 2^OPS_FACTOR_BITS + 1. */
void ops_rescale_gradient_i16(const int16_t* gradient, const int16_t* factor, int32_t* y, int32_t pixels,
                              int32_t channels);
void ops_channel_sum_i16(const int16_t* gradient, int32_t* sum, int32_t pixels, int32_t channels,
                         int32_t down);
void ops_conv_input_gradient_i16(const int16_t* gradient, const int8_t* weight, int32_t* y,
                                 const ops_window* window, int32_t down);
void ops_depthwise_input_gradient_i16(const int16_t* gradient, const int8_t* weight, int32_t* y,
                                      const ops_window* window, int32_t down);
void ops_conv_weight_gradient_i16(const int8_t* x, int32_t x_zero, const int16_t* gradient, int32_t* y,
                                  const int32_t* channels, int32_t trained, const ops_window* window,
                                  int32_t down);
void ops_depthwise_weight_gradient_i16(const int8_t* x, int32_t x_zero, const int16_t* gradient, int32_t* y,
                                       const int32_t* channels, int32_t trained, const ops_window* window,
                                       int32_t down);
/* As ops_mul_input_gradient, ops_mul_channel_gradient and ops_lookup_gradient; slopes are factors. */
void ops_mul_input_gradient_i16(const int16_t* gradient, const int8_t* other, int32_t other_zero, int32_t* y,
                                int32_t count, int32_t other_count);
void ops_mul_channel_gradient_i16(const int16_t* gradient, const int8_t* other, int32_t other_zero,
                                  int32_t* y, int32_t pixels, int32_t channels, int32_t down);
void ops_lookup_gradient_i16(const int8_t* x, const int16_t* gradient, const int16_t* slopes, int32_t* y,
                             int32_t count);
/* gradient * round(unit / pixels in the window): the result is in units of 1 / unit. */
void ops_average_pool_input_gradient_i16(const int16_t* gradient, int32_t* y, const ops_window* window,
                                         int32_t unit);
/* The same number to every pixel: the mean's 1 / pixels is in c. */
void ops_global_average_pool_input_gradient_i16(const int16_t* gradient, int16_t* y, int32_t pixels,
                                                int32_t channels);
void ops_max_pool_input_gradient_i16(const int8_t* x, const int16_t* gradient, int32_t* y,
                                     const ops_window* window);

/* ---- update -------------------------------------------------------------------------------------------- */

/* Adds the gradients of a batch, image by image, in int32 with `room` bits below the mantissas of the largest
 * exponent so far: 16 - log2 of the batch (rounded up) at most, so that no sum overflows. *exponent:
 * OPS_NO_EXPONENT before the first. */
#define OPS_NO_EXPONENT (-(1 << 30))
void ops_accumulate(int32_t* sum, int32_t* exponent, const int16_t* gradient, int32_t gradient_exponent,
                    int32_t count, int32_t room);

/* A positive number multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or 0. */
typedef struct {
  int32_t multiplier, shift;
} ops_number;

/* A learning rate where there are no floats: so many bits behind the point. */
#define OPS_RATE_BITS 24
/* Such a rate, not negative, as a number. */
ops_number ops_number_of_rate(int32_t rate);

/* number -= round(step[output channel] * *rate * 2^*exponent * gradient), saturated. step: what a gradient is
 * worth in stored units, one a channel; rate: the learning rate over the batch. how: as in ops.h (truncate is
 * not there). gradient: the sums of a batch (ops_accumulate). */
void ops_update_integer_i8(int8_t* weight, const int32_t* gradient, const int32_t* exponent,
                           const ops_number* step, const ops_number* rate, const uint32_t* seed,
                           const ops_update* how);
void ops_update_integer_i16(int16_t* weight, const int32_t* gradient, const int32_t* exponent,
                            const ops_number* step, const ops_number* rate, const uint32_t* seed,
                            const ops_update* how);
void ops_update_integer_i32(int32_t* bias, const int32_t* gradient, const int32_t* exponent,
                            const ops_number* step, const ops_number* rate, const uint32_t* seed,
                            const ops_update* how);
/* The same from one image's mantissas: what a batch of one gives, without memory for its sums. */
void ops_update_mantissas_i8(int8_t* weight, const int16_t* gradient, const int32_t* exponent,
                             const ops_number* step, const ops_number* rate, const uint32_t* seed,
                             const ops_update* how);
void ops_update_mantissas_i16(int16_t* weight, const int16_t* gradient, const int32_t* exponent,
                              const ops_number* step, const ops_number* rate, const uint32_t* seed,
                              const ops_update* how);
void ops_update_mantissas_i32(int32_t* bias, const int16_t* gradient, const int32_t* exponent,
                              const ops_number* step, const ops_number* rate, const uint32_t* seed,
                              const ops_update* how);

#ifdef __cplusplus
}
#endif

#endif
