// A generated network with a file as its flash, whose power is cut again and again while it saves: a process
// that ends in the middle of a write or an erase. Each restart must find a whole state, learn on from it, and
// come to what a device learns whose power never failed.
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/random.h"
#include "compile/folder.h"
#include "config/config.h"
#include "device/runtime/frugal.h"
#include "emulate/process.h"
#include "emulate/target.h"
#include "network/import/model_folder.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

// power FLASH STEPS CUT SEED: restores, prints what it found, learns STEPS steps, each from a sample that its
// number decides, and saves and prints after each. Behind CUT changed bytes the power is gone (-1: never).
constexpr const char* power_c = R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frugal_model.h"

enum { PAGE = 256, PAGES = 16 };
static FILE* file;
static long left;
static uint32_t noise;

static uint8_t draw(void) {
  noise = noise * 1664525u + 1013904223u;
  return (uint8_t)(noise >> 24);
}
static int get(void* context, uint32_t offset, void* to, uint32_t count) {
  (void)context;
  return fseek(file, (long)offset, SEEK_SET) != 0 || fread(to, 1, count, file) != count;
}
/* One byte becomes `value`, or something between, and that is the end. */
static void change(uint32_t offset, uint8_t was, uint8_t value) {
  const int gone = left == 0;
  if (left > 0) --left;
  const uint8_t torn = (uint8_t)(was ^ ((was ^ value) & draw()));
  fseek(file, (long)offset, SEEK_SET);
  fputc(gone ? torn : value, file);
  if (!gone) return;
  fclose(file);
  _Exit(9);
}
static int put(void* context, uint32_t offset, const void* from, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t was;
    if (get(context, offset + i, &was, 1)) return 1;
    if (was != 0xff) exit(8); /* it was not erased */
    change(offset + i, was, ((const uint8_t*)from)[i]);
  }
  return 0;
}
static int erase(void* context, uint32_t page) {
  for (uint32_t i = 0; i < PAGE; ++i) {
    uint8_t was;
    if (get(context, page * PAGE + i, &was, 1)) return 1;
    change(page * PAGE + i, was, 0xff);
  }
  return 0;
}
static uint32_t steps(void) {
  void* bytes;
  size_t size;
  uint32_t count;
  frugal_state(&bytes, &size);
  memcpy(&count, bytes, sizeof count);
  return count;
}
static void show(const char* what, int answer) {
  void* bytes;
  size_t size;
  uint32_t hash = 2166136261u;
  frugal_state(&bytes, &size);
  for (size_t i = 0; i < size; ++i) hash = (hash ^ ((const uint8_t*)bytes)[i]) * 16777619u;
  printf("%s %d %u %u\n", what, answer, (unsigned)steps(), (unsigned)hash);
  fflush(stdout);
}
static frugal_rate rate(void) {
#ifdef FRUGAL_NO_FLOAT
  return 1 << (FRUGAL_RATE_BITS - 5);
#else
  return 1.0f / 32;
#endif
}
int main(int argc, char** argv) {
  if (argc != 5) return 7;
  file = fopen(argv[1], "r+b");
  if (!file) return 7;
  left = atol(argv[3]);
  noise = (uint32_t)atol(argv[4]);
  const frugal_flash flash = {PAGE, PAGES, 8, get, put, erase, NULL};
  frugal_init();
  const int found = frugal_restore(&flash, NULL);
  show("restore", found);
  for (int i = 0; i < atoi(argv[2]); ++i) {
    int8_t sample[FRUGAL_INPUT_BYTES];
    for (uint32_t k = 0; k < FRUGAL_INPUT_BYTES; ++k) sample[k] = (int8_t)((k * 37 + steps() * 101) % 251);
    if (frugal_train_step(sample, (int32_t)(steps() % FRUGAL_CLASSES), rate(), NULL, NULL)) return 6;
    frugal_slots_report report;
    const int saved = frugal_save(&flash, &report);
    if (report.erases == 0) return 6;
    show("save", saved);
  }
  fclose(file);
  return 0;
}
)";

constexpr int flash_bytes = 256 * 16;

struct Line {
  std::string what;
  int answer = 0;
  std::uint32_t steps = 0, hash = 0;
};
struct Boot {
  int exit_code = 0;
  std::vector<Line> lines;
};

class Device {
 public:
  explicit Device(bool whole, const std::string& scheme = "last:3", const std::string& replay = "") {
    compile::CompileConfig config;
    config.network = folder_ / "network";
    config.scheme = scheme;
    config.device.target = "host";
    config.device.optimise = "-O1";
    config.replay.bytes = replay;
    if (whole) config.method.storage = "integer";
    network::write_model(config.network, test::tiny_int8_model(4, whole ? "integer" : "float32-half-even"));
    nlohmann::json effective;
    config::print(config, effective);
    compile::compile_to(folder_ / "device", config, effective);
    base::write_text((folder_ / "device") + "/power.c", power_c);
    const auto built =
        emulate::run_program({"make", "-s", "MAIN=power.c", "WERROR=1"}, folder_ / "device", [](auto&) {});
    INFO(built.errors);
    REQUIRE(built.exit_code == 0);
    new_flash();
  }

