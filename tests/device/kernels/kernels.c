/* Runs the kernels on random windows and prints a hash of each result: on a board the same lines must come
 * out as on the host with the plain kernels. Stands where example.c does in the folder of a compiled network.
 */
#include "random_conv.h"
#include "runtime/port.h"
#include "runtime/text.h"

enum { channels_most = 128, pixels_most = 512, weights_most = 80000 };

static int8_t all_x[16000], all_weight[weights_most], y[channels_most * pixels_most];
static uint8_t mask[channels_most * pixels_most / 8 + 1];
static int32_t bias[channels_most], multiplier[channels_most], shift[channels_most];
static float scale[channels_most];
static uint32_t scratch[16384];

static void print_line(const char* what, const char* rounding, uint32_t number, uint32_t hash) {
  frugal_port_print(what);
  frugal_port_print(rounding);
  frugal_print_decimal((int64_t)number);
  frugal_port_print(" ");
  frugal_print_hex(hash, 8);
  frugal_port_print("\n");
}

static const char* name_of(int32_t rounding) {
  return rounding == OPS_FLOAT32_HALF_EVEN ? " float " : rounding == OPS_TFLITE ? " tflite " : " integer ";
}

static ops_requantize random_requantize(int32_t channels, int32_t rounding) {
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t kind = random_between(0, 15);
    bias[c] = kind == 0 ? INT32_MAX : kind == 1 ? INT32_MIN : random_between(-3000, 3000);
    multiplier[c] = (1 << 30) + random_between(0, 0x7FFFFF) * 128;
    shift[c] = random_between(-10, -5);
    const int32_t steps = random_between(20, 400);
#ifdef OPS_NO_FLOAT
    (void)steps;
#else
    scale[c] = (float)steps / 65536.0f;
#endif
  }
  const int32_t narrow = random_between(0, 1);
  ops_requantize to = {rounding, 0, 0, narrow ? -100 : -128, narrow ? 90 : 127, scale, multiplier, shift};
  to.in_zero = random_between(-128, 127);
  to.out_zero = random_between(-30, 30);
  return to;
}

#ifndef OPS_NO_FLOAT
enum { gradients_most = 12000 };
static float gradient[gradients_most], result[gradients_most];

static void print_floats(const char* what, uint32_t number, int32_t count) {
  print_line(what, " float ", number, hashed(2166136261u, result, sizeof(float) * (size_t)count));
}

/* The gradients of a window's x and weight. Those of every fourth window are so small that a processor which
 * flushes the smallest floats to zero would give others. */
static void run_gradients(const int8_t* x, const int8_t* weight, const ops_window* w, int32_t depthwise,
                          uint32_t number) {
  const int32_t inputs = w->in_height * w->in_width * w->in_channels;
  const int32_t pixels = w->out_height * w->out_width, outputs = pixels * w->out_channels;
  const int32_t each = depthwise ? 1 : w->in_channels / w->groups;
  const int32_t places = w->kernel_height * w->kernel_width;
  if (inputs > gradients_most || outputs > gradients_most || w->out_channels * places * each > gradients_most)
    return;
  const float unit = number % 4 == 0 ? 0x1p-140f : 0x1p-12f;
  for (int32_t i = 0; i < outputs; ++i) gradient[i] = (float)random_between(-4000, 4000) * unit;
  (depthwise ? ops_depthwise_input_gradient : ops_conv_input_gradient)(gradient, weight, result, w);
  print_floats("input gradient", number, inputs);
  int32_t channels[channels_most], trained = 0;
  const int32_t all = depthwise ? w->out_channels : each;
  for (int32_t c = random_between(0, all - 1); c < all; c += random_between(1, 3)) channels[trained++] = c;
  (depthwise ? ops_depthwise_weight_gradient : ops_conv_weight_gradient)(x, 3, gradient, result, channels,
                                                                         trained, w);
  print_floats("weight gradient", number, places * trained * (depthwise ? 1 : w->out_channels));
  ops_channel_sum(gradient, result, pixels, w->out_channels);
  print_floats("channel sum", number, w->out_channels);
  ops_rescale_gradient(gradient, scale, w->out_channels, mask, result, outputs);
  print_floats("rescale", number, outputs);
}

static void run_add(const int8_t* a, const int8_t* b, int32_t count, int32_t in_zero, uint32_t number) {
  const ops_add how = {OPS_FLOAT32_HALF_EVEN, in_zero, 7, -5, -128, 127, 0.75f, 0.37f, 0, 0, 0, 0, 0, 0};
  ops_add_i8(a, b, y, 0, count, count, &how);
  print_line("add", " float ", number, hashed(2166136261u, y, (size_t)count));
}
#endif

int main(void) {
  for (uint32_t i = 0; i < 120; ++i) {
    random_state = 977u * i + 1u;
    const int32_t depthwise = i % 3 == 0;
    const int32_t rounding = (int32_t)(i / 3 % 3);
#ifdef OPS_NO_FLOAT
    if (rounding == OPS_FLOAT32_HALF_EVEN) continue;
#endif
    const ops_window w = random_window(depthwise);
    const int32_t outputs = w.out_height * w.out_width * w.out_channels;
    const int32_t each = depthwise ? 1 : w.in_channels / w.groups;
    /* Up to the end of their memory, at any address: reading further is found by a sanitizer. */
    const int32_t inputs = w.in_height * w.in_width * w.in_channels;
    const int32_t weights = w.out_channels * w.kernel_height * w.kernel_width * each;
    int8_t *x = all_x + sizeof all_x - (size_t)inputs, *weight = all_weight + weights_most - weights;
    random_bytes(x, inputs);
    random_bytes(weight, weights);
    const ops_requantize to = random_requantize(w.out_channels, rounding);
    const size_t bytes = depthwise ? ops_depthwise_conv_i8_scratch(&w) : ops_conv_i8_scratch(&w);
    if (bytes + 4 > sizeof scratch) return 1;
    scratch[(bytes + 3) / 4] = 0x5AFE5AFEu;
    for (int32_t e = 0; e <= outputs / 8; ++e) mask[e] = 0xAA;
    const int32_t* with_bias = random_between(0, 5) == 0 ? 0 : bias;
    uint8_t* with_mask = random_between(0, 3) == 0 ? 0 : mask;
    (depthwise ? ops_depthwise_conv_i8 : ops_conv_i8)(x, weight, with_bias, y, with_mask, scratch, &w, &to);
    if (scratch[(bytes + 3) / 4] != 0x5AFE5AFEu) return 2;
    const uint32_t hash = hashed(2166136261u, y, (size_t)outputs);
    print_line(depthwise ? "depthwise" : "conv", name_of(rounding), i,
               hashed(hash, mask, (size_t)outputs / 8 + 1));
#ifndef OPS_NO_FLOAT
    if (rounding != OPS_FLOAT32_HALF_EVEN) continue;
    run_gradients(x, weight, &w, depthwise, i);
    run_add(x, all_weight, inputs, to.in_zero, i);
#endif
  }
  return 0;
}
