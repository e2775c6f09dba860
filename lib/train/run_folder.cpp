#include "train/run_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "report/result.h"

namespace frugal::train {

using base::UserError;
using Ordered = nlohmann::ordered_json;

std::string runs_beside(const std::string& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "out/" is "out"
  return (path.parent_path() / "runs.jsonl").string();
}

void append_once(const std::string& path, const Ordered& line) {
  if (std::filesystem::exists(path)) {
    std::istringstream lines(base::read_text(path));
    for (std::string text; std::getline(lines, text);) {
      const auto json = nlohmann::json::parse(text, nullptr, false);
      if (json.is_object() && json.value("id", "") == line.at("id")) return;
    }
  }
  base::append_line(path, report::to_line(line));
}

Ordered finished_run(const std::string& folder, const std::string& id, bool resume) {
  const std::string path = folder + "/result.json";
  if (std::filesystem::exists(path)) {
    const auto result = Ordered::parse(base::read_text(path), nullptr, false);
    if (!result.is_object() || !result.contains("runs_line")) {
      throw UserError(path, "is not the result of a training run", "give another --out");
    }
    if (result["runs_line"].value("id", "") != id) {
      throw UserError(folder, "holds the finished run of another config or seed", "give another --out");
    }
    return result["runs_line"];
  }
  if (!resume && std::filesystem::exists(folder + "/checkpoint.safetensors")) {
    throw UserError(folder, "holds a run that was interrupted",
                    "give --resume to go on with it, or another --out");
  }
  return nullptr;
}

}  // namespace frugal::train
