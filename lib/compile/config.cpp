#include "compile/config.h"

#include "config/size.h"

namespace frugal::compile {

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
}

void CompileConfig::visit(config::Visitor& v) {
  v.field("seed", seed, config::at_least(0), "of a new head and of stochastic rounding, as in `adapt`");
  v.field("network", network,
          "int8 .tflite, ONNX with QDQ nodes, tiny-training JSON, or a folder that `import` wrote");
  v.field("weights", weights, "weights of a JSON (safetensors); empty: those beside it");
  v.choice("head", head, {"keep", "new"},
           "the classifier: the file's own, or one drawn by the seed, as `adapt` draws it");
  v.field("classes", classes, config::between(0, 65536), "of a new head");
  v.field("scheme", scheme, "what is trained: full, head, bias:k, last:k, or a file of a scheme (JSON)");
  v.object("method", method, "how it learns, one sample a step");
  v.object("device", device, "what it runs on");
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

}  // namespace frugal::compile
