// Whole networks of every rounding, compiled for each kind of core, learn in an emulator to the bytes of the
// trainer: 20 steps, every prediction, every loss, the trained numbers.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compile/folder.h"
#include "config/config.h"
#include "emit/state.h"
#include "emulate/run.h"
#include "emulate/state.h"
#include "emulate/target.h"
#include "network/import/model_folder.h"
#include "quant/integer_network.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

// Compiled into one folder one after the other, so that kernels are built once.
emulate::Compiled compiled(const test::TempDir& folder, const std::string& rounding, bool whole, int classes,
                           device::Target target, const ir::Dims& image) {
  compile::CompileConfig config;
  config.network = folder / "network";
  config.scheme = "last:3";
  config.device.target = device::name_of(target);
  config.device.optimise = "-O1";
  if (whole) config.method.storage = "integer";
  network::write_model(config.network, test::tiny_int8_model(4, rounding, classes, image));
  nlohmann::json effective;
  config::print(config, effective);
  compile::compile_to(folder / "device", config, effective);
  return emulate::open_compiled(folder / "device");
}

emulate::Lesson lesson() {
  emulate::Lesson made;
  made.samples = test::tiny_samples(1, 20);
  made.points = {0, 20};
  for (std::size_t i = 0; i < 6; ++i) made.turns.push_back({i, false, 0, 0});
  for (std::size_t i = 0; i < 20; ++i)
    made.turns.push_back({i, true, 0.0625 / static_cast<double>(1 + i / 7), 0});
  for (std::size_t i = 0; i < 6; ++i) made.turns.push_back({i, false, 0, 1});
  return made;
}

void learns_like_the_trainer(const test::TempDir& folder, device::Target target,
                             const std::string& compiler = "") {
  emulate::RunOptions options;
  options.target = target;
  options.check = options.quiet = true;
  options.compiler = compiler;
  options.state = folder / "state.bin";
  const ir::Dims image{1, 2, 6, 5};
  for (const auto& [rounding, whole] : {std::pair{"float32-half-even", false}, std::pair{"tflite", false},
                                        std::pair{"integer", false}, std::pair{"integer", true}}) {
    if (!device::has_float(target) && !whole) continue;
    INFO(device::name_of(target) << ", " << rounding << (whole ? ", without floats" : ""));
    const auto made = compiled(folder, rounding, whole, 3, target, image);
    options.profile = target != device::Target::host && whole;
    const auto result = emulate::run_lesson(made, lesson(), options);
    CHECK(result["check"]["samples"] == 32);
    CHECK(emulate::read_state(options.state, made).steps == 20);
    if (target == device::Target::host) continue;
    CHECK(emulate::run_lesson(made, lesson(), options)["instructions"] == result["instructions"]);
    CHECK(result["memory"]["stack_used"] > 50);
    CHECK(result["instructions"]["step"]["mean"] > result["instructions"]["inference"]["mean"]);
    if (options.profile) {
      std::uint64_t sum = 0;
      for (const auto& layer : result["layers"]) sum += layer["instructions"].get<std::uint64_t>();
      const auto step = result["instructions"]["step"]["mean"].get<std::uint64_t>();
      CHECK(sum > step * 9 / 10);
      options.budget.sram = result["memory"]["sram_bytes"].get<std::int64_t>();
      options.budget.flash = result["memory"]["flash_bytes"].get<std::int64_t>();
      options.budget.instructions = result["instructions"]["step"]["most"].get<std::int64_t>();
      CHECK_NOTHROW(emulate::run_lesson(made, lesson(), options));
      --options.budget.instructions;
      CHECK_THROWS_WITH(emulate::run_lesson(made, lesson(), options),
                        Catch::Contains("1 more than") && Catch::Contains("most take '"));
    }
  }
}

void on_board(device::Target target, const std::string& compiler = "") {
  const std::vector<std::string> missing = emulate::missing_programs(target);
  if (!missing.empty()) {
    WARN("SKIPPED: " << device::name_of(target) << " needs " << missing.front()
                     << " (scripts/setup --device)");
    return;
  }
  learns_like_the_trainer(test::TempDir(), target, compiler);
}

}  // namespace

TEST_CASE("networks of every rounding learn on a Cortex-M3 as in the trainer", "[emulate][slow]") {
  on_board(device::Target::cortex_m3);
}
TEST_CASE("networks of every rounding learn on a Cortex-M4 as in the trainer", "[emulate][slow]") {
  on_board(device::Target::cortex_m4);
}
TEST_CASE("networks of every rounding learn on a Cortex-M7 as in the trainer", "[emulate][slow]") {
  on_board(device::Target::cortex_m7);
}
TEST_CASE("networks of every rounding learn on a Cortex-M55 as in the trainer", "[emulate][slow]") {
  on_board(device::Target::cortex_m55);
}
TEST_CASE("networks of every rounding learn on RV32IMC as in the trainer", "[emulate][slow]") {
  on_board(device::Target::rv32imc);
}

// PyPI's ziglang carries a clang: FRUGAL_SECOND_CC names it ("python3 -m ziglang cc"), or it is found.
static std::string second_compiler() {
  const char* named = std::getenv("FRUGAL_SECOND_CC");
  if (named != nullptr) return named;
  if (std::system("python3 -m ziglang version >/dev/null 2>&1") == 0) return "python3 -m ziglang cc";
  WARN("SKIPPED: no second compiler (pip install ziglang, or FRUGAL_SECOND_CC)");
  return "";
}

TEST_CASE("networks of every rounding, built by a second compiler, learn as in the trainer",
          "[emulate][slow]") {
  const std::string compiler = second_compiler();
  if (!compiler.empty()) learns_like_the_trainer(test::TempDir(), device::Target::host, compiler);
}

TEST_CASE("networks of every rounding, built for boards by a second compiler, learn as in the trainer",
          "[emulate][slow]") {
  const std::string compiler = second_compiler();
  if (compiler.find("zig") == std::string::npos) return;  // others want a --target of their own
  for (const device::Target target :
       {device::Target::cortex_m3, device::Target::cortex_m4, device::Target::cortex_m7,
        device::Target::cortex_m55, device::Target::rv32imc})
    on_board(target, compiler);
}