  std::string flash() const { return folder_ / "flash"; }
  // As others left it.
  void new_flash() const { base::write_text(flash(), std::string(flash_bytes, 'x')); }

  Boot boot(int steps, long cut = -1, int seed = 0) const {
    Boot boot;
    const auto finished = emulate::run_program(
        {"build/host/frugal", flash(), std::to_string(steps), std::to_string(cut), std::to_string(seed)},
        folder_ / "device", [&](const std::string& text) {
          std::istringstream words(text);
          Line line;
          words >> line.what >> line.answer >> line.steps >> line.hash;
          REQUIRE(words);
          boot.lines.push_back(line);
        });
    boot.exit_code = finished.exit_code;
    return boot;
  }

 private:
  test::TempDir folder_;
};

}  // namespace

namespace {

// each: steps that it counts for a sample.
void power_is_cut(const Device& device, std::uint32_t each, int cuts, std::uint64_t bytes) {
  constexpr std::uint32_t last = 60;
  const Boot whole = device.boot(last);  // whose power never fails
  REQUIRE(whole.exit_code == 0);
  std::vector<std::uint32_t> hashes;
  for (const Line& line : whole.lines) {
    CHECK(line.steps == hashes.size() * each);
    hashes.push_back(line.hash);
  }
  CHECK(hashes[0] != hashes[1]);

  base::Random random(1, "power");
  std::uint32_t saved = 0;  // steps of the last save that said that it is done
  int before = 0, after = 0;
  device.new_flash();
  for (int cut = 0; cut < cuts; ++cut) {
    if (saved + 3 > last) {
      device.new_flash();
      saved = 0;
    }
    const Boot boot = device.boot(3, static_cast<long>(random.below(bytes)), cut);
    INFO("cut " << cut << ", " << saved << " steps saved");
    REQUIRE((boot.exit_code == 9 || boot.exit_code == 0));
    const Line& found = boot.lines.at(0);
    CHECK(found.answer == (found.steps == 0 ? FRUGAL_NO_STATE : FRUGAL_OK));
    REQUIRE((found.steps == saved * each ||
             found.steps == (saved + 1) * each));  // the cut came behind the last byte that counts
    for (const Line& line : boot.lines) {
      REQUIRE(line.hash == hashes.at(line.steps / each));
      if (line.what != "save") continue;
      REQUIRE(line.answer == FRUGAL_OK);
    }
    (found.steps == saved * each ? before : after) += 1;
    saved = boot.lines.back().steps / each;
  }
  CHECK(before > cuts / 2);
  CHECK(before + after == cuts);
}

}  // namespace

TEST_CASE("a generated network: power cut 1,000 times while it saves, each restart finds a whole state",
          "[emulate][slow]") {
  power_is_cut(Device(false), 1, 1000, 4500);
}

TEST_CASE(
    "a generated network's replay buffer: power cut 1,000 times, each restart finds it whole and goes on",
    "[emulate][slow]") {
  power_is_cut(Device(false, "last:3", "600"), 5, 1000, 6500);
}

TEST_CASE("a generated network falls back where its newest save is broken, and refuses another network's",
          "[emulate]") {
  const Device device(true);
  const Boot learnt = device.boot(4);
  REQUIRE(learnt.exit_code == 0);
  const std::string whole = base::read_text(device.flash());
  int fell_back = 0;
  for (const std::size_t half : {0U, 1U}) {
    std::string broken = whole;
    broken[half * flash_bytes / 2 + 30] ^= 1;
    base::write_text(device.flash(), broken);
    const Line found = device.boot(0).lines.at(0);
    CHECK(found.answer == FRUGAL_OK);
    CHECK(found.hash == learnt.lines.at(found.steps).hash);
    CHECK(found.steps >= 3);
    fell_back += found.steps == 3 ? 1 : 0;
  }
  CHECK(fell_back == 1);

  const Device other(true, "last:2");
  base::write_text(other.flash(), whole);
  const Line found = other.boot(0).lines.at(0);
  CHECK(found.answer == FRUGAL_OTHER_NETWORK);
  CHECK(found.steps == 0);
  const Boot over = other.boot(2);  // its own saves take the place of the others
  CHECK(over.exit_code == 0);
  CHECK(other.boot(0).lines.at(0).hash == over.lines.back().hash);
}
