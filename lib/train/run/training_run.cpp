#include "train/run/training_run.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/can_write.h"
#include "base/file.h"
#include "base/given_path.h"
#include "report/result.h"
#include "train/run/communicator.h"
#include "train/run/place.h"

namespace frugal::train {
namespace {

using Ordered = nlohmann::ordered_json;
using namespace nlohmann::literals;

std::string runs_beside(const std::string& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "out/" is "out"
  return (path.parent_path() / "runs.jsonl").string();
}

// A text of a line that anyone may have written; empty where it is none.
std::string text_at(const nlohmann::json& json, const char* pointer) {
  const nlohmann::json::json_pointer at(pointer);
  return json.contains(at) && json.at(at).is_string() ? json.at(at).get<std::string>() : "";
}

// Adds a run's line to a file of them, unless the file has the line of this run of this folder: one that was
// thrown away and made again.
void append_once(const std::string& path, const Ordered& line) {
  if (std::filesystem::exists(path)) {
    std::istringstream lines(base::read_text(path));
    for (std::string text; std::getline(lines, text);) {
      const auto json = nlohmann::json::parse(text, nullptr, false);
      if (text_at(json, "/id") == line.at("id").get<std::string>() &&
          text_at(json, "/run/folder") == line.at("run").value("folder", "")) {
        return;
      }
    }
  }
  base::append_line(path, report::to_line(line));
}

}  // namespace

TrainingRun::TrainingRun(const std::string& tool, const std::string& schema, const RunOptions& options,
                         const nlohmann::json& printed, const std::string& runs, Communicator& communicator)
    : folder_({tool,
               schema,
               "result.json",
               "/runs_line/id",
               {"/runs", "/threads", "/workers", "/name", "/loop/log_every", "/loop/checkpoint_every",
                "/loop/checkpoint_seconds", "/loop/evaluate_every", "/loop/peer_seconds"}},
              options, printed, communicator),
      runs_(base::given_path(runs.empty() ? runs_beside(options.out) : runs)),
      communicator_(communicator) {
  if (communicator.is_first()) base::check_can_append(runs_);
}

Ordered TrainingRun::finished() const {
  const Ordered& result = folder_.finished();
  if (result.is_null()) return nullptr;
  Ordered line = result["runs_line"];
  line["run"] = result["run"];
  if (communicator_.is_first()) append_once(runs_, line);
  return line;
}

RunPlace TrainingRun::place(std::int64_t seed, const std::string& label) const {
  return folder_.place(seed, label);
}

void TrainingRun::finish(Ordered& line, std::int64_t seed, int threads, double loop_seconds) {
  finish(line, seed, threads, loop_seconds, nullptr);
}

void TrainingRun::finish(Ordered& line, std::int64_t seed, int threads, double loop_seconds,
                         const Ordered& beside) {
  line["threads"] = threads;
  line["processes"] = communicator_.size();
  line["version"] = FRUGAL_VERSION;
  Ordered result = folder_.start_result(seed);
  result["runs_line"] = line;
  if (!beside.is_null()) result.update(beside);
  folder_.finish(result, threads, loop_seconds);
  line["run"] = result["run"];
  if (communicator_.is_first()) append_once(runs_, line);
}

}  // namespace frugal::train
