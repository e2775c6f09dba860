#include "compile/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_file.h"
#include "base/staged_folder.h"
#include "base/stop_watch.h"
#include "compile/fit.h"
#include "compile/page.h"
#include "compile/stages.h"
#include "config/json_node.h"
#include "ir/operator.h"
#include "network/import/model_folder.h"
#include "plan/block_file.h"
#include "report/result.h"

namespace frugal::compile {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* result_file = "compile.json";

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return in ? text.str() : std::string();
}

// A file that is as it was keeps its time, so that `make` builds only what changed.
void write_changed(const std::string& folder, const device::File& file) {
  const fs::path path = fs::path(folder) / file.path;
  if (fs::is_regular_file(path) && content_of(path) == file.text) return;
  base::make_folder(path.parent_path().string());
  base::write_text(path.string(), file.text);
}

bool is_new(const std::string& folder) {
  if (!fs::exists(folder)) return true;
  if (!fs::is_directory(folder)) return false;
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const auto& entry) { return entry.path().filename() == ".lock"; });
}

// What an older compile wrote there; the folder must be new, empty or such a one.
std::set<std::string> files_before(const std::string& folder) {
  const fs::path path(folder);
  if (!fs::exists(path)) return {};
  if (!fs::is_directory(path)) throw UserError(folder, "is no folder");
  std::set<std::string> files;
  if (fs::exists(path / result_file)) {
    const nlohmann::json before(read_compiled(folder));
    const config::JsonNode node(before, (path / result_file).string());
    for (const config::JsonNode& file : node["files"].elements()) {
      const fs::path name = file.text();
      if (name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end())
        file.fail("leads out of the folder: '" + name.string() + "'", "name a new folder");
      files.insert(name.string());
    }
  } else if (fs::exists(path / "frugal_model.h")) {
    files.insert("frugal_model.h");  // a compile that was interrupted
  } else {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().filename() != ".lock")
        throw UserError(folder, "holds files, but none that a compiler wrote", "name a new folder");
    }
  }
  return files;
}

Ordered calls_of(const emit::DeviceProgram& program) {
  Ordered calls = Ordered::array();
  for (std::size_t n = 0; n < program.graph().nodes.size(); ++n) {
    const ir::Node& node = program.graph().nodes[n];
    calls.push_back(
        {{"mark", n},
         {"node", program.graph().name_of(node)},
         {"operator", node.op->name},
         {"pass", static_cast<ir::NodeId>(n) < program.step().forward_end ? "forward" : "backward"}});
  }
  return calls;
}

Ordered trained_of(const emit::DeviceProgram& program) {
  Ordered trained = Ordered::array();
  for (const passes::Trained& one : program.step().trained) {
    Ordered entry{{"name", program.graph().tensor(one.whole).name},
                  {"bytes", program.numbers(one.parameter).size()},
                  {"state_offset", program.home(one.parameter).offset}};
    if (!one.channels.empty()) entry["channels"] = one.channels;
    trained.push_back(std::move(entry));
  }
  return trained;
}

Ordered plan_of(const emit::DeviceProgram& program) {
  const plan::Plan& plan = program.plan();
  return {{"bytes", plan.arena.bytes}, {"lower_bound", plan.lower_bound},
          {"gap", plan.gap()},         {"method", plan.method},
          {"smallest", plan.smallest}, {"blocks", program.blocks().size()}};
}

}  // namespace

