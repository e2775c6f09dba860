/* The least program that learns, predicts, saves and restores: what flash a network takes with its functions.
 * Stands where example.c does in a compiled folder (scripts/tiny_device); it is linked, not run. */
#include "frugal_model.h"

static uint8_t sample[FRUGAL_INPUT_BYTES];
static frugal_flash flash; /* a device's own */

int main(void) {
  int32_t predicted = 0;
  frugal_init();
  (void)frugal_restore(&flash, 0);
  (void)frugal_predict(sample, &predicted);
  (void)frugal_train_step(sample, predicted, 0, 0, 0);
  return frugal_save(&flash, 0);
}
