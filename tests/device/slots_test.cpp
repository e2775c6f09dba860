// Save slots on a simulated NOR flash whose power is cut at any moment: in the middle of a write or an erase,
// with torn bytes left behind.
#include "device/runtime/slots.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "support/test.h"

namespace {

using namespace frugal;

// Erases set bytes to 0xff, writes clear bits of erased bytes only. After `left` bytes have been changed the
// power is gone: the byte at hand is torn, nothing more happens, and every call fails.
struct Nor {
  std::vector<std::uint8_t> bytes;
  std::uint32_t page_bytes, write_bytes;
  base::Random random;
  long left = -1;  // -1: no cut
  long changed = 0, erases = 0;
  bool wrong = false;  // a write to what is not erased, or not aligned

  Nor(std::uint32_t page, std::uint32_t pages, std::uint32_t unit, std::uint64_t seed)
      : bytes(std::size_t{page} * pages), page_bytes(page), write_bytes(unit), random(seed) {
    for (std::uint8_t& byte : bytes)
      byte = static_cast<std::uint8_t>(random.next());  // as it was left by others
  }
  bool powered() {
    ++changed;
    if (left == 0) return false;
    if (left > 0) --left;
    return true;
  }
  frugal_flash flash() {
    return {
        page_bytes, static_cast<std::uint32_t>(bytes.size() / page_bytes), write_bytes, read, write, erase,
        this};
  }
  static int read(void* context, std::uint32_t offset, void* to, std::uint32_t count) {
    Nor& nor = *static_cast<Nor*>(context);
    if (nor.left == 0 || offset + count > nor.bytes.size()) return 1;
    std::memcpy(to, nor.bytes.data() + offset, count);
    return 0;
  }
  static int write(void* context, std::uint32_t offset, const void* from, std::uint32_t count) {
    Nor& nor = *static_cast<Nor*>(context);
    nor.wrong |= offset % nor.write_bytes != 0 || count % nor.write_bytes != 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint8_t& byte = nor.bytes.at(offset + i);
      const std::uint8_t wanted = static_cast<const std::uint8_t*>(from)[i];
      if (nor.left == 0) return 1;
      nor.wrong |= byte != 0xff;
      if (nor.powered() && nor.left != 0) {
        byte &= wanted;
      } else {
        byte &= static_cast<std::uint8_t>(wanted | nor.random.next());  // some of its bits
        return 1;
      }
    }
    return 0;
  }
  static int erase(void* context, std::uint32_t page) {
    Nor& nor = *static_cast<Nor*>(context);
    if (nor.left == 0) return 1;
    ++nor.erases;
    for (std::uint32_t i = 0; i < nor.page_bytes; ++i) {
      std::uint8_t& byte = nor.bytes.at(std::size_t{page} * nor.page_bytes + i);
      if (!nor.powered() || nor.left == 0) {  // torn: some bits of the whole page went up
        for (std::uint32_t j = i; j < nor.page_bytes; ++j)
          nor.bytes[std::size_t{page} * nor.page_bytes + j] |= static_cast<std::uint8_t>(nor.random.next());
        return 1;
      }
      byte = 0xff;
    }
    return 0;
  }
};

constexpr std::uint32_t network = 77;

std::vector<std::uint8_t> state_of(std::uint32_t save, std::size_t size) {
  base::Random random(save, "state");
  std::vector<std::uint8_t> state(size);
  for (std::uint8_t& byte : state) byte = static_cast<std::uint8_t>(random.next());
  return state;
}

int save(Nor& nor, const std::vector<std::uint8_t>& state, frugal_slots_report* report = nullptr) {
  const frugal_flash flash = nor.flash();
  return frugal_slots_save(&flash, network, state.data(), static_cast<std::uint32_t>(state.size()), report);
}

int restore(Nor& nor, std::vector<std::uint8_t>& state, frugal_slots_report* report = nullptr,
            std::uint32_t of = network) {
  const frugal_flash flash = nor.flash();
  return frugal_slots_restore(&flash, of, state.data(), static_cast<std::uint32_t>(state.size()), report);
}

}  // namespace

