/* The sum of two int8 tensors, rounded in float, with the registers of Arm: the way of most sums; the plain
 * kernel takes the others. */
#include "ops/arm.h"
#include "ops/arm/finish.h"
#include "ops/x86.h"

static inline int32_t added(int32_t a, int32_t b, const ops_add* how, int32_t offset) {
  const float sum = (float)(a - how->a_zero) * how->a_scale + (float)(b - how->b_zero) * how->b_scale;
  return ops_nearest_plus(sum, offset);
}

/* No sum of such inputs is infinite or no number. */
static int is_moderate(float scale) { return scale > -1048576.0f && scale < 1048576.0f; }

void ops_add_i8_fpu(const int8_t* a, const int8_t* b, int8_t* y, uint8_t* mask, int32_t count,
                    int32_t b_count, const ops_add* how) {
  if (how->rounding == OPS_FLOAT32_HALF_EVEN && b_count == count && !mask && how->low == -128 &&
      how->high == 127 && is_moderate(how->a_scale) && is_moderate(how->b_scale)) {
    const ops_add local = *how; /* in registers: y may not change it */
    const int32_t offset = local.out_zero - OPS_SHIFTER_BITS;
    for (int32_t i = 0; i < count; ++i) y[i] = (int8_t)dsp_clamp_to_byte(added(a[i], b[i], &local, offset));
    return;
  }
  ops_add_i8_plain(a, b, y, mask, count, b_count, how);
}
