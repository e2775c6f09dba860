#include "compile/stages.h"

#include <algorithm>

#include "base/error.h"
#include "emit/source.h"
#include "ir/text.h"
#include "network/import/load.h"
#include "plan/block_file.h"
#include "quant/autoencoder.h"
#include "quant/head.h"
#include "quant/integer_network.h"
#include "quant/kernels.h"
#include "quant/update.h"

namespace frugal::compile {
namespace {

using base::UserError;

ir::Model autoencoder_of(const ir::Model& model, const CompileConfig& config) {
  if (config.method.storage == "integer")
    throw UserError("method.storage", "integer: the loss of an auto-encoder is in float",
                    "stochastic or nearest");
  const device::Target target = device::target_named(config.device.target, "device.target");
  if (!device::has_float(target))
    throw UserError(
        "device.target",
        device::name_of(target) + " has no floating point, in which the loss of an auto-encoder is",
        "m4, m7, m55 or host");
  if (config.replay.used())
    throw UserError("replay", "needs classes to keep in balance, which an auto-encoder does not know");
  return quant::as_autoencoder(model, config.network);
}

ir::Model with_head(const ir::Model& model, const CompileConfig& config) {
  const bool is_new = config.head == "new";
  if (is_new && config.classes < 2)
    throw UserError("classes", "must be 2 or more with head 'new', got " + std::to_string(config.classes),
                    "as many as the data has");
  if (!is_new && config.classes != 0)
    throw UserError("classes", "has no effect with head '" + config.head + "'",
                    "leave it out, or set head to 'new'");
  if (config.head == "none") return autoencoder_of(model, config);
  const ir::Model made = quant::with_float_head(model, is_new ? config.classes : 0,
                                                static_cast<std::uint64_t>(config.seed), config.network);
  return config.method.storage == "integer" ? quant::with_integer_head(made, config.network) : made;
}

void check(const ir::Graph& graph, const CompileConfig& config) {
  if (sparse::scheme_layers(graph).empty())
    throw UserError(config.network, "has no layers on integers, which is what a device computes",
                    "`tinytrain-compile quantize` makes them");
}

autodiff::TrainingGraph trained_by(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                   const CompileConfig& config) {
  autodiff::TrainingGraph training =
      autodiff::with_backward(start, sparse::trained_layers(start, scheme), config.network);
  quant::check_trained_sums(training, config.network);
  return training;
}

passes::TrainingStep updated(const autodiff::TrainingGraph& training,
                             const std::optional<quant::ReplayPlan>& replay, const CompileConfig& config,
                             std::vector<PassReport>* reports = nullptr) {
  passes::UpdateConfig how;
  how.qas = config.method.kind == "qas";
  if (config.method.storage != "integer") how.storage = config.method.storage;
  how.early = config.updates == "early";
  passes::TrainingStep step = passes::with_updates(training, how, config.network);
  if (replay) step.replay = {replay->cut.value, replay->layout(), static_cast<std::int32_t>(replay->ratio)};
  return optimized(step, {kernels_of(file_settings(config).target), config.passes, config.network}, reports);
}

}  // namespace

std::optional<quant::ReplayPlan> replay_of(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                           const CompileConfig& config) {
  config.replay.check();
  if (!config.replay.used()) return std::nullopt;
  const ir::NodeId first = autodiff::first_trained(sparse::trained_layers(start, scheme));
  const std::int64_t classes = start.graph.tensor(start.graph.outputs.front()).shape.back();
  return quant::plan_replay(config.replay, start.graph, first, classes, classes,
                            static_cast<std::uint64_t>(config.seed));
}

Stages make_stages(const CompileConfig& config, const std::string& stage) {
  if (config.network.empty())
    throw UserError("network", "is not given", "--set network=model.tflite, or any file that `import` reads");
  network::Imported imported = network::load_model(config.network, config.weights);
  Stages made = make_stages(imported.model, config, stage);
  made.notes = std::move(imported.notes);
  return made;
}

Stages make_stages(const ir::Model& network, const CompileConfig& config, const std::string& stage) {
  check(network.graph, config);
  Stages made;
  made.start = with_head(network, config);
  if (stage == "forward") return made;
  made.scheme = sparse::scheme_given(config.scheme, made.start.graph);
  made.training = trained_by(made.start, made.scheme, config);
  if (stage == "backward") return made;
  if (made.training.gradients.empty())
    throw UserError("scheme", "'" + config.scheme + "' trains nothing of an auto-encoder, which has no head",
                    "last:1, or any that trains layers");
  made.replay = replay_of(made.start, made.scheme, config);
  made.step = updated(made.training, made.replay, config, &made.passes);
  return made;
}

passes::TrainingStep step_of(const Stages& made, const sparse::UpdateScheme& scheme,
                             const CompileConfig& config) {
  return updated(trained_by(made.start, scheme, config), replay_of(made.start, scheme, config), config);
}

emit::SourceConfig source_config(const passes::TrainingStep& step, const CompileConfig& config) {
  return {quant::folded_seed(static_cast<std::uint64_t>(config.seed)), network_id(step)};
}

std::string text_of(const std::string& stage, const Stages& stages, const CompileConfig& config) {
  if (stage == "forward") return ir::to_text(stages.start.graph);
  if (stage == "backward") return ir::to_text(stages.training.model.graph);
  if (stage == "optimized") return ir::to_text(stages.step.model.graph);
  const emit::DeviceProgram program(stages.step, kernels_of(file_settings(config).target), config.network,
                                    memories_of(config));
  if (stage == "plan") return plan::to_csv(program.blocks(), program.plan().arena);
  FRUGAL_ASSERT(stage == "c", "an unknown stage");
  return emit::write_source(program, source_config(stages.step, config)).code;
}

std::uint32_t network_id(const passes::TrainingStep& step) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  const auto add = [&](const void* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      hash = (hash ^ static_cast<const unsigned char*>(bytes)[i]) * 16777619U;
  };
  const std::string text = ir::to_text(step.model.graph);
  add(text.data(), text.size());
  for (const std::vector<std::byte>& numbers : step.model.data) add(numbers.data(), numbers.size());
  if (step.replay) {
    const ops_replay& buffer = step.replay->buffer;
    for (const std::int64_t number :
         {static_cast<std::int64_t>(step.replay->value), std::int64_t{buffer.capacity},
          std::int64_t{buffer.example_bytes}, std::int64_t{step.replay->ratio},
          static_cast<std::int64_t>(buffer.seed)})
      add(&number, sizeof(number));
  }
  return hash;
}

}  // namespace frugal::compile
