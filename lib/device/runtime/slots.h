/* Two places in flash for what a network has learnt, so that power lost at any moment loses at most the last
 * save.
 *
 * A save goes to the slot that does not hold the newest whole save: its pages are erased, the bytes written
 * and read back, and last of all a header with a checksum of everything. A slot without a valid header, or
 * whose bytes do not give its checksum, counts as empty. Only erased bytes are ever written. */
#ifndef FRUGAL_RUNTIME_SLOTS_H
#define FRUGAL_RUNTIME_SLOTS_H

#include "device/runtime/frugal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct frugal_slots_report {
  uint32_t slot;           /* 0 or 1: where was saved or what was restored */
  uint32_t sequence;       /* of that save; 1 is the first */
  uint32_t erases;         /* pages erased by this save */
  uint32_t pages_per_save; /* each page of a slot is erased once in two saves */
} frugal_slots_report;

/* The pages that a flash needs, both slots together, for `bytes` of state. 0 where page_bytes is 0. */
uint32_t frugal_slots_pages(const frugal_flash* flash, uint32_t bytes);

/* `network` is frugal_network_id. `report` may be null. FRUGAL_OK, or FRUGAL_STORAGE_FAILED: the flash is too
 * small or did not do what it was told; the save before is whole then. */
int frugal_slots_save(const frugal_flash* flash, uint32_t network, const void* state, uint32_t bytes,
                      frugal_slots_report* report);

/* The newest whole save of this network. FRUGAL_NO_STATE: there is none (new, or both corrupt);
 * FRUGAL_OTHER_NETWORK: only one of another network or of another size; `state` is as it was then.
 * FRUGAL_STORAGE_FAILED: bytes changed while they were read; `state` is not to be used. */
int frugal_slots_restore(const frugal_flash* flash, uint32_t network, void* state, uint32_t bytes,
                         frugal_slots_report* report);

#ifdef __cplusplus
}
#endif

#endif
