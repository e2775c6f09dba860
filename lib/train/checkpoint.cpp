#include "train/checkpoint.h"

#include "base/error.h"

namespace frugal::train {
namespace {
constexpr const char* state_key = "frugal.train";
}  // namespace

void save_checkpoint(const std::string& path, const LoopState& state, const tensor::NamedTensors& tensors) {
  tensor::write_tensors(path, tensors, {{state_key, to_text(state)}});
}

LoopState load_checkpoint(const std::string& path, const LoopState& expected,
                          const tensor::NamedTensors& tensors) {
  const checkpoint::SafetensorsFile file(path);
  const auto found = file.metadata().find(state_key);
  if (found == file.metadata().end()) {
    throw base::UserError(path, "is a safetensors file, but no checkpoint of a training run");
  }
  const LoopState state = read_loop_state(found->second, path + ":" + state_key, expected);
  tensor::read_into(file, tensors, "", true);
  return state;
}

}  // namespace frugal::train
