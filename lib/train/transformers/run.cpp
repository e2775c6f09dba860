#include "train/transformers/run.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "model/transformer/hf_model.h"
#include "tensor/device.h"
#include "train/device.h"
#include "train/loop.h"
#include "train/run/training_run.h"
#include "train/transformers/moments.h"
#include "train/transformers/task.h"

namespace frugal::train {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

// The loss at the start stands in a file of its own: a resumed run does not measure it again.
double start_loss(const std::string& path, TransformerTask& task, bool first) {
  if (std::filesystem::exists(path)) {
    const auto json = nlohmann::json::parse(base::read_text(path), nullptr, false);
    if (json.is_object() && json.contains("loss")) return json["loss"].get<double>();
  }
  const double loss = task.evaluate().at("loss");
  if (first) base::write_text(path, nlohmann::json{{"loss", loss}}.dump() + "\n");
  return loss;
}

double total_flops(const TransformerRunConfig& config, const model::TransformerConfig& model,
                   const Objective& objective, std::int64_t steps) {
  const double whole = step_flops(model, objective);
  if (!config.drop.any()) return whole * static_cast<double>(steps);
  double total = 0;  // the same draws as the task's; embeddings and head count as if they were dropped along
  for (std::int64_t step = 0; step < steps * config.accumulate; ++step) {
    double share = 1;
    draw_drops(config.drop, model, static_cast<std::uint64_t>(config.seed), step, 0,
               objective.tokens_per_example(), &share);
    total += whole / static_cast<double>(config.accumulate) * share;
  }
  return total;
}

std::uint64_t data_seed(const TransformerRunConfig& config) {
  const auto seed = static_cast<std::uint64_t>(config.seed);
  return config.data_stream == 0 ? seed : base::derive_seed(seed, fmt::format("data/{}", config.data_stream));
}

Ordered line_of(const TransformerRunConfig& config, const std::string& id,
                const model::TransformerConfig& model, const Objective& objective, const LoopResult& result,
                double first_loss) {
  Ordered line{{"id", id}};
  if (!config.name.empty()) line["name"] = config.name;
  line["architecture"] = model.model_type;
  line["hidden_size"] = model.hidden_size;
  line["layers"] = model.layers;
  line["parameters"] = model::parameter_count(model);
  line["objective"] = config.objective.kind;
  line["steps"] = result.steps;
  line["examples_seen"] = result.examples_seen;
  line["tokens"] = result.examples_seen * objective.tokens_per_example();
  line["compute"] = total_flops(config, model, objective, result.steps);
  line["start_loss"] = first_loss;
  for (const auto& [name, value] : result.metrics) line[name] = value;
  line["train_loss"] = result.train_loss;
  line["seed"] = config.seed;
  return line;
}

}  // namespace

TransformerRunConfig::TransformerRunConfig() {
  loop.schedule.lr_peak = 2e-3;
  loop.schedule.lr_final_ratio = 0.1;
  loop.schedule.warmup_steps = 50;
  loop.optimizer.kind = "adamw";
  loop.optimizer.betas = {0.9, 0.98};
  loop.optimizer.weight_decay = 0.1;
  loop.optimizer.no_decay = {"bias", "norm", "class_token", "distillation_token"};
  loop.optimizer.clip_norm = 1;
  loop.epochs = 1;
}

void TransformerRunConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people; stands in runs.jsonl");
  v.field("seed", seed, config::at_least(0), "of fresh weights, batches and masks");
  v.field("data_stream", data_stream, config::at_least(0),
          "runs of one seed that go on from one another take different ones, to meet other batches");
  v.field("threads", threads, config::between(0, 4096), "0: all cores");
  v.object("model", model, "what is trained");
  objective.visit(v);
  v.field("accumulate", accumulate, config::at_least(1),
          "parts that a step's batch is taken in, to save memory");
  v.field("evaluate_steps", evaluate_steps, config::at_least(0),
          "steps between evaluations, in the place of loop.evaluate_every's epochs; 0: that");
  v.field("keep_optimizer", keep_optimizer, "write the optimiser's moments beside the weights (for growth)");
  v.field("start_optimizer", start_optimizer, "start from the moments beside model.path");
  v.object("drop", drop, "layers and tokens that a step passes over");
  v.object("loop", loop, "length, learning rate, optimiser, checkpoints");
  v.field("runs", runs, "file that gets the run's line; empty: runs.jsonl beside the output folder");
}

double step_flops(const model::TransformerConfig& model, const Objective& objective) {
  return 3 * model::forward_flops(model, objective.tokens_per_example()) *
         static_cast<double>(objective.batch_size());
}

Ordered run_transformer(const TransformerRunConfig& config, const RunOptions& given,
                        Communicator& communicator) {
  communicator.wait_at_most(config.loop.peer_seconds);
  RunOptions options = given;
  const torch::Device device = take_device(options);
  nlohmann::json printed;
  config::print(config, printed);
  TrainingRun run("ligo-grow train", "frugal.ligo-grow.train/1", options, printed, config.runs, communicator);
  if (Ordered line = run.finished(); !line.is_null()) return line;

  const auto seed = static_cast<std::uint64_t>(config.seed);
  const int threads = tensor::set_threads(static_cast<int>(config.threads));
  const base::MemoryUse memory(
      fmt::format("training a model on batches of {} examples", config.objective.batch.size),
      "make batch_size or the model smaller, or accumulate larger");
  LoadedModel loaded = load_model(config.model, seed);
  loaded.weights = loaded.weights.to(device);
  const auto objective =
      make_objective(config.objective, loaded.config, config.model.path, data_seed(config), communicator);
  const std::int64_t share = config.objective.batch.share(communicator);
  if (share % config.accumulate != 0) {
    throw UserError("accumulate",
                    fmt::format("{} parts do not divide a batch of {}", config.accumulate, share));
  }
  TransformerTask task(loaded.config, loaded.weights, *objective, config.accumulate, config.drop, seed,
                       config.evaluate_steps, communicator);
  LoopPlace place = run.place(config.seed, config.name.empty() ? "train" : config.name);
  if (config.start_optimizer) {
    place.initial_optimizer = optimizer_state(read_moments(config.model.path, loaded.config), loaded.config);
  }
  LoopConfig loop = config.loop;
  loop.steps = total_steps(
      loop, objective->steps_per_epoch());  // evaluate_steps may change what the loop calls an epoch
  if (config.evaluate_steps > 0) loop.evaluate_every = 1;
  const std::string start_path = options.out + "/start.json";
  const double first_loss = start_loss(start_path, task, communicator.is_first());
  const LoopResult result = run_loop(task, loop, place, communicator);

  Ordered line = line_of(config, run.id(), loaded.config, *objective, result, first_loss);
  if (communicator.is_first()) {
    if (config.keep_optimizer && loop.optimizer.kind != "sgd") {
      write_moments(options.out, moments_of_checkpoint(options.out + "/checkpoint.safetensors", loaded.config,
                                                       task.training_form()));
    }
    model::write_hf(options.out, loaded.config, task.canonical(), checkpoint::DType::f32, config.model.path);
  }
  run.finish(line, config.seed, threads, result.seconds);
  if (communicator.is_first()) std::filesystem::remove(start_path);
  return line;
}

}  // namespace frugal::train