Ordered compile_to(const std::string& given, const CompileConfig& config, const nlohmann::json& effective) {
  const report::RunClock clock;
  const device::FileSettings settings = file_settings(config);
  const Stages stages = make_stages(config);
  std::vector<device::File> files = device::device_files(settings);  // refuses what a target cannot run
  const emit::DeviceProgram program(stages.step, kernels_of(settings.target), config.network,
                                    memories_of(config));
  require_fit(program, stages, config);
  const emit::SourceConfig source_settings = source_config(stages.step, config);
  const emit::Source source = emit::write_source(program, source_settings);
  files.push_back({"frugal_model.h", source.header});
  files.push_back({"frugal_model.c", source.code});
  files.push_back({"plan.csv", plan::to_csv(program.blocks(), program.plan().arena)});

  Ordered result = report::start_result({"frugal.tinytrain_compile.compile/1", "tinytrain-compile compile",
                                         static_cast<std::uint64_t>(config.seed)},
                                        effective);
  result["network"] = stages.start.graph.name;
  result["network_id"] = source_settings.network_id;
  result["notes"] = stages.notes;
  result["target"] = device::name_of(settings.target);
  result["scheme"] = sparse::to_json(stages.scheme, stages.start.graph);
  result["input"] = {{"shape", program.graph().tensor(stages.step.image).shape},
                     {"bytes", ir::bytes(program.graph().tensor(stages.step.image))}};
  if (stages.step.label != ir::none)
    result["classes"] = program.graph().tensor(stages.step.logits).shape.back();
  result["memory"] = to_json(footprint_of(program, settings));
  if (stages.replay) result["replay"] = quant::to_json(*stages.replay);
  result["plan"] = plan_of(program);
  for (const emit::ArenaPiece& piece : program.pieces()) {
    if (!piece.memory.empty()) result["memories"].push_back({{"name", piece.memory}, {"bytes", piece.bytes}});
  }
  for (const PassReport& pass : stages.passes)
    result["passes"].push_back({{"name", pass.name},
                                {"what", pass.help},
                                {"bytes_before", pass.before},
                                {"bytes_after", pass.after},
                                {"kept", pass.kept}});
  result["trained"] = trained_of(program);
  result["untrained_channels"] = stages.step.untrained;
  result["calls"] = calls_of(program);

  // A new folder appears whole. In an older one files that are as they were keep their time, and what was
  // built of them stays: it is locked, and no compile until its last file is there.
  std::optional<base::StagedFolder> fresh;
  std::optional<base::FolderLock> lock;
  if (is_new(given)) {
    fresh.emplace(given, std::set<std::string>{".lock"});
  } else {
    lock.emplace(given);
  }
  const std::string folder = fresh ? fresh->path() : given;
  std::set<std::string> stale = fresh ? std::set<std::string>() : files_before(folder);
  const base::FinishFirst all_of_them;
  fs::remove(fs::path(folder) / result_file);  // not whole until it is written again
  Ordered names = Ordered::array();
  for (const device::File& file : files) {
    write_changed(folder, file);
    stale.erase(file.path);
    names.push_back(file.path);
  }
  network::write_model(folder + "/model", stages.start);
  for (const std::string& name : stale) {
    if (base::refused(folder, name).empty()) fs::remove(fs::path(folder) / name);
  }
  result["files"] = names;
  result["run"] = clock.describe(1);
  base::write_text(folder + "/report.html", page_of(result, program));
  report::write_result(folder + "/" + result_file, result);
  if (fresh) fresh->commit();
  return result;
}

Ordered read_compiled(const std::string& folder) {
  const std::string path = folder + "/" + result_file;
  if (!fs::exists(path))
    throw UserError(folder, "is no folder that `tinytrain-compile compile` finished: it has no compile.json");
  Ordered read = report::read_result(path);
  if (!read.contains("schema") || read["schema"] != "frugal.tinytrain_compile.compile/1")
    throw UserError(path, "is not what `tinytrain-compile compile` writes");
  return read;
}

const std::vector<std::string> stage_names{"forward", "backward", "optimized", "plan", "c"};

std::string emitted(const std::string& stage, const CompileConfig& config) {
  return text_of(stage, make_stages(config, stage), config);
}

std::string summary_of(const Ordered& c, const std::string& folder) {
  const Ordered &sram = c["memory"]["sram"], &flash = c["memory"]["flash"];
  std::string text =
      fmt::format("{} for {}: {} operators a step; {} tensors learn\n", c["network"].get<std::string>(),
                  c["target"].get<std::string>(), c["calls"].size(), c["trained"].size());
  text += fmt::format("SRAM   {} bytes: arena {}, trained numbers {}, stack {}\n", sram["bytes"].dump(),
                      sram["arena_bytes"].dump(), sram["state_bytes"].dump(), sram["stack_bytes"].dump());
  if (c.contains("replay"))
    text += fmt::format(
        "replay {} of the trained numbers' bytes: {} examples of '{}', {} learnt with each new one\n",
        sram["replay_bytes"].dump(), c["replay"]["examples"].dump(), c["replay"]["layer"].get<std::string>(),
        c["replay"]["ratio"].dump());
  text += fmt::format("flash  {} bytes of numbers, and the code\n", flash["bytes"].dump());
  text += fmt::format("next   tinytrain-compile run {} ...   (or make -C {})\n", folder, folder);
  return text;
}

}  // namespace frugal::compile
