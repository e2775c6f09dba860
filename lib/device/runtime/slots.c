/* Two save slots in flash (slots.h). Layout of a slot: a header of 24 bytes, filled up with 0xff to a whole
 * write, then the state, filled up likewise. */
#include "device/runtime/slots.h"

#include <string.h>

enum { header_bytes = 24, part_bytes = 64 };
#define SLOT_MAGIC 0x4c535246u /* FRSL */

typedef struct slot_header {
  uint32_t magic, network, sequence, bytes;
  uint32_t state_checksum;
  uint32_t header_checksum; /* of the five numbers before */
} slot_header;

/* CRC-32 (IEEE 802.3), four bits at a time: a table of 64 bytes. */
static uint32_t checksum(uint32_t crc, const void* bytes, uint32_t count) {
  static const uint32_t table[16] = {
      0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
      0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu};
  const uint8_t* at = (const uint8_t*)bytes;
  crc = ~crc;
  for (uint32_t i = 0; i < count; ++i) {
    crc ^= at[i];
    crc = (crc >> 4) ^ table[crc & 15u];
    crc = (crc >> 4) ^ table[crc & 15u];
  }
  return ~crc;
}

static uint32_t rounded_up(uint32_t bytes, uint32_t to) { return (bytes + to - 1) / to * to; }

/* Where the state begins in a slot. */
static uint32_t state_offset(const frugal_flash* flash) {
  return rounded_up(header_bytes, flash->write_bytes);
}

static int usable(const frugal_flash* flash) {
  const uint32_t unit = flash->write_bytes;
  return flash->page_bytes != 0 && unit >= 1 && unit <= part_bytes && (unit & (unit - 1)) == 0 &&
         flash->page_bytes % unit == 0;
}

static uint32_t pages_of_slot(const frugal_flash* flash, uint32_t bytes) {
  return rounded_up(state_offset(flash) + bytes, flash->page_bytes) / flash->page_bytes;
}

static uint32_t slot_start(const frugal_flash* flash, uint32_t slot) {
  return slot * (flash->pages / 2) * flash->page_bytes;
}

static uint32_t header_checksum(const slot_header* header) {
  return checksum(0, header, (uint32_t)offsetof(slot_header, header_checksum));
}

uint32_t frugal_slots_pages(const frugal_flash* flash, uint32_t bytes) {
  return usable(flash) ? 2 * pages_of_slot(flash, bytes) : 0;
}

/* The checksum of `bytes` bytes of flash from `offset` on. 0 where all could be read. */
static int checksum_of_flash(const frugal_flash* flash, uint32_t offset, uint32_t bytes, uint32_t* crc) {
  uint8_t part[part_bytes];
  *crc = 0;
  for (uint32_t done = 0; done < bytes;) {
    const uint32_t count = bytes - done < part_bytes ? bytes - done : part_bytes;
    if (flash->read(flash->context, offset + done, part, count)) return 1;
    *crc = checksum(*crc, part, count);
    done += count;
  }
  return 0;
}

/* 1 where the slot holds a whole save, of any network. */
static int read_slot(const frugal_flash* flash, uint32_t slot, slot_header* header) {
  const uint32_t start = slot_start(flash, slot);
  if (flash->read(flash->context, start, header, header_bytes)) return 0;
  if (header->magic != SLOT_MAGIC || header->header_checksum != header_checksum(header)) return 0;
  const uint32_t room = flash->pages / 2 * flash->page_bytes;
  if (state_offset(flash) > room || header->bytes > room - state_offset(flash)) return 0;
  uint32_t crc;
  return checksum_of_flash(flash, start + state_offset(flash), header->bytes, &crc) == 0 &&
         crc == header->state_checksum;
}

/* Which of two saves is the later one; numbers may go round. */
static int later(const slot_header* a, const slot_header* b) {
  return (int32_t)(a->sequence - b->sequence) > 0;
}

