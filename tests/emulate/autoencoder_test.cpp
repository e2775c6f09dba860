// An auto-encoder on a device: scores, losses and learnt numbers are the trainer's, and what it learnt tells
// usual samples from others.
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
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

class Folder {
 public:
  explicit Folder(bool dense, device::Target target = device::Target::host,
                  const std::string& rounding = "float32-half-even") {
    config.network = folder / "network";
    config.scheme = "full";
    config.head = "none";
    config.seed = 5;
    config.device.target = device::name_of(target);
    config.device.optimise = "-O1";
    network::write_model(config.network, test::tiny_autoencoder(3, dense, rounding));
  }
  void compile() const {
    nlohmann::json effective;
    config::print(config, effective);
    compile::compile_to(folder / "device", config, effective);
  }
  emulate::Compiled compiled() const {
    compile();
    return emulate::open_compiled(folder / "device");
  }
  std::string refused() const {
    return test::message_of([&] { compile(); });
  }

  test::TempDir folder;
  compile::CompileConfig config;
};

// Samples of class 0 are usual: the first 20 of them are learnt `rounds` times, ten others and twenty of
// other classes are held out.
emulate::Lesson lesson(int rounds) {
  quant::AnomalyConfig usual;
  usual.normal = {0};
  emulate::Lesson made;
  made.samples = test::tiny_samples(1, 90);
  std::vector<std::size_t> learnt, held;
  for (std::size_t i = 0; i < 90; ++i) {
    if (i % 3 == 0) (i < 60 ? learnt : held).push_back(i);
    if (i % 3 != 0 && i < 30) held.push_back(i);
  }
  quant::relabel(made.samples, usual);
  made.quantile = 0.9;
  const auto measure = [&](std::int64_t steps) {
    for (const std::size_t i : learnt) {
      made.turns.push_back({i, false, 0, made.points.size()});
      made.turns.back().training = true;
    }
    for (const std::size_t i : held) made.turns.push_back({i, false, 0, made.points.size()});
    made.points.push_back(steps);
  };
  measure(0);
  for (int round = 0; round < rounds; ++round)
    for (const std::size_t i : learnt) made.turns.push_back({i, true, 0.3, 0});
  measure(20 * rounds);
  return made;
}

nlohmann::ordered_json learnt(const emulate::Compiled& compiled, int rounds, const std::string& state = "",
                              const std::string& compiler = "") {
  emulate::RunOptions options;
  options.compiler = compiler;
  options.target = compiled.target;
  options.check = options.quiet = true;
  options.state = state;
  return emulate::run_lesson(compiled, lesson(rounds), options);
}

// Built by the target's gcc, or by another compiler.
void learns_like_the_trainer(device::Target target, const std::string& compiler = "") {
  const std::vector<std::string> missing = emulate::missing_programs(target);
  if (!missing.empty()) {
    WARN("SKIPPED: " << device::name_of(target) << " needs " << missing.front()
                     << " (scripts/setup --device)");
    return;
  }
  for (const auto& [dense, rounding] :
       {std::pair{true, "float32-half-even"}, std::pair{false, "float32-half-even"},
        std::pair{true, "tflite"}, std::pair{false, "integer"}}) {
    INFO(device::name_of(target) << ", " << (dense ? "dense, " : "convolutions, ") << rounding);
    const auto result = learnt(Folder(dense, target, rounding).compiled(), 1, "", compiler);
    CHECK(result["check"]["equal"] == true);
    CHECK(result["learnt"] == 20);
    CHECK(result["instructions"]["step"]["mean"] > result["instructions"]["inference"]["mean"]);
  }
}

}  // namespace

