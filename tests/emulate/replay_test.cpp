// A device that learns old examples again: on the host and on emulated boards the bytes of the trainer, its
// buffer among them, and those of an adaptation whose replayed examples are steps of their own.
#include <cstring>
#include <nlohmann/json.hpp>

#include "adapt/learner.h"
#include "base/error.h"
#include "base/file.h"
#include "compile/folder.h"
#include "config/config.h"
#include "emit/state.h"
#include "emulate/check.h"
#include "emulate/run.h"
#include "emulate/state.h"
#include "emulate/target.h"
#include "network/import/model_folder.h"
#include "quant/integer_network.h"
#include "quant/replay_steps.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

class Folder {
 public:
  explicit Folder(const std::string& layer, const std::string& scheme = "last:3",
                  device::Target target = device::Target::host, bool whole = false,
                  const std::string& bytes = "700") {
    config.network = folder / "network";
    config.scheme = scheme;
    config.seed = 5;
    config.device.target = device::name_of(target);
    config.device.optimise = "-O1";
    config.replay.bytes = bytes;
    if (!bytes.empty()) {
      config.replay.layer = layer;
      config.replay.ratio = 3;
    }
    if (whole) config.method.storage = "integer";
    network::write_model(config.network, test::tiny_int8_model(4, whole ? "integer" : "float32-half-even"));
    nlohmann::json effective;
    config::print(config, effective);
    compile::compile_to(folder / "device", config, effective);
  }
  emulate::Compiled opened() const { return emulate::open_compiled(folder / "device"); }

  test::TempDir folder;
  compile::CompileConfig config;
};

// Six samples are remembered, then 24 learnt, each with three old ones: the buffer overflows.
emulate::Lesson lesson() {
  emulate::Lesson made;
  made.samples = test::tiny_samples(1, 30);
  made.points = {0, 24};
  for (std::size_t i = 0; i < 6; ++i) made.turns.push_back({i, false, 0, 0});
  for (std::size_t i = 24; i < 30; ++i) {
    made.turns.push_back({i, false, 0, 0});
    made.turns.back().remember = true;
  }
  for (std::size_t i = 0; i < 24; ++i) made.turns.push_back({i, true, 0.02, 0});
  for (std::size_t i = 0; i < 6; ++i) made.turns.push_back({i, false, 0, 1});
  return made;
}

nlohmann::ordered_json learnt(const Folder& folder, device::Target target, const std::string& state = "") {
  emulate::RunOptions options;
  options.target = target;
  options.check = options.quiet = true;
  options.state = state;
  return emulate::run_lesson(folder.opened(), lesson(), options);
}

void on_board(device::Target target, bool whole) {
  const std::vector<std::string> missing = emulate::missing_programs(target);
  if (!missing.empty()) {
    WARN("SKIPPED: " << device::name_of(target) << " needs " << missing.front()
                     << " (scripts/setup --device)");
    return;
  }
  const Folder folder("auto", "last:3", target, whole);
  const auto result = learnt(folder, target);
  CHECK(result["check"]["equal"] == true);
  CHECK(result["remembered"] == 6);
  CHECK(result["memory"]["replay_bytes"] == folder.opened().planned("sram", "replay_bytes"));
  CHECK(result["memory"]["stack_used"] > 50);
}

}  // namespace

TEST_CASE("a compiled folder with a replay buffer learns on the host as the trainer does", "[emulate]") {
  for (const auto& [layer, scheme, whole] :
       {std::tuple{"auto", "last:3", false}, std::tuple{"image", "last:3", false},
        std::tuple{"image", "full", false}, std::tuple{"sum", "head", false},
        std::tuple{"auto", "head", false}, std::tuple{"stem", "last:3", true}}) {
    INFO(layer << ", " << scheme << (whole ? ", without floats" : ""));
    const Folder folder(layer, scheme, device::Target::host, whole);
    const std::string state = folder.folder / "state.bin";
    const auto result = learnt(folder, device::Target::host, state);
    CHECK(result["check"]["samples"] == 42);
    CHECK(result["learnt"] == 24);
    CHECK(result["predicted"] == 12);
    CHECK(emulate::read_state(state, folder.opened()).steps == 24 * 4);
  }
}

TEST_CASE("a replay buffer on a Cortex-M7 holds what the trainer's does", "[emulate][slow]") {
  on_board(device::Target::cortex_m7, false);
}
TEST_CASE("a replay buffer on a Cortex-M3, without floats, holds what the trainer's does",
          "[emulate][slow]") {
  on_board(device::Target::cortex_m3, true);
}
TEST_CASE("a replay buffer on RV32IMC, without floats, holds what the trainer's does", "[emulate][slow]") {
  on_board(device::Target::rv32imc, true);
}

TEST_CASE("a device with a replay buffer ends where an adaptation with steps of each ends", "[emulate]") {
  const Folder folder("auto");
  const emulate::Compiled compiled = folder.opened();
  adapt::AdaptConfig config;
  config.seed = 5;
  config.network = "tiny";
  config.method.batch_size = 1;
  config.stream.known = {0, 1};
  config.stream.order = {2};
  static_cast<quant::ReplayConfig&>(config.replay) = folder.config.replay;
  config.replay.steps = "each";
  const auto learner = adapt::make_learner(*compiled.start, compiled.scheme, config, nullptr);
  const emulate::Lesson taught = lesson();
  for (const emulate::Turn& turn : taught.turns) {
    const std::size_t which[] = {turn.sample};
    if (turn.remember) learner->remember(taught.samples, which);
    if (turn.learn) learner->step(taught.samples, which, turn.rate);
  }
  const std::string state = folder.folder / "state.bin";
  learnt(folder, device::Target::host, state);
  CHECK(emulate::read_state(state, compiled).network.data == learner->model().data);
  CHECK(compiled.start->data != learner->model().data);
  // The buffer is the last of the state.
  const std::string bytes = base::read_text(state);
  const auto memory = learner->memory()->buffer().memory();
  const auto replay_bytes = static_cast<std::size_t>(compiled.planned("sram", "replay_bytes"));
  REQUIRE(replay_bytes >= memory.size());
  CHECK(std::memcmp(bytes.data() + bytes.size() - replay_bytes, memory.data(), memory.size()) == 0);
}

TEST_CASE("another buffer on the device than the trainer's is found out", "[emulate]") {
  const Folder folder("auto"), other("auto", "last:3", device::Target::host, false, "600");
  emulate::RunOptions options;
  options.quiet = true;
  emulate::Compiled compiled = folder.opened();
  compiled.replay = other.opened().replay;
  compiled.replay->capacity = folder.opened().replay->capacity;
  compiled.replay->seed = 6;
  options.check = true;
  CHECK_THROWS_WITH(emulate::run_lesson(compiled, lesson(), options),
                    Catch::Contains("the loss on the device is"));
}

TEST_CASE("a sample to be remembered by a device without a buffer ends its run", "[emulate]") {
  const Folder folder("auto", "last:3", device::Target::host, false, "");
  CHECK(folder.config.replay.used() == false);
  const emulate::Compiled compiled = folder.opened();
  const emulate::Board board{device::Target::host, false, ""};
  emulate::build(compiled, board);
  const std::string path = folder.folder / "stream";
  base::write_text(path, emulate::stream_of(lesson(), compiled));
  CHECK_THROWS_WITH(
      emulate::run(compiled, board, path, "", nullptr),
      Catch::Contains("sample 6: it is to be remembered, and this network keeps no old examples"));
}
