// A compiled folder learns on the host as the trainer does; and what goes wrong is said.
#include <filesystem>
#include <nlohmann/json.hpp>

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
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

// A tiny network, compiled into a folder.
class Folder {
 public:
  explicit Folder(const std::string& rounding = "float32-half-even", bool integer = false,
                  const std::string& scheme = "last:3") {
    compile::CompileConfig config;
    config.network = folder / "network";
    config.scheme = scheme;
    config.seed = 5;
    config.device.target = "host";
    config.device.optimise = "-O0";
    if (integer) config.method.storage = "integer";
    network::write_model(config.network, test::tiny_int8_model(4, rounding));
    nlohmann::json effective;
    config::print(config, effective);
    compile::compile_to(out(), config, effective);
  }
  std::string out() const { return folder / "device"; }
  emulate::Compiled opened() const { return emulate::open_compiled(out()); }

  test::TempDir folder;
};

// 12 samples, predicted, learnt, predicted again.
emulate::Lesson lesson() {
  emulate::Lesson made;
  made.samples = test::tiny_samples(1, 12);
  made.points = {0, 12};
  for (std::size_t round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 12; ++i)
      made.turns.push_back({i, round == 1, round == 1 ? 0.0625 : 0, round / 2});
  return made;
}

emulate::RunOptions quiet() {
  emulate::RunOptions options;
  options.quiet = true;
  options.check = true;
  return options;
}

template <typename Work>
std::string said(Work work) {
  try {
    work();
  } catch (const base::UserError& error) {
    return "user: " + std::string(error.what()) + "; " + error.hint();
  } catch (const base::Failure& failure) {
    return "failure: " + std::string(failure.what());
  }
  return "nothing";
}

}  // namespace

TEST_CASE("a compile.json that lacks what is read when a program has run is refused before", "[emulate]") {
  const Folder folder;
  const std::string place = folder.out() + "/compile.json";
  const auto whole = nlohmann::ordered_json::parse(base::read_text(place));
  for (const char* pointer : {"/network", "/trained", "/memory/sram/state_bytes", "/memory/flash/bytes",
                              "/calls/0/mark", "/calls/1/node"}) {
    for (const bool absent : {true, false}) {
      const nlohmann::ordered_json::json_pointer at(pointer);
      nlohmann::ordered_json damaged = whole;
      if (absent)
        damaged[at.parent_pointer()].erase(at.back());
      else
        damaged[at] = nlohmann::ordered_json::object();
      base::write_text(place, damaged.dump());
      INFO(pointer);
      CHECK_THAT(test::message_of([&] { folder.opened(); }), Catch::StartsWith(place));
    }
  }
  base::write_text(place, whole.dump());
  CHECK_NOTHROW(folder.opened());
}

TEST_CASE("a compiled folder learns on the host as the trainer does", "[emulate]") {
  for (const auto& [rounding, integer] :
       {std::pair{"float32-half-even", false}, std::pair{"tflite", false}, std::pair{"integer", true}}) {
    INFO(rounding << (integer ? ", without floats" : ""));
    const Folder folder(rounding, integer);
    const emulate::Compiled compiled = folder.opened();
    emulate::RunOptions options = quiet();
    options.state = folder.folder / "state.bin";
    const auto result = emulate::run_lesson(compiled, lesson(), options);
    CHECK(result["learnt"] == 12);
    CHECK(result["predicted"] == 24);
    CHECK(result["check"]["equal"] == true);
    CHECK(result["curve"].size() == 2);
    CHECK(result["memory"].is_null());
    // The state comes back: the network that the trainer has.
    const emit::Learnt learnt = emulate::read_state(options.state, compiled);
    CHECK(learnt.steps == 12);
    quant::Trainer trainer(*compiled.start, compiled.trained, compiled.method, "tiny");
    const emulate::Lesson taught = lesson();
    for (const emulate::Turn& turn : taught.turns) {
      const std::size_t which[] = {turn.sample};
      if (turn.learn) trainer.step(taught.samples, which, turn.rate);
    }
    CHECK(trainer.model().data == learnt.network.data);
    CHECK(compiled.start->data != learnt.network.data);
  }
}

