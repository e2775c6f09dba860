#include "train/run_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "config/config.h"
#include "report/result.h"
#include "tensor/device.h"
#include "train/loop.h"
#include "train/parallel/communicator.h"

namespace frugal::train {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;
using namespace nlohmann::literals;

std::string runs_beside(const std::string& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "out/" is "out"
  return (path.parent_path() / "runs.jsonl").string();
}

// Adds a run's line to a file of them, unless the file has the line of this run of this folder: one that was
// thrown away and made again.
void append_once(const std::string& path, const Ordered& line) {
  if (std::filesystem::exists(path)) {
    std::istringstream lines(base::read_text(path));
    for (std::string text; std::getline(lines, text);) {
      const auto json = nlohmann::json::parse(text, nullptr, false);
      if (json.is_object() && json.value("id", "") == line.at("id") &&
          json.value("/run/folder"_json_pointer, "") == line.at("run").value("folder", ""))
        return;
    }
  }
  base::append_line(path, report::to_line(line));
}

Ordered finished_line(const std::string& folder, const std::string& id, bool resume) {
  const std::string path = folder + "/result.json";
  if (std::filesystem::exists(path)) {
    const auto result = Ordered::parse(base::read_text(path), nullptr, false);
    if (!result.is_object() || !result.contains("runs_line") || !result.contains("run")) {
      throw UserError(path, "is not the result of a training run", "give another --out");
    }
    if (result["runs_line"].value("id", "") != id) {
      throw UserError(folder, "holds the finished run of another config or seed", "give another --out");
    }
    Ordered line = result["runs_line"];
    line["run"] = result["run"];
    return line;
  }
  if (!resume && std::filesystem::exists(folder + "/checkpoint.safetensors")) {
    throw UserError(folder, "holds a run that was interrupted",
                    "give --resume to go on with it, or another --out");
  }
  return nullptr;
}

}  // namespace

std::string run_id(const nlohmann::json& printed) {
  nlohmann::json decides = printed;
  for (const char* key : {"runs", "threads", "workers", "name"}) decides.erase(key);
  for (const char* key : {"log_every", "checkpoint_every", "checkpoint_seconds", "evaluate_every"}) {
    decides["loop"].erase(key);
  }
  return config::hash(decides);
}

struct RunFolder::State {
  RunOptions options;
  nlohmann::json config;
  std::string id, runs;
  Communicator& communicator;
  std::optional<base::FolderLock> lock;
  Ordered finished;
  report::RunClock clock;
};

RunFolder::RunFolder(const RunOptions& options, const nlohmann::json& printed, const std::string& runs,
                     Communicator& communicator)
    : state_(new State{options,
                       printed,
                       run_id(printed),
                       runs.empty() ? runs_beside(options.out) : runs,
                       communicator,
                       {},
                       nullptr,
                       {}}) {
  if (!tensor::parse_device(options.device).is_cpu())
    throw UserError("--device", "training runs on the CPU in this version", "use --device cpu");
  if (communicator.is_first()) state_->lock.emplace(options.out);
  communicator.barrier();
  state_->finished = finished_line(options.out, state_->id, options.resume);
}

RunFolder::~RunFolder() = default;

const std::string& RunFolder::id() const { return state_->id; }

const Ordered& RunFolder::finished(const std::string& tool) const {
  const State& s = *state_;
  if (s.finished.is_null() || !s.communicator.is_first()) return s.finished;
  if (!s.options.quiet) base::log_note(tool, s.options.out + ": this run is finished; nothing to do");
  append_once(s.runs, s.finished);
  return s.finished;
}

LoopPlace RunFolder::place(std::int64_t seed, const std::string& label) const {
  LoopPlace place;
  place.folder = state_->options.out;
  place.config_hash = state_->id;
  place.seed = static_cast<std::uint64_t>(seed);
  place.resume = state_->options.resume;
  place.quiet = state_->options.quiet;
  place.label = label;
  return place;
}

void RunFolder::finish(Ordered& line, const report::Header& header, int threads, double loop_seconds) {
  const State& s = *state_;
  line["threads"] = threads;
  line["processes"] = s.communicator.size();
  line["version"] = FRUGAL_VERSION;
  Ordered result = report::start_result(header, s.config);
  result["runs_line"] = line;
  line["run"] = s.clock.describe(threads);
  line["run"]["seconds"] = loop_seconds;
  line["run"]["folder"] = s.options.out;
  if (!s.communicator.is_first()) return;
  result["run"] = line["run"];
  report::write_result(s.options.out + "/result.json", result);
  append_once(s.runs, line);
  std::filesystem::remove(s.options.out + "/checkpoint.safetensors");
}

}  // namespace frugal::train
