/* Runs the int8 kernels on random windows and prints a hash of each result: on a board the same lines must
 * come out as on the host with the plain kernels. */
#include "board.h"
#include "random_conv.h"

enum { channels_most = 128, pixels_most = 512, weights_most = 80000 };

static int8_t all_x[16000], all_weight[weights_most], y[channels_most * pixels_most];
static uint8_t mask[channels_most * pixels_most / 8 + 1];
static int32_t bias[channels_most], multiplier[channels_most], shift[channels_most];
static float scale[channels_most];
static uint32_t scratch[16384];

static void print_line(const char* what, int32_t rounding, uint32_t number, uint32_t hash) {
  board_print(what);
  board_print(rounding == OPS_FLOAT32_HALF_EVEN ? " float "
              : rounding == OPS_TFLITE          ? " tflite "
                                                : " integer ");
  board_print_number(number);
  board_print(" ");
  board_print_hex(hash);
  board_print("\n");
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

int board_main(void) {
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
    print_line(depthwise ? "depthwise" : "conv", rounding, i, hashed(hash, mask, (size_t)outputs / 8 + 1));
  }
  return 0;
}
