// A compiled network's folder and a device's state, read back: any compile.json and any bytes of a state give
// what a device of this network could have, or a UserError. An input that begins with FRST is a state; an
// object is laid over the compile.json of a small network (RFC 7386), so that what is deep in it is reached;
// any other is the whole file.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "compile/folder.h"
#include "config/config.h"
#include "emit/state.h"
#include "emulate/state.h"
#include "fuzz/folder.h"
#include "network/import/model_folder.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

struct Whole {
  Whole() {
    compile::CompileConfig config;
    config.network = folder.path() + "/network";
    config.scheme = "last:2";
    config.head = "new";
    config.classes = 3;
    config.device.target = "host";
    network::write_model(config.network, test::tiny_int8_model(1));
    nlohmann::json effective;
    config::print(config, effective);
    result = compile::compile_to(path, config, effective);
    compiled = emulate::open_compiled(path);
  }

  fuzz::Folder folder;
  const std::string path = folder.path() + "/device";
  nlohmann::ordered_json result;
  emulate::Compiled compiled;
};

void read_state(const Whole& whole, const std::string& text) {
  const std::string path = whole.folder.path() + "/state.bin";
  base::write_text(path, text);
  emulate::read_state(path, whole.compiled);
}

void read_folder(const Whole& whole, const std::string& text) {
  const auto patch = nlohmann::ordered_json::parse(text, nullptr, false);
  nlohmann::ordered_json changed = whole.result;
  if (patch.is_object()) changed.merge_patch(patch);
  base::write_text(whole.path + "/compile.json", patch.is_object() ? changed.dump() : text);
  const emulate::Compiled read = emulate::open_compiled(whole.path);
  FRUGAL_ASSERT(!read.trained.empty(), "something learns");
  for (const char* key : {"arena_bytes", "state_bytes", "stack_bytes"}) read.planned("sram", key);
  read.class_count();
  emulate::program_of(read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Whole whole;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    (text.starts_with("FRST") ? read_state : read_folder)(whole, text);
  } catch (const base::UserError&) {
  }
  return 0;
}
