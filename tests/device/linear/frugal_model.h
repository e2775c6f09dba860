/* A network small enough to be written by hand (one linear layer, softmax), with the functions that the
 * compiler generates: what the C around a network is tested with. In whole numbers where the core has no
 * floats. */
#ifndef FRUGAL_MODEL_H
#define FRUGAL_MODEL_H

#include "runtime/slots.h"

#define FRUGAL_INPUT_BYTES 12
#define FRUGAL_CLASSES 3
#ifdef OPS_NO_FLOAT
#define FRUGAL_NO_FLOAT
typedef int32_t linear_number;
#else
typedef float linear_number;
#endif

extern const uint32_t frugal_network_id;
void frugal_init(void);
int frugal_predict(const void* input, int32_t* class_out);
int frugal_train_step(const void* input, int32_t label, linear_number rate, linear_number* loss,
                      int32_t* predicted);
void frugal_state(void** bytes, size_t* size);
int frugal_save(const frugal_flash* flash, frugal_slots_report* report);
int frugal_restore(const frugal_flash* flash);

#endif