TEST_CASE("a seed of rounding is written only where something is rounded by it", "[emulate]") {
  // It has no place of its own where a head in float is all that is trained: it would fall on other numbers.
  const auto draws = [](const std::string& scheme) {
    const Folder folder("float32-half-even", false, scheme);
    return base::read_text(folder.out() + "/frugal_model.c").find("ops_rounding_seed(") != std::string::npos;
  };
  CHECK(draws("last:1"));
  CHECK_FALSE(draws("head"));
}

TEST_CASE("what a device answers is held against the trainer", "[emulate]") {
  const Folder folder;
  const emulate::Compiled compiled = folder.opened();
  const emulate::Board board{device::Target::host, false, ""};
  emulate::build(compiled, board);
  const std::string path = folder.folder / "stream";
  base::write_text(path, emulate::stream_of(lesson(), compiled));
  const emulate::Output output = emulate::run(compiled, board, path, "", nullptr);
  const auto differs = [&](auto change) {
    emulate::Output other = output;
    change(other);
    return said([&] { emulate::check(compiled, lesson(), other); });
  };
  CHECK(differs([](emulate::Output&) {}) == "nothing");
  CHECK(differs([](emulate::Output& o) {
          o.answers[2].predicted = (o.answers[2].predicted + 1) % 3;
        }).find("failure: sample 2: the device predicted class") == 0);
  CHECK(differs([](emulate::Output& o) {
          o.answers[14].loss_bits ^= 1;
        }).find("failure: sample 14: the loss on the device is") == 0);
  CHECK(differs([](emulate::Output& o) { o.state_hash ^= 1; }).find("failure: after 36 samples") == 0);
  CHECK(differs([](emulate::Output& o) { o.answers.pop_back(); }).find("answered 35 of 36") !=
        std::string::npos);
  CHECK(differs([](emulate::Output& o) { o.answers[3].label = 2; }).find("another sample") !=
        std::string::npos);
}

TEST_CASE("what a device's program says ends a run with its words", "[emulate]") {
  const Folder folder;
  const emulate::Compiled compiled = folder.opened();
  const emulate::Board board{device::Target::host, false, ""};
  emulate::build(compiled, board);
  const std::string path = folder.folder / "stream", whole = emulate::stream_of(lesson(), compiled);
  const auto answer = [&](const std::string& bytes) {
    base::write_text(path, bytes);
    return said([&] { emulate::run(compiled, board, path, "", nullptr); });
  };
  CHECK(answer(whole.substr(0, whole.size() - 1)) == "failure: host: sample 35: the stream ends inside it");
  CHECK(answer(whole.substr(0, 9)).find("ends inside its header") != std::string::npos);
  std::string wrong = whole;
  wrong[24 + 4] = 3;  // the label of sample 0
  CHECK(answer(wrong) == "failure: host: sample 0: its label is no class of the network");
  wrong = whole;
  wrong[8] = 59;  // bytes of a sample
  CHECK(answer(wrong).find("sample bytes 59, the network has 60") != std::string::npos);
  wrong = whole;
  wrong[20] = static_cast<char>(wrong[20] + 1);
  CHECK(answer(wrong).find("for another network") != std::string::npos);
  CHECK(said([&] { emulate::run(compiled, board, path + "2", "", nullptr); }).find("no stream of samples") !=
        std::string::npos);
  emulate::Lesson other = lesson();
  other.samples.labels[0] = 3;
  CHECK(said([&] {
          emulate::stream_of(other, compiled);
        }).find("has 3 classes, but an image is of class 3") != std::string::npos);
}

TEST_CASE("a state of another network, and files that are none, are refused", "[emulate]") {
  const Folder folder, other("float32-half-even", false, "last:2");
  emulate::RunOptions options = quiet();
  options.state = folder.folder / "state.bin";
  emulate::run_lesson(folder.opened(), lesson(), options);
  const auto refused = [&](const emulate::Compiled& compiled) {
    return said([&] { emulate::read_state(options.state, compiled); });
  };
  CHECK(refused(folder.opened()) == "nothing");
  CHECK(refused(other.opened()).find("is of another network than") != std::string::npos);
  const std::string whole = base::read_text(options.state);
  base::write_text(options.state, whole.substr(0, whole.size() - 3));
  CHECK(refused(folder.opened()).find("bytes, and the state of this network") != std::string::npos);
  base::write_text(options.state, "FRST");
  CHECK(refused(folder.opened()).find("too short") != std::string::npos);
  base::write_text(options.state, std::string(40, 'x'));
  CHECK(refused(folder.opened()).find("is no state of a device") != std::string::npos);
}

