#include "model/transformer/carry.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_file.h"
#include "config/config.h"
#include "config/json_node.h"

namespace frugal::model {
namespace {

namespace fs = std::filesystem;
using base::UserError;

bool carried(const std::string& name) {
  for (const char* ending : {".safetensors", ".bin", ".h5", ".index.json", ".msgpack", ".ot", ".onnx",
                             ".gguf", ".pt", ".pth", ".ckpt", ".part", ".jsonl"}) {
    if (name.ends_with(ending)) return false;
  }
  // A README and a run's own files speak of the small model; a config is written anew.
  for (const char* other : {"README.md", "result.json", "start.json", "grown.json", "growth.json",
                            "report.html", "config.json"}) {
    if (name == other) return false;
  }
  return !name.starts_with(".");
}

void copy(const std::string& from, const std::string& to, const std::string& name) {
  base::write_text(to + "/" + name, base::read_text(base::folder_file(from, name)));
}

struct Module {
  std::string path, type;
};

// Of sentence-transformers' modules.json: those with a folder of their own.
std::vector<Module> modules_of(const std::string& folder) {
  std::vector<Module> modules;
  if (!base::refused(folder, "modules.json").empty()) return modules;
  const std::string path = base::folder_file(folder, "modules.json");
  const nlohmann::json json = config::parse(base::read_text(path), path);
  for (const config::JsonNode& one : config::JsonNode(json, path).elements()) {
    Module module{one.text_or("path", ""), one.text_or("type", "")};
    if (module.path.empty()) continue;
    if (module.path.find('/') != std::string::npos || module.path.find("..") != std::string::npos ||
        module.path == ".") {
      one.fail_at("path", fmt::format("'{}' is no folder of this directory", module.path));
    }
    modules.push_back(std::move(module));
  }
  return modules;
}

}  // namespace

void check_carried(const std::string& from, std::int64_t old_hidden, std::int64_t new_hidden) {
  for (const Module& module : modules_of(from)) {
    if (old_hidden == new_hidden || !module.type.ends_with("Dense")) continue;
    throw UserError(
        from + "/" + module.path,
        fmt::format("reads a hidden size of {}, and a layer after the pooling is not grown", old_hidden),
        "grow the layers alone, or take the module out of modules.json");
  }
}

void carry_files(const std::string& from, const std::string& to, std::int64_t hidden_size) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (carried(name) && base::refused(from, name).empty()) copy(from, to, name);
  }
  for (const Module& module : modules_of(from)) {
    const std::string inner = from + "/" + module.path, target = to + "/" + module.path;
    base::make_folder(target);
    if (!fs::is_directory(inner)) continue;  // a module without files of its own (Normalize)
    for (const auto& entry : fs::directory_iterator(inner)) {
      // Looked at from the model's folder: the module's own may be a link that leads out of it.
      const std::string name = module.path + "/" + entry.path().filename().string();
      if (base::refused(from, name).empty()) copy(from, to, name);
    }
    const std::string path = target + "/config.json";
    if (!fs::exists(path)) continue;
    auto json = nlohmann::ordered_json::parse(base::read_text(path), nullptr, false);
    if (!json.is_object() || !json.contains("word_embedding_dimension")) continue;
    json["word_embedding_dimension"] = hidden_size;
    base::write_text(path, json.dump(4) + "\n");
  }
}

}  // namespace frugal::model