/* Whole writes; what is over at the end is filled up with 0xff. */
static int write_flash(const frugal_flash* flash, uint32_t offset, const void* bytes, uint32_t count) {
  const uint32_t whole = count / flash->write_bytes * flash->write_bytes;
  if (whole > 0 && flash->write(flash->context, offset, bytes, whole)) return 1;
  if (whole == count) return 0;
  uint8_t part[part_bytes];
  memset(part, 0xff, sizeof(part));
  memcpy(part, (const uint8_t*)bytes + whole, count - whole);
  return flash->write(flash->context, offset + whole, part, flash->write_bytes);
}

int frugal_slots_save(const frugal_flash* flash, uint32_t network, const void* state, uint32_t bytes,
                      frugal_slots_report* report) {
  if (!usable(flash) || bytes > UINT32_MAX / 4 || pages_of_slot(flash, bytes) > flash->pages / 2)
    return FRUGAL_STORAGE_FAILED;
  slot_header found[2];
  const int whole[2] = {read_slot(flash, 0, &found[0]), read_slot(flash, 1, &found[1])};
  const uint32_t newest = whole[1] && (!whole[0] || later(&found[1], &found[0])) ? 1 : 0;
  const uint32_t slot = whole[newest] ? 1 - newest : 0;
  const uint32_t pages = pages_of_slot(flash, bytes), first = slot * (flash->pages / 2);
  slot_header header = {
      SLOT_MAGIC, network, whole[newest] ? found[newest].sequence + 1 : 1, bytes, checksum(0, state, bytes),
      0};
  header.header_checksum = header_checksum(&header);

  /* Always erased, also what looks erased: an erase that was cut short leaves weak bits. The page with the
   * header goes first, so that a torn slot is found at once. */
  for (uint32_t page = 0; page < pages; ++page)
    if (flash->erase(flash->context, first + page)) return FRUGAL_STORAGE_FAILED;
  const uint32_t start = slot_start(flash, slot), place = start + state_offset(flash);
  uint32_t crc;
  if (write_flash(flash, place, state, bytes) || checksum_of_flash(flash, place, bytes, &crc) ||
      crc != header.state_checksum || write_flash(flash, start, &header, header_bytes))
    return FRUGAL_STORAGE_FAILED;
  slot_header written;
  if (!read_slot(flash, slot, &written) || memcmp(&written, &header, sizeof(header)) != 0)
    return FRUGAL_STORAGE_FAILED;
  if (report) {
    report->slot = slot;
    report->sequence = header.sequence;
    report->erases = report->pages_per_save = pages;
  }
  return FRUGAL_OK;
}

int frugal_slots_restore(const frugal_flash* flash, uint32_t network, void* state, uint32_t bytes,
                         frugal_slots_report* report) {
  if (!usable(flash)) return FRUGAL_STORAGE_FAILED;
  slot_header found[2];
  int ours[2], foreign = 0;
  for (uint32_t slot = 0; slot < 2; ++slot) {
    const int whole = read_slot(flash, slot, &found[slot]);
    ours[slot] = whole && found[slot].network == network && found[slot].bytes == bytes;
    foreign |= whole && !ours[slot];
  }
  if (!ours[0] && !ours[1]) return foreign ? FRUGAL_OTHER_NETWORK : FRUGAL_NO_STATE;
  const uint32_t slot = ours[1] && (!ours[0] || later(&found[1], &found[0])) ? 1 : 0;
  if (flash->read(flash->context, slot_start(flash, slot) + state_offset(flash), state, bytes) ||
      checksum(0, state, bytes) != found[slot].state_checksum)
    return FRUGAL_STORAGE_FAILED;
  if (report) {
    report->slot = slot;
    report->sequence = found[slot].sequence;
    report->erases = 0;
    report->pages_per_save = pages_of_slot(flash, bytes);
  }
  return FRUGAL_OK;
}
