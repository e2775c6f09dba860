// Generated C, compiled by the host's compiler, learns to the same bytes as the trainer.
#include "emit/source.h"

#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "device/files.h"
#include "emit/state.h"
#include "passes/channels.h"
#include "passes/fuse_updates.h"
#include "passes/in_place.h"
#include "passes/rows.h"
#include "passes/split.h"
#include "quant/integer_network.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace frugal {
namespace {

// Reads samples and labels, learns them in turn, prints what it predicted and writes the state.
constexpr const char* main_text = R"(
#include <stdio.h>
#include "frugal_model.h"
int main(int argc, char** argv) {
  FILE* in = fopen(argv[1], "rb");
  FILE* out = fopen(argv[2], "wb");
  (void)argc;
  frugal_init();
  int32_t label;
  static unsigned char sample[FRUGAL_INPUT_BYTES];
  while (fread(&label, 4, 1, in) == 1 && fread(sample, FRUGAL_INPUT_BYTES, 1, in) == 1) {
    int32_t before, at_step;
    frugal_loss loss;
    if (frugal_predict(sample, &before)) return 3;
    if (frugal_train_step(sample, label, (frugal_rate)RATE, &loss, &at_step)) return 4;
    if (before != at_step) return 5;
  }
  if (frugal_train_step(sample, FRUGAL_CLASSES, (frugal_rate)RATE, 0, 0) != FRUGAL_BAD_LABEL) return 6;
  if (frugal_train_step(sample, -1, (frugal_rate)RATE, 0, 0) != FRUGAL_BAD_LABEL) return 7;
  void* bytes;
  size_t size;
  frugal_state(&bytes, &size);
  fwrite(bytes, size, 1, out);
  return fclose(out) != 0;
}
)";

// The device's order: channels last.
std::vector<std::int8_t> channels_last(std::span<const std::int8_t> image, const ir::Dims& shape) {
  const auto place = ops::places(shape, ops::Layout::channels_last);
  std::vector<std::int8_t> moved(image.size());
  for (std::size_t i = 0; i < image.size(); ++i) moved[place[i]] = image[i];
  return moved;
}

sparse::UpdateScheme scheme_of(const std::string& name, const ir::Graph& graph) {
  sparse::UpdateScheme scheme;
  scheme.bias_layers = 3;
  if (name == "expansion") {  // no weights of the depthwise layer: its channels run in turn
    scheme.weights = {{1, 0.5}, {3, 0.25}};
    return scheme;
  }
  if (name != "parts") return sparse::scheme_named(name, graph);
  scheme.weights = {{0, 1}, {1, 0.5}, {2, 0.25}};  // the depthwise layer in part too
  return scheme;
}

passes::TrainingStep with_all_passes(passes::TrainingStep step) {
  step = passes::with_channels_in_turn(
      passes::with_gradients_in_place(passes::with_fused_updates(passes::with_split_weights(step))));
  step.by_rows = passes::straight_runs(step);
  for (passes::RowChain& chain : step.by_rows) {
    chain.over_input = passes::may_overwrite(step, chain);
    chain.at_once = 2;
    chain.at_once_within = 3;
  }
  return step;
}

}  // namespace

