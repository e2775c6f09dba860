#include "compile/config.h"

#include "config/size.h"
#include "ops/ops.h"

namespace frugal::compile {

const std::vector<std::string> pass_names{"order", "split", "fuse", "in-place", "channels", "rows"};

void LearningConfig::visit(config::Visitor& v) {
  v.choice("kind", kind, {"qas", "sgd"},
           "qas: SGD with quantisation-aware scaling; sgd: without, for comparison");
  v.choice("storage", storage, {"stochastic", "nearest", "integer"},
           "how a changed integer is rounded; integer: no float at all, for a network that rounds in whole "
           "numbers "
           "(import --rounding integer), which cores without floating point want");
}

void DeviceConfig::visit(config::Visitor& v) {
  v.field("target", target, "host, m3, m4, m7, m55 or rv32: what its Makefile builds unless told otherwise");
  v.field("flash", flash, "bytes of it: 1MB (of 1024 KB)");
  v.field("sram", sram, "bytes of it, the stack among them: 256KB");
  v.field("stack", stack, "bytes of SRAM that are kept for the stack");
  v.field("optimise", optimise, "the compiler's flag");
  v.field(
      "memories", memories,
      "pieces of SRAM that the numbers of a step are spread over, the cheapest first: DTCM=64KB, AXI=131072; "
      "empty: one piece. Each becomes an array in a section of its own, .bss.arena_DTCM");
}

void CompileConfig::visit(config::Visitor& v) {
  v.field("seed", seed, config::at_least(0), "of a new head and of stochastic rounding, as in `adapt`");
  v.field("network", network,
          "int8 .tflite, ONNX with QDQ nodes, tiny-training JSON, or a folder that `import` wrote");
  v.field("weights", weights, "weights of a JSON (safetensors); empty: those beside it");
  v.choice(
      "head", head, {"keep", "new", "none"},
      "the classifier: the file's own, or one drawn by the seed, as `adapt` draws it; none: an auto-encoder, "
      "which learns to give back what it takes");
  v.field("classes", classes, config::between(0, 65536), "of a new head");
  v.field("scheme", scheme, "what is trained: full, head, bias:k, last:k, or a file of a scheme (JSON)");
  v.object("method", method, "how it learns, one sample a step");
  v.object("replay", replay, "old examples that are learnt again, each as a step of its own");
  v.choice("updates", updates, {"early", "late"},
           "early: each as soon as its gradient is there, so that its memory is free; late: all at the end");
  v.field(
      "passes", passes,
      "those of order, split, fuse, in-place, channels, rows that may be taken where memory gets less by it");
  v.object("device", device, "what it runs on");
}

std::vector<plan::Region> memories_of(const CompileConfig& config) {
  return plan::parse_regions(config.device.memories, "device.memories");
}

device::FileSettings file_settings(const CompileConfig& config) {
  device::FileSettings settings;
  settings.target = device::target_named(config.device.target, "device.target");
  settings.whole_numbers = config.method.storage == "integer";
  settings.flash_bytes = config::bytes_of(config.device.flash, "device.flash");
  settings.sram_bytes = config::bytes_of(config.device.sram, "device.sram");
  settings.stack_bytes = config::bytes_of(config.device.stack, "device.stack");
  settings.optimise = config.device.optimise;
  return settings;
}

std::int32_t kernels_of(device::Target target) {
  switch (target) {
    case device::Target::cortex_m4:
    case device::Target::cortex_m7:
      return OPS_DSP;
    case device::Target::cortex_m55:
      return OPS_MVE;
    default:
      return OPS_PLAIN;
  }
}

}  // namespace frugal::compile
