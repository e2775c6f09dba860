#include "grow/grow_command.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/staged_folder.h"
#include "checkpoint/safetensors.h"
#include "config/config.h"
#include "config/json_node.h"
#include "grow/difference.h"
#include "grow/expand.h"
#include "grow/inspect.h"
#include "grow/operator.h"
#include "model/transformer/carry.h"
#include "tensor/device.h"

namespace frugal::grow {
namespace {

using base::UserError;
using checkpoint::DType;

DType type_named(const std::string& name, DType source) {
  if (name == "float32") return DType::f32;
  if (name == "float64") return DType::f64;
  if (name == "bf16") return DType::bf16;
  if (name == "fp16") return DType::f16;
  return source;
}

void refuse_other_model(const std::string& source, const std::string& out) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::equivalent(source, out, error)) {
    throw UserError("--out", "is the source's own folder: " + out, "give another one");
  }
  if (fs::exists(out + "/config.json") && !fs::exists(out + "/growth.json")) {
    throw UserError("--out", out + " holds a model that was not grown here",
                    "give another folder, or remove it");
  }
}

// Before anything is made of it: a target that no disk here holds.
void refuse_too_large(const TransformerConfig& target, DType type, const std::string& out) {
  namespace fs = std::filesystem;
  fs::path there = fs::absolute(out);
  std::error_code error;
  while (there.has_relative_path() && !fs::exists(there, error)) there = there.parent_path();
  const auto space = fs::space(there, error);
  const double bytes = static_cast<double>(parameter_count(target)) * static_cast<double>(size_of(type));
  if (error || bytes <= static_cast<double>(space.available)) return;
  throw UserError(
      "target",
      fmt::format("makes a model of {:.3g} parameters, {:.3g} GB in {}, and {} has {:.3g} GB left",
                  static_cast<double>(parameter_count(target)), bytes / 1e9, checkpoint::name_of(type),
                  there.string(), static_cast<double>(space.available) / 1e9),
      "smaller sizes, a dtype of 16 bits, or an --out on another disk");
}

// What a growth writes about itself; "files" are those that a later one may replace.
constexpr const char* record = "growth.json";

std::set<std::string> written_before(const std::string& out) {
  std::set<std::string> names;
  if (!base::in_folder(out, record)) return names;
  const std::string path = base::folder_file(out, record);
  const nlohmann::json json = config::parse(base::read_text(path), path);
  const config::JsonNode node(json, path);
  if (const auto files = node.find("files")) {
    for (const std::string& name : files->texts()) names.insert(name);
  }
  return names;
}

// How far outputs may be from the source's and count as the same: a unit in the last place of the largest one
// in 16-bit types, 1e-5 of it in float32, which sums over thousands of products.
double rounding(DType type, double largest) {
  if (type == DType::f64) return 1e-12 * largest;
  if (type == DType::f32) return 1e-5 * largest;
  const int bits = type == DType::bf16 ? 7 : 10;
  return largest > 0 ? std::exp2(std::floor(std::log2(largest)) - bits) : 0;
}

// The weights of a layer; the file's pages of the one before are given back.
model::WeightsOfLayer layers_of(const model::HfModel& model, c10::ScalarType type) {
  return [&model, type, before = std::vector<std::string>()](std::int64_t layer) mutable {
    for (const std::string& name : before) model.stored(name).place->release();
    before.clear();
    model::Weights weights;
    for (const model::WeightSpec& spec : weight_specs(model.config())) {
      if (!model::is_of_layer(spec.name, layer)) continue;
      weights.set(spec.name, model.view(spec.name, type));
      before.push_back(spec.name);
    }
    return weights;
  };
}

// The written directory is read back, so that what is measured is what a user will load; layer by layer, so
// that the check takes no more memory than the growth.
void measure(const model::HfModel& source, const std::string& folder, DType written,
             const std::string& promise, std::uint64_t seed, bool quiet, nlohmann::ordered_json& result) {
  const auto type = written == DType::f64 ? torch::kFloat64 : torch::kFloat32;
  const model::HfModel grown(folder, source.config().tower);
  const Difference difference = measure_difference(source.config(), layers_of(source, type), grown.config(),
                                                   layers_of(grown, type), type, seed);
  if (!std::isfinite(difference.scale)) {
    throw UserError(source.folder(), "gives outputs that are not finite", "its training had diverged");
  }
  if (!std::isfinite(difference.largest)) {
    throw base::Failure("the grown model's outputs are not finite: nothing was written",
                        "another operator.width, or dtype=float32 where a type of 16 bits overflows");
  }
  const double allowed = rounding(written, difference.scale);
  const bool kept = difference.largest <= allowed;
  if (promise.empty()) {
    result["keeps"] = "nothing exactly";
  } else if (kept) {
    result["keeps"] = promise;
  } else {
    result["keeps"] = "nothing exactly";
    result["promised"] = promise;
    base::log_note(
        "ligo-grow grow",
        fmt::format("the operator keeps {} in exact arithmetic, but in {} it is off by {:.3g}; dtype=float32 "
                    "has room for it",
                    promise, checkpoint::name_of(written), difference.largest));
  }
  result["difference_at_start"] = {{"largest", difference.largest},
                                   {"largest_output", difference.scale},
                                   {"rounding", allowed},
                                   {"outputs", difference.values}};
  if (!quiet) {
    base::log_note("ligo-grow grow",
                   fmt::format("logits differ from the source's by at most {:.3g} (largest {:.3g})",
                               difference.largest, difference.scale));
  }
}

