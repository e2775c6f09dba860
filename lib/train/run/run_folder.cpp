#include "train/run/run_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "config/config.h"
#include "report/result.h"
#include "train/run/communicator.h"
#include "train/run/place.h"

namespace frugal::train {
namespace {

using base::UserError;
using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

std::string id_of(const Json& printed, const std::vector<std::string>& beside) {
  Json decides = printed;
  for (const std::string& one : beside) {
    const Json::json_pointer at(one);
    if (decides.contains(at)) decides[at.parent_pointer()].erase(at.back());
  }
  return config::hash(decides);
}

Ordered finished_result(const RunKind& kind, const RunOptions& options, const std::string& id) {
  const std::string path = options.out + "/" + kind.result_file;
  if (std::filesystem::exists(path)) {
    Ordered result = report::read_result(path);
    const Ordered::json_pointer id_at(kind.id_at);
    if (!result.is_object() || !result.contains(id_at) || !result.contains("run")) {
      throw UserError(path, "is not a result of " + kind.tool, "give another --out");
    }
    if (result[id_at] != id) {
      throw UserError(options.out, "holds the finished run of another config or seed", "give another --out");
    }
    return result;
  }
  if (!options.resume && std::filesystem::exists(options.out + "/checkpoint.safetensors")) {
    throw UserError(options.out, "holds a run that was interrupted",
                    "give --resume to go on with it, or another --out");
  }
  return nullptr;
}

}  // namespace

struct RunFolder::State {
  RunKind kind;
  RunOptions options;
  Json config;
  std::string id;
  Communicator& communicator;
  std::optional<base::FolderLock> lock;
  Ordered finished;
  report::RunClock clock;
};

RunFolder::RunFolder(const RunKind& kind, const RunOptions& options, const Json& printed,
                     Communicator& communicator)
    : state_(new State{kind, options, printed, id_of(printed, kind.beside), communicator, {}, nullptr, {}}) {
  if (communicator.size() > 1 && options.device != "cpu")
    throw UserError("--device", "several processes share a run on CPUs alone",
                    "use --device cpu, or one process");
  if (communicator.is_first()) state_->lock.emplace(options.out);
  communicator.barrier();
  state_->finished = finished_result(kind, options, state_->id);
  if (!state_->finished.is_null() && communicator.is_first() && !options.quiet)
    base::log_note(kind.tool, options.out + ": this run is finished; nothing to do");
}

RunFolder::~RunFolder() = default;

const std::string& RunFolder::id() const { return state_->id; }

const Ordered& RunFolder::finished() const { return state_->finished; }

RunPlace RunFolder::place(std::int64_t seed, const std::string& label) const {
  RunPlace place;
  place.folder = state_->options.out;
  place.config_hash = state_->id;
  place.seed = static_cast<std::uint64_t>(seed);
  place.resume = state_->options.resume;
  place.quiet = state_->options.quiet;
  place.label = label;
  return place;
}

Ordered RunFolder::start_result(std::int64_t seed) const {
  const State& s = *state_;
  return report::start_result({s.kind.schema, s.kind.tool, static_cast<std::uint64_t>(seed)}, s.config);
}

void RunFolder::finish(Ordered& result, int threads, double loop_seconds) {
  const State& s = *state_;
  Ordered run = s.clock.describe(threads);
  run["seconds"] = loop_seconds;
  run["folder"] = s.options.out;
  run["device"] = s.options.device;
  if (result.contains("run")) run.update(result["run"]);
  result["run"] = std::move(run);
  if (!s.communicator.is_first()) return;
  report::write_result(s.options.out + "/" + s.kind.result_file, result);
  std::filesystem::remove(s.options.out + "/checkpoint.safetensors");
}

}  // namespace frugal::train
