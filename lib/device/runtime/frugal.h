/* What the generated network and its runtime share: answers of the functions, the flash that a save goes to,
 * and the marks by which instructions are counted layer by layer. */
#ifndef FRUGAL_RUNTIME_FRUGAL_H
#define FRUGAL_RUNTIME_FRUGAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  FRUGAL_OK = 0,
  FRUGAL_BAD_LABEL,     /* outside 0 … classes - 1: nothing was learnt */
  FRUGAL_NOT_FINITE,    /* the loss is infinite or no number: nothing was learnt from there on */
  FRUGAL_BUSY,          /* called while a step was running */
  FRUGAL_NO_STATE,      /* no whole save in flash */
  FRUGAL_OTHER_NETWORK, /* the save is of another network or scheme */
  FRUGAL_STORAGE_FAILED /* flash could not be read, written or erased, or is too small */
};

/* A learning rate of a network without floats: an int32_t with so many bits behind the point. */
#define FRUGAL_RATE_BITS 24

/* Flash for the saves, as NOR flash works: an erase sets every bit of a page to 1, a write clears bits of
 * erased bytes. The callbacks give 0, or anything else where they failed; they return when the flash is done.
 * `pages` pages that follow each other are used, the first half for one save, the second for the other. */
typedef struct frugal_flash {
  uint32_t page_bytes;  /* what one erase clears */
  uint32_t pages;       /* at least 2 */
  uint32_t write_bytes; /* writes start at multiples of this and are as long: 1 to 64, a power of two */
  int (*read)(void* context, uint32_t offset, void* bytes, uint32_t count);
  int (*write)(void* context, uint32_t offset, const void* bytes, uint32_t count);
  int (*erase)(void* context, uint32_t page); /* the page that starts at page * page_bytes */
  void* context;
} frugal_flash;

/* Counts instructions by layer where it is compiled with FRUGAL_PROFILE: the generated code says
 * FRUGAL_MARK(n) after its n-th call, and what ran since the mark before is added to call n. */
#ifdef FRUGAL_PROFILE
enum { FRUGAL_MARKS = 1024 };
void frugal_mark(uint32_t call);
#define FRUGAL_MARK(call) frugal_mark(call)
#else
#define FRUGAL_MARK(call) ((void)0)
#endif

#ifdef __cplusplus
}
#endif

#endif