TEST_CASE("generated C learns as the trainer does, byte for byte", "[emit]") {
  struct Case {
    const char* rounding;
    bool integer, with_passes;
    const char* scheme = "parts";
  };
  for (const auto& [rounding, integer, with_passes, scheme_name] :
       {Case{"float32-half-even", false, false}, Case{"float32-half-even", false, true},
        Case{"float32-half-even", false, true, "head"}, Case{"float32-half-even", false, true, "expansion"},
        Case{"tflite", false, true}, Case{"integer", false, true}, Case{"integer", true, false},
        Case{"integer", true, true}, Case{"integer", true, true, "head"}}) {
    INFO(rounding << (integer ? ", head on integers" : "") << (with_passes ? ", all passes" : ""));
    const test::TempDir folder;
    const bool by_rows = scheme_name == std::string("head");  // without a residual: one run of layers
    const bool in_turn = scheme_name == std::string("expansion");
    const ir::Model float_head = test::tiny_int8_model(4, rounding, 3, {1, 2, 6, 5},
                                                       {.residual = !by_rows, .hidden = in_turn ? 37 : 12});
    const ir::Model model = integer ? quant::with_integer_head(float_head, "tiny") : float_head;
    const sparse::UpdateScheme scheme = scheme_of(scheme_name, model.graph);
    const auto trained = sparse::trained_layers(model, scheme);
    passes::TrainingStep step =
        passes::with_updates(autodiff::with_backward(model, trained, "tiny"), {}, "tiny");
    if (with_passes) step = with_all_passes(std::move(step));
    if (in_turn) REQUIRE(step.by_channels.size() == 1);
    if (by_rows) REQUIRE((step.by_rows.size() == 1 && step.by_rows[0].over_input));
    std::vector<plan::Region> memories;  // all passes: in two, of which the first is small
    if (with_passes) memories = {{"FAST", 300, 1}, {"SLOW", 100'000, 2}};
    const emit::DeviceProgram program(step, OPS_PLAIN, "tiny", memories);
    const emit::Source source = emit::write_source(program, {3, 77});
    if (with_passes) CHECK((program.pieces()[0].bytes > 200 && program.pieces()[1].bytes > 0));
    base::write_text(folder / "frugal_model.h", source.header);
    base::write_text(folder / "frugal_model.c", source.code);
    base::write_text(folder / "main.c", main_text);
    for (const device::File& file :
         device::device_files({.target = device::Target::host, .whole_numbers = integer})) {
      std::filesystem::create_directories(std::filesystem::path(folder / file.path).parent_path());
      base::write_text(folder / file.path, file.text);
    }
    const quant::Samples samples = test::tiny_samples(1, 20);
    {
      std::ofstream stream(folder / "samples", std::ios::binary);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        stream.write(reinterpret_cast<const char*>(&samples.labels[i]), 4);
        const auto moved = channels_last(samples.image(i), model.graph.tensor(model.graph.inputs[0]).shape);
        stream.write(reinterpret_cast<const char*>(moved.data()), static_cast<std::streamsize>(moved.size()));
      }
    }
    const std::string command =
        "cd " + folder.path().string() +
        " && cc -std=c11 -O1 -ffp-contract=off -Wall -Wextra -Wconversion "
        "-Wno-sign-conversion -pedantic -Werror " +
        (integer ? "-DRATE='(1 << 21)' " : "-DRATE=0.125f ") +
        "-I. main.c frugal_model.c runtime/slots.c kernels/*.c -o learn && ./learn samples state";
    INFO(command);
    REQUIRE(WEXITSTATUS(std::system(command.c_str())) == 0);

    quant::TrainerConfig config;
    config.storage = integer ? quant::Storage::integer : quant::Storage::stochastic;
    config.seed = 3;
    quant::Trainer trainer(model, trained, config, "tiny");
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::size_t which[] = {i};
      trainer.step(samples, which, 0.125);
    }
    const std::string state = base::read_text(folder / "state");
    const std::vector<std::byte> wanted =
        emit::state_of(program, trainer.model(), static_cast<std::uint32_t>(samples.size()));
    REQUIRE(state.size() == wanted.size());
    CHECK(std::memcmp(state.data(), wanted.data(), wanted.size()) == 0);
    const std::vector<std::byte> at_start = emit::state_of(program, model, 0);
    for (const passes::Trained& one : program.step().trained) {
      INFO(program.graph().tensor(one.parameter).name);
      const std::size_t at = program.home(one.parameter).offset,
                        bytes = program.numbers(one.parameter).size();
      CHECK(std::memcmp(at_start.data() + at, wanted.data() + at, bytes) != 0);
      CHECK(std::memcmp(at_start.data() + at, program.numbers(one.parameter).data(), bytes) == 0);
    }
    const emit::Learnt back =
        emit::learnt_from(program, model, std::as_bytes(std::span(state.data(), state.size())), "state");
    CHECK(back.steps == samples.size());
    CHECK(back.network.data == trainer.model().data);
  }
}

}  // namespace frugal