// Adam's moments along with the weights, where a run kept them: tensors exp_avg.NAME and exp_avg_sq.NAME
// under canonical names (joined qkv and gate_in are taken apart and joined again).
void grow_moments_file(const PlannedGrowth& growth, const std::string& from, const std::string& to) {
  const checkpoint::SafetensorsFile file(from);
  const auto specs = weight_specs(growth.plan().source);
  tensor::NamedTensors written;
  for (const auto& [prefix, kind] : {std::pair<std::string, Kind>{"exp_avg.", Kind::first_moment},
                                     std::pair<std::string, Kind>{"exp_avg_sq.", Kind::second_moment}}) {
    model::Weights stored;
    bool joined = false;
    for (const checkpoint::TensorInfo& info : file.tensors()) {
      if (!info.name.starts_with(prefix)) continue;
      joined = joined || info.name.ends_with(".qkv.weight");
      stored.set(info.name.substr(prefix.size()), tensor::read_tensor(file, info.name).to(torch::kFloat32));
    }
    const model::Weights apart = unfuse(growth.plan().source, stored);
    for (const auto& spec : specs) {
      const torch::Tensor* one = apart.find(spec.name);
      if (one == nullptr)
        throw base::UserError(from, "lacks '" + prefix + spec.name + "'", "is it of this model?");
      if (one->sizes() != c10::IntArrayRef(spec.shape)) {
        throw base::UserError(from + ":" + prefix + spec.name, "has not the shape of the model's weight");
      }
    }
    model::Weights grown = grow_moments(growth, apart, kind);
    if (joined) grown = fuse(growth.target(), grown);
    for (auto& [name, tensor] : grown.list()) written.emplace_back(prefix + name, tensor);
  }
  tensor::write_tensors(to, written);
}

}  // namespace

void GrowConfig::visit(config::Visitor& v) {
  v.object("target", target, "sizes of the large model");
  v.object("operator", growth, "how it is grown");
  v.choice("tower", tower, {"", "text", "image"},
           "of a model with two (CLIP), the one that grows; the other is carried along");
  v.choice("dtype", dtype, {"same", "float32", "float64", "bf16", "fp16"}, "type of the weights written");
  v.choice("measure", measure, {"auto", "yes", "no"}, "measure the difference at the start");
  v.field("shard_gb", shard_gb, config::at_least(0), "largest shard in 10^9 bytes; 0: one file");
  v.field("optimizer", optimizer,
          "safetensors file with Adam's exp_avg.NAME and exp_avg_sq.NAME: grown along");
  v.field("drop", drop,
          "tensors that the architecture has no place for and that may be left behind: names, or their "
          "beginnings");
  v.field("seed", seed, config::at_least(0), "of fresh weights");
  v.field("threads", threads, config::at_least(0), "0: as many cores as the model's size is worth");
}

void grow_command(const std::string& source_folder, const std::string& out, const GrowConfig& config,
                  bool quiet, nlohmann::ordered_json& result) {
  const base::MemoryUse memory("growing the model of " + source_folder, "make the target smaller");
  // Whatever can be wrong is looked at before anything is written.
  const model::HfModel source(source_folder, config.tower);
  refuse_other_model(source_folder, out);
  source.refuse_dropped(config.drop);
  const TransformerConfig target = target_of(source.config(), config.target);
  model::check_carried(source_folder, source.config().hidden_size, target.hidden_size);
  const DType type = type_named(config.dtype, source.dtype());
  refuse_too_large(target, type, out);
  // The measurement is what computes.
  tensor::set_threads(static_cast<int>(config.threads),
                      static_cast<double>(compared_tokens) * static_cast<double>(parameter_count(target)));
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const PlannedGrowth growth(
      make_plan(source.config(), target, config.growth, seed, type != DType::f32 && type != DType::f64));
  if (growth.plan().new_mixture() && !config.optimizer.empty()) {
    throw UserError("optimizer",
                    "Adam's moments of a dense model say nothing of a mixture's experts and router",
                    "leave it out");
  }
  ExpandOptions options;
  options.type = type;
  options.shard_bytes = static_cast<std::uint64_t>(config.shard_gb * 1e9);
  options.quiet = quiet;

  base::StagedFolder staged(out, written_before(out));
  expand_directory(source, growth, staged.path(), options);
  result["source"] = describe(source.config());
  result["target"] = describe(growth.target());
  result["dtype"] = checkpoint::name_of(options.type);
  if (!source.dropped().empty()) result["dropped"] = source.dropped();
  const std::string& promise = growth.plan().keeps;
  if (!growth.plan().schedule.empty()) result["schedule"] = growth.plan().schedule;
  if (!config.optimizer.empty()) {
    grow_moments_file(growth, config.optimizer, staged.path() + "/optimizer.safetensors");
    result["optimizer"] = "optimizer.safetensors";
  }
  const bool small = parameter_count(growth.target()) <= 500'000'000;
  if (config.measure == "yes" || (config.measure == "auto" && small)) {
    measure(source, staged.path(), options.type, promise, seed, quiet, result);
  } else {
    result["keeps"] = "not measured";
    result["promised"] = promise.empty() ? "nothing exactly" : promise;
  }

  nlohmann::ordered_json made;
  made["source"] = describe(source.config());
  made["width"] = config.growth.width;
  made["depth"] = config.growth.depth;
  made["seed"] = config.seed;
  auto files = staged.files();
  files.insert(record);
  made["files"] = files;
  base::write_text(staged.path() + "/" + record, made.dump(2) + "\n");
  staged.commit();
}

}  // namespace frugal::grow