TEST_CASE("save slots: power cut at 1,000 moments, each restart finds a whole state", "[device]") {
  constexpr std::size_t size = 333;
  int last_found = 0, before_found = 0, nothing_found = 0;
  for (int cut = 0; cut < 1000; ++cut) {
    base::Random random(static_cast<std::uint64_t>(cut), "cut");
    const std::uint32_t unit = 1u << random.below(6);
    Nor nor(128, 8, unit, static_cast<std::uint64_t>(cut));
    const auto saves = static_cast<std::uint32_t>(random.below(4));  // whole ones before
    for (std::uint32_t s = 1; s <= saves; ++s) REQUIRE(save(nor, state_of(s, size)) == FRUGAL_OK);
    nor.changed = 0;
    Nor whole = nor;
    REQUIRE(save(whole, state_of(saves + 1, size)) == FRUGAL_OK);
    nor.left = static_cast<long>(random.below(static_cast<std::uint64_t>(whole.changed))) + 1;
    const int answer = save(nor, state_of(saves + 1, size));
    INFO("cut " << cut << ", " << saves << " saves before");
    nor.left = -1;  // power is back
    std::vector<std::uint8_t> found(size);
    const int restored = restore(nor, found);
    if (saves == 0 && restored == FRUGAL_NO_STATE) {
      ++nothing_found;
      CHECK(answer != FRUGAL_OK);
    } else {
      REQUIRE(restored == FRUGAL_OK);
      const bool last = found == state_of(saves + 1, size);
      REQUIRE((last || (saves > 0 && found == state_of(saves, size))));
      if (answer == FRUGAL_OK) CHECK(last);
      (last ? last_found : before_found) += 1;
    }
    // It goes on: the next save is found.
    REQUIRE(save(nor, state_of(50, size)) == FRUGAL_OK);
    REQUIRE(restore(nor, found) == FRUGAL_OK);
    CHECK(found == state_of(50, size));
    CHECK_FALSE(nor.wrong);
  }
  CHECK(before_found > 500);
  CHECK(nothing_found > 100);
}

TEST_CASE("save slots: a corrupt slot falls back to the other, erases are counted", "[device]") {
  constexpr std::size_t size = 300;
  Nor nor(128, 6, 4, 5);
  frugal_slots_report report;
  for (std::uint32_t s = 1; s <= 5; ++s) {
    nor.erases = 0;
    REQUIRE(save(nor, state_of(s, size), &report) == FRUGAL_OK);
    CHECK(report.sequence == s);
    CHECK(report.erases == 3);
    CHECK(nor.erases == 3);
    CHECK(report.slot == (s + 1) % 2);
  }
  std::vector<std::uint8_t> found(size);
  for (std::size_t at = 0; at < 24 + size; ++at) {  // every byte that counts, one bit of it
    Nor corrupt = nor;
    corrupt.bytes[report.slot * 3 * 128 + at] ^= 0x10;
    REQUIRE(restore(corrupt, found) == FRUGAL_OK);
    REQUIRE(found == state_of(4, size));
  }
  Nor both = nor;
  both.bytes[100] ^= 1;
  both.bytes[3 * 128 + 100] ^= 1;
  const std::vector<std::uint8_t> kept = found;
  CHECK(restore(both, found) == FRUGAL_NO_STATE);
  CHECK(found == kept);
  CHECK(save(both, state_of(9, size)) == FRUGAL_OK);
  CHECK(restore(both, found) == FRUGAL_OK);
}

TEST_CASE("save slots: another network's state, a flash that is too small or fails", "[device]") {
  Nor nor(256, 4, 8, 6);
  std::vector<std::uint8_t> found(200);
  CHECK(restore(nor, found) == FRUGAL_NO_STATE);
  REQUIRE(save(nor, state_of(1, 200)) == FRUGAL_OK);
  CHECK(restore(nor, found, nullptr, network + 1) == FRUGAL_OTHER_NETWORK);
  std::vector<std::uint8_t> larger(201);
  CHECK(restore(nor, larger) == FRUGAL_OTHER_NETWORK);

  frugal_flash flash = nor.flash();
  CHECK(frugal_slots_pages(&flash, 200) == 2);
  CHECK(frugal_slots_pages(&flash, 256 - 24) == 2);
  CHECK(frugal_slots_pages(&flash, 256 - 23) == 4);
  CHECK(save(nor, state_of(2, 2 * 256 - 23)) == FRUGAL_STORAGE_FAILED);
  flash.write_bytes = 3;
  CHECK(frugal_slots_save(&flash, network, found.data(), 200, nullptr) == FRUGAL_STORAGE_FAILED);
  flash = nor.flash();
  flash.write = [](void*, std::uint32_t, const void*, std::uint32_t) {
    return 0;
  };  // says so and does nothing
  CHECK(frugal_slots_save(&flash, network, found.data(), 200, nullptr) == FRUGAL_STORAGE_FAILED);
  CHECK(restore(nor, found) == FRUGAL_OK);
  CHECK(found == state_of(1, 200));
}
