/* Counts the instructions of each convolution of a network (tiny_layers.h holds their windows), on random
 * numbers: by the kernels of a compiled folder or, with -DWITH_CMSIS, by CMSIS-NN. Stands where example.c
 * does in the folder (scripts/tiny_kernels). A line a layer: instructions. */
#include "kernels/ops.h"
#include "runtime/port.h"
#include "runtime/text.h"
#include "tiny_layers.h"

static int8_t x[LAYERS_INPUT], weight[LAYERS_WEIGHTS], y[LAYERS_OUTPUT];
static int32_t bias[LAYERS_CHANNELS], multiplier[LAYERS_CHANNELS], shift[LAYERS_CHANNELS];
static uint32_t scratch[8192];
static uint32_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
  state = state * 1664525u + 1013904223u;
  return low + (int32_t)((state >> 8) % (uint32_t)(high - low + 1));
}

#ifdef WITH_CMSIS
#include "arm_nnfunctions.h"

static int run(const ops_window* w, int32_t depthwise) {
  cmsis_nn_context context = {scratch, (int32_t)sizeof scratch};
  const cmsis_nn_per_channel_quant_params to = {multiplier, shift};
  const cmsis_nn_dims in = {1, w->in_height, w->in_width, w->in_channels};
  const cmsis_nn_dims out = {1, w->out_height, w->out_width, w->out_channels};
  const cmsis_nn_dims of_bias = {1, 1, 1, w->out_channels};
  const cmsis_nn_activation clamp = {-128, 127};
  const cmsis_nn_tile stride = {w->stride_width, w->stride_height}, pad = {w->pad_left, w->pad_top},
                      dilation = {1, 1};
  if (depthwise) {
    const cmsis_nn_dims kernel = {1, w->kernel_height, w->kernel_width, w->out_channels};
    const cmsis_nn_dw_conv_params how = {128, -3, 1, stride, pad, dilation, clamp};
    if ((size_t)arm_depthwise_conv_wrapper_s8_get_buffer_size(&how, &in, &kernel, &out) > sizeof scratch)
      return 1;
    return arm_depthwise_conv_wrapper_s8(&context, &how, &to, &in, x, &kernel, weight, &of_bias, bias, &out,
                                         y);
  }
  const cmsis_nn_dims kernel = {w->out_channels, w->kernel_height, w->kernel_width, w->in_channels};
  const cmsis_nn_conv_params how = {128, -3, stride, pad, dilation, clamp};
  if ((size_t)arm_convolve_wrapper_s8_get_buffer_size(&how, &in, &kernel, &out) > sizeof scratch) return 1;
  return arm_convolve_wrapper_s8(&context, &how, &to, &in, x, &kernel, weight, &of_bias, bias, &out, y);
}
#else
static float scale[LAYERS_CHANNELS];

static int run(const ops_window* w, int32_t depthwise) {
  const ops_requantize to = {OPS_FLOAT32_HALF_EVEN, -128, 3, -128, 127, scale, multiplier, shift};
  for (int32_t c = 0; c < w->out_channels; ++c) scale[c] = (float)(20 + c % 380) / 65536.0f;
  if ((depthwise ? ops_depthwise_conv_i8_scratch : ops_conv_i8_scratch)(w) > sizeof scratch) return 1;
  (depthwise ? ops_depthwise_conv_i8 : ops_conv_i8)(x, weight, bias, y, 0, scratch, w, &to);
  return 0;
}
#endif

int main(void) {
  for (int32_t i = 0; i < LAYERS_INPUT; ++i) x[i] = (int8_t)random_between(-128, 127);
  for (int32_t i = 0; i < LAYERS_WEIGHTS; ++i) weight[i] = (int8_t)random_between(-127, 127);
  for (int32_t c = 0; c < LAYERS_CHANNELS; ++c) {
    bias[c] = random_between(-3000, 3000);
    multiplier[c] = (1 << 30) + random_between(0, 0x7FFFFF) * 128;
    shift[c] = random_between(-10, -7);
  }
  for (int32_t i = 0; i < LAYERS; ++i) {
    const uint64_t before = frugal_port_instructions();
    if (run(&layers[i].window, layers[i].depthwise) != 0) return 1;
    frugal_print_decimal((int64_t)(frugal_port_instructions() - before));
    frugal_port_print("\n");
  }
  return 0;
}
