/* memcpy, memmove, memset, memcmp and strlen: compilers call them even where there is no C library. Words
 * where both places are aligned, else bytes. Compiled with -fno-builtin, so that a loop does not become a
 * call of itself. */
#include <stdint.h>
#include <string.h>

/* May stand for bytes of any type. */
typedef uint32_t __attribute__((__may_alias__)) word;

static int aligned(const void* a, const void* b) { return (((uintptr_t)a | (uintptr_t)b) & 3u) == 0; }

void* memcpy(void* to, const void* from, size_t count) {
  uint8_t* t = (uint8_t*)to;
  const uint8_t* f = (const uint8_t*)from;
  if (aligned(to, from)) {
    word* tw = (word*)to;
    const word* fw = (const word*)from;
    for (; count >= 16; count -= 16, tw += 4, fw += 4) {
      const word a = fw[0], b = fw[1], c = fw[2], d = fw[3];
      tw[0] = a, tw[1] = b, tw[2] = c, tw[3] = d;
    }
    for (; count >= 4; count -= 4) *tw++ = *fw++;
    t = (uint8_t*)tw;
    f = (const uint8_t*)fw;
  }
  for (; count > 0; --count) *t++ = *f++;
  return to;
}

void* memmove(void* to, const void* from, size_t count) {
  uint8_t* t = (uint8_t*)to;
  const uint8_t* f = (const uint8_t*)from;
  if ((uintptr_t)t <= (uintptr_t)f || (uintptr_t)t >= (uintptr_t)f + count) return memcpy(to, from, count);
  while (count > 0) --count, t[count] = f[count];
  return to;
}

void* memset(void* to, int value, size_t count) {
  uint8_t* t = (uint8_t*)to;
  const uint8_t byte = (uint8_t)value;
  for (; count > 0 && ((uintptr_t)t & 3u) != 0; --count) *t++ = byte;
  word* tw = (word*)t;
  const word four = byte * 0x01010101u;
  for (; count >= 16; count -= 16, tw += 4) tw[0] = four, tw[1] = four, tw[2] = four, tw[3] = four;
  for (; count >= 4; count -= 4) *tw++ = four;
  for (t = (uint8_t*)tw; count > 0; --count) *t++ = byte;
  return to;
}

int memcmp(const void* a, const void* b, size_t count) {
  const uint8_t* x = (const uint8_t*)a;
  const uint8_t* y = (const uint8_t*)b;
  for (size_t i = 0; i < count; ++i)
    if (x[i] != y[i]) return x[i] - y[i];
  return 0;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

#ifdef __arm__
/* What the ABI of the core names, which clang calls instead: for addresses of 4 and 8 bytes too. */
#define FRUGAL_FOR_ALIGNMENTS(define) define() define(4) define(8)
#define FRUGAL_MEMORY(alignment)                                                                          \
  void __aeabi_memcpy##alignment(void* to, const void* from, size_t count);                               \
  void __aeabi_memmove##alignment(void* to, const void* from, size_t count);                              \
  void __aeabi_memset##alignment(void* to, size_t count, int value);                                      \
  void __aeabi_memclr##alignment(void* to, size_t count);                                                 \
  void __aeabi_memcpy##alignment(void* to, const void* from, size_t count) { memcpy(to, from, count); }   \
  void __aeabi_memmove##alignment(void* to, const void* from, size_t count) { memmove(to, from, count); } \
  void __aeabi_memset##alignment(void* to, size_t count, int value) { memset(to, value, count); }         \
  void __aeabi_memclr##alignment(void* to, size_t count) { memset(to, 0, count); }
FRUGAL_FOR_ALIGNMENTS(FRUGAL_MEMORY)
#endif