TEST_CASE("targets that a folder cannot run on, and options without effect, are refused", "[emulate]") {
  const Folder folder;
  const auto refused = [&](emulate::RunOptions options) {
    return said([&] { emulate::run_lesson(folder.opened(), lesson(), options); });
  };
  emulate::RunOptions options = quiet();
  options.target = device::Target::cortex_m3;
  CHECK(refused(options).find("user: target 'cortex-m3': has no floating point") == 0);
  options.target = device::Target::cortex_m7;
  CHECK(refused(options).find("compile it anew with device.target=cortex-m7") != std::string::npos);
  options.target = device::Target::host;
  options.profile = true;
  CHECK(refused(options).find("user: --profile: the host counts no instructions") == 0);
  options.profile = false;
  options.budget.sram = 1;
  CHECK(refused(options).find("user: --target: the host measures neither") == 0);
}

TEST_CASE("a missing tool is named with what installs it", "[emulate]") {
  const Folder folder;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const std::string host = said([&] { emulate::build(folder.opened(), {device::Target::host, false, ""}); });
  const auto missing = emulate::missing_programs(device::Target::rv32imc);
  ::setenv("PATH", path.c_str(), 1);
  CHECK(host.find("user: target 'host': needs make and cc, which PATH does not have; `scripts/setup`") == 0);
  for (const std::string compiler : {"no-such-cc", "/no/such/cc"})
    CHECK(said([&] {
            emulate::build(folder.opened(), {device::Target::host, false, compiler + " -O2"});
          }).find("user: --cc: '" + compiler + "' is no program that can be started; a C compiler") == 0);
  CHECK(missing == std::vector<std::string>{"make", "riscv64-unknown-elf-gcc", "qemu-system-riscv32"});
}

TEST_CASE("what is over a budget is named", "[emulate]") {
  const Folder folder;
  const emulate::Compiled compiled = folder.opened();
  emulate::Spent spent;
  spent.memory = {1000, 4096, 500, 20000};
  spent.step_instructions = 70000;
  spent.calls = {{0, 100}, {1, 60000}, {2, 5000}};
  const auto over = [&](const emulate::Budget& budget) {
    return said([&] { emulate::require_within(budget, spent, compiled); });
  };
  CHECK(over({}) == "nothing");
  CHECK(over({20000, 1500, 70000}) == "nothing");
  CHECK(over({-1, 1499, -1})
            .find("user: --sram: 1500 bytes were used (1000 of variables, 500 of stack), 1 more "
                  "than 1499; the arena is fullest at step ") == 0);
  CHECK(over({19999, -1, -1})
            .find("user: --flash: 20000 bytes are used, 1 more than 19999; the largest numbers "
                  "are '") == 0);
  const std::string slow = over({-1, -1, 69999});
  CHECK(slow.find("user: --instructions: a training step took 70000, 1 more than 69999; most take '") == 0);
  CHECK(slow.find(compiled.json()["calls"][1]["node"].get<std::string>() + "' (60000)") != std::string::npos);
}

TEST_CASE("lines that no such program prints are refused", "[emulate]") {
  for (const char* line : {"hello", "learn 1 2", "learn 1 2 xyz 4", "predict 1 2 0000 4",
                           "learn 1 2 00000000 4 5", "memory 1 2", "state zz 1"}) {
    emulate::OutputReader reader(nullptr);
    INFO(line);
    CHECK_THROWS_AS(reader.take(line), base::Failure);
  }
  for (const auto& [line, reason] :
       {std::pair("error: no such label", "no such label"), std::pair("  error: a b", "a b"),
        std::pair("error:", ""), std::pair("error: ", "")}) {
    emulate::OutputReader reader(nullptr);
    reader.take(line);
    CHECK(reader.output().error == reason);
  }
}