TEST_CASE("an auto-encoder on the host learns as in the trainer, and tells what is unusual", "[emulate]") {
  for (const auto& [dense, rounding] :
       {std::pair{true, "float32-half-even"}, std::pair{false, "float32-half-even"},
        std::pair{true, "tflite"}, std::pair{false, "integer"}}) {
    INFO((dense ? "dense, " : "convolutions, ") << rounding);
    const Folder folder(dense, device::Target::host, rounding);
    const emulate::Compiled compiled = folder.compiled();
    CHECK_FALSE(compiled.json().contains("classes"));
    const std::string state = folder.folder / "state.bin";
    const auto result = learnt(compiled, 30, state);
    CHECK(result["check"]["equal"] == true);
    CHECK(result["while_learning"].is_null());
    const auto &before = result["anomaly"]["before"], &after = result["anomaly"]["after"];
    CHECK(after["usual_score"].get<double>() < 0.9 * before["usual_score"].get<double>());
    CHECK(after["samples"] == 30);
    if (dense) CHECK(after["auc"].get<double>() > 0.95);
    CHECK(result["curve"][1]["auc"] == after["auc"]);
    // And as an adaptation does.
    adapt::AdaptConfig config;
    config.seed = 5;
    config.network = "tiny";
    config.head = "none";
    const auto learner = adapt::make_learner(*compiled.start, compiled.scheme, config, nullptr);
    const emulate::Lesson taught = lesson(30);
    for (const emulate::Turn& turn : taught.turns) {
      const std::size_t which[] = {turn.sample};
      if (turn.learn) learner->step(taught.samples, which, turn.rate);
    }
    CHECK(emulate::read_state(state, compiled).network.data == learner->model().data);
    CHECK(learner->losses(taught.samples).size() == 90);
  }
}

TEST_CASE("auto-encoders of every rounding learn on a Cortex-M4 as in the trainer", "[emulate][slow]") {
  learns_like_the_trainer(device::Target::cortex_m4);
}
TEST_CASE("auto-encoders of every rounding learn on a Cortex-M7 as in the trainer", "[emulate][slow]") {
  learns_like_the_trainer(device::Target::cortex_m7);
}
TEST_CASE("auto-encoders of every rounding learn on a Cortex-M55 as in the trainer", "[emulate][slow]") {
  learns_like_the_trainer(device::Target::cortex_m55);
}

TEST_CASE("an auto-encoder for a core without floating point is refused by name", "[emulate]") {
  for (const device::Target target : {device::Target::cortex_m3, device::Target::rv32imc}) {
    const Folder folder(false, target, "integer");
    CHECK(folder.refused() == "device.target: " + device::name_of(target) +
                                  " has no floating point, in which the loss of an auto-encoder is");
  }
}

TEST_CASE("another score than the trainer's is found out", "[emulate]") {
  const Folder folder(true);
  const emulate::Compiled compiled = folder.compiled();
  const emulate::Board board{device::Target::host, false, ""};
  emulate::build(compiled, board);
  const std::string path = folder.folder / "stream";
  base::write_text(path, emulate::stream_of(lesson(1), compiled));
  emulate::Output output = emulate::run(compiled, board, path, "", nullptr);
  CHECK_NOTHROW(emulate::check(compiled, lesson(1), output));
  output.answers[3].loss_bits ^= 1;
  CHECK_THROWS_WITH(emulate::check(compiled, lesson(1), output),
                    Catch::Contains("sample 3: the loss on the device is"));
}

TEST_CASE("networks that are no auto-encoders, and settings that these do not know, are refused",
          "[emulate]") {
  Folder folder(true);
  folder.config.method.storage = "integer";
  CHECK(folder.refused().find("the loss of an auto-encoder is in float") != std::string::npos);
  folder.config.method.storage = "nearest";
  folder.config.replay.bytes = "1000";
  CHECK(folder.refused().find("replay: needs classes") != std::string::npos);
  folder.config.replay.bytes = "";
  folder.config.classes = 2;
  CHECK(folder.refused().find("classes: has no effect with head 'none'") != std::string::npos);
  folder.config.classes = 0;
  folder.config.scheme = "head";
  CHECK(folder.refused().find("trains nothing of an auto-encoder") != std::string::npos);
  folder.config.scheme = "full";
  CHECK(folder.refused() == "no error");
  network::write_model(folder.config.network, test::tiny_int8_model(4));
  CHECK(folder.refused().find("gives 3 numbers for 60 that it takes") != std::string::npos);
}
