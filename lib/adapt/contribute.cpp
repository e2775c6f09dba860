#include "adapt/contribute.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "adapt/batches.h"
#include "adapt/contribute_page.h"
#include "adapt/head.h"
#include "adapt/samples.h"
#include "adapt/training.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "config/config.h"
#include "ir/model.h"
#include "network/import/load.h"
#include "report/result.h"
#include "sparse/fisher.h"

namespace frugal::adapt {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

// One repeat: a network with its head, and what it learns.
struct Repeat {
  std::int64_t seed = 0;
  ir::Model model;
  quant::Samples support;
};

struct Task {
  ContributeConfig config;
  std::vector<Repeat> repeats;
  quant::Samples held_out;

  explicit Task(const ContributeConfig& given) : config(given) {
    if (config.network.empty())
      throw UserError("network", "is not given", "the network that is to learn: --set network=model.tflite");
    config.training.check("training");
    if (config.training.in_float())
      throw UserError("training.kind", "fp32 is a baseline of adapt alone", "qas, sgd, adam or lars");
    if (config.method == "fisher") config.repeats = 1;
    const network::Imported imported = network::load_model(config.network, config.weights);
    const ir::Graph& graph = imported.model.graph;
    const auto training = open_examples(config.data, samples::Split::train);
    for (std::int64_t r = 0; r < config.repeats; ++r) {
      const std::int64_t seed = config.seed + r;
      quant::Samples support =
          samples_of(*training, few_of_each(*training, config.shots, seed), graph, config.network);
      ir::Model model = with_head(imported.model, config.head, support, seed, config.network);
      repeats.push_back({seed, std::move(model), std::move(support)});
    }
    if (config.method == "fisher") return;
    const auto validation = open_examples(config.data, samples::Split::validation);
    held_out = samples_of(*validation, balanced_part(*validation, config.held_out), graph, config.network);
  }

  const ir::Graph& graph() const { return repeats.front().model.graph; }

  std::vector<double> accuracies(const sparse::UpdateScheme& scheme) const {
    std::vector<double> all;
    for (const Repeat& repeat : repeats) {
      all.push_back(trained_score(repeat.model, scheme, config.training, repeat.support, held_out,
                                  repeat.seed, config.network)
                        .accuracy());
    }
    return all;
  }
};

sparse::ContributionSetup setup_of(const Task& task) {
  sparse::ContributionSetup setup;
  setup.network = task.graph().name;
  setup.layers = static_cast<std::int64_t>(sparse::scheme_layers(task.graph()).size());
  setup.method = task.config.method;
  setup.bias_base = task.config.bias_base < 0 ? setup.layers : task.config.bias_base;
  if (setup.bias_base > setup.layers)
    throw UserError("bias_base", "is more than the layers of the network: " + std::to_string(setup.bias_base),
                    "it has " + std::to_string(setup.layers));
  setup.fractions = task.config.fractions;
  if (setup.fractions.empty() ||
      !std::is_sorted(setup.fractions.begin(), setup.fractions.end(), std::less_equal<>()))
    throw UserError("fractions", "must rise");
  nlohmann::json printed;
  config::print(task.config, printed);
  for (const char* beside : {"threads", "bias_base", "fractions", "method"}) printed.erase(beside);
  setup.config = printed.dump();
  return setup;
}

// Passes over an image: forward alone, and backward too.
struct Cost {
  std::int64_t forward = 0, backward = 0;
};

// Every training sees its support in every epoch and the held-out images once.
Cost cost_of_measuring(const Task& task, std::size_t parts) {
  const auto trainings = static_cast<std::int64_t>(parts * task.repeats.size());
  const auto learnt =
      std::llround(task.config.training.epochs * static_cast<double>(task.repeats.front().support.size()));
  return {trainings * (learnt + static_cast<std::int64_t>(task.held_out.size())), trainings * learnt};
}

// Of all steps of one training.
double mean_rate(const Task& task, const Repeat& repeat) {
  const Batches batches(repeat.support.size(), task.config.training, static_cast<std::uint64_t>(repeat.seed));
  double sum = 0;
  for (std::int64_t step = 0; step < batches.total_steps(); ++step) sum += batches.learning_rate(step);
  return sum / static_cast<double>(batches.total_steps());
}

sparse::Contributions by_fisher(const Task& task, const sparse::ContributionSetup& setup, std::size_t threads,
                                Cost& cost, const train::RunOptions& options, const std::string& path) {
  if (!options.resume && std::filesystem::exists(path))
    throw UserError(path, "is there already", "--resume writes it anew");
  const Repeat& repeat = task.repeats.front();
  sparse::FisherConfig fisher;
  fisher.most_samples = task.config.fisher_images;
  fisher.seed = static_cast<std::uint64_t>(task.config.seed);
  fisher.new_head = task.config.head != "keep";
  fisher.threads = threads;
  if (task.config.training.kind != "qas" && task.config.training.kind != "sgd")
    throw UserError("training/kind", "has steps that fisher does not foresee: " + task.config.training.kind,
                    "qas or sgd; or --method measured");
  fisher.scaled = task.config.training.kind == "qas";
  const sparse::FisherScores scores =
      sparse::fisher_scores(repeat.model, repeat.support, fisher, task.config.network);
  cost = {scores.forward_passes, scores.backward_passes};
  sparse::Contributions made =
      sparse::fisher_contributions(repeat.model, scores, setup, mean_rate(task, repeat));
  std::string text = sparse::to_line(made.setup) + "\n";
  for (const sparse::Contribution& entry : made.entries) text += sparse::to_line(entry) + "\n";
  base::write_text(path, text);
  return made;
}

}  // namespace

ContributeConfig::ContributeConfig() {
  data.validation = 0.05;
  training.epochs = 10;
}

void ContributeConfig::visit(config::Visitor& v) {
  v.field("seed", seed, config::at_least(0), "of support images, new heads, orders and rounding");
  v.field("threads", threads, config::between(0, 4096), "trainings at a time; 0: all cores");
  v.field("network", network, "int8 .tflite, .onnx, tiny-training JSON, or a folder that `import` wrote");
  v.field("weights", weights, "weights of a JSON (safetensors); empty: those beside it");
  v.choice(
      "head", head, {"means", "new", "keep"},
      "the classifier to begin with: nearest class mean of the support, a random one, or the file's own");
  v.object("data", data, "what it learns; its validation split is what accuracy is measured on");
  v.field("shots", shots, config::at_least(0), "support images a class; 0: all");
  v.field("held_out", held_out, config::at_least(0), "at most so many validation images; 0: all");
  v.choice("method", method, {"measured", "fisher"},
           "measured: a short training a part; fisher: one backward pass over a few images");
  v.field("repeats", repeats, config::between(1, 1000), "trainings a part, with the next seeds");
  v.field("bias_base", bias_base, config::at_least(-1),
          "weights are measured on top of the biases of so many last layers; -1: all");
  v.field("fractions", fractions, config::Range{0, 1, true, false}, "of a layer's channels, rising");
  v.field("fisher_images", fisher_images, config::between(1, 100), "of the support, at most");
  v.object("training", training, "one short training");
}

Ordered contribute(const ContributeConfig& config, const train::RunOptions& options) {
  const report::RunClock clock;
  base::make_folder(options.out);
  const base::FolderLock lock(options.out);
  const Task task(config);
  const sparse::ContributionSetup setup = setup_of(task);
  const sparse::ExtraMemory memory(task.graph());
  const std::size_t threads = worker_count(config.threads);
  const std::string path = options.out + "/contributions.jsonl";

  Cost cost = cost_of_measuring(task, sparse::training_count(memory, setup));
  const sparse::Contributions made =
      config.method == "fisher"
          ? by_fisher(task, setup, threads, cost, options, path)
          : sparse::measure_contributions(
                memory, setup, [&](const sparse::UpdateScheme& scheme) { return task.accuracies(scheme); },
                {path, threads, options.resume, options.quiet});

  nlohmann::json printed;
  config::print(config, printed);
  Ordered result =
      report::start_result({"frugal.tinytrain_compile.contribute/1", "tinytrain-compile contribute",
                            static_cast<std::uint64_t>(config.seed)},
                           printed);
  result["contributions"] = path;
  result["layers"] = setup.layers;
  result["parts"] = made.entries.size();
  result["failed"] = std::count_if(made.entries.begin(), made.entries.end(),
                                   [](const sparse::Contribution& entry) { return !entry.failed.empty(); });
  result["forward_passes"] = cost.forward;
  result["backward_passes"] = cost.backward;
  if (const sparse::Contribution* head = made.find({}); head != nullptr && std::isfinite(head->accuracy))
    result["head_accuracy"] = head->accuracy;
  base::write_text(options.out + "/report.html", contribute_page(made, task.graph()));
  result["run"] = clock.describe(static_cast<int>(threads));
  report::write_result(options.out + "/result.json", result);
  return result;
}

sparse::Evaluate evaluate_by_training(const ContributeConfig& config) {
  const auto task = std::make_shared<const Task>(config);
  return [task](const sparse::UpdateScheme& scheme) {
    try {
      const std::vector<double> all = task->accuracies(scheme);
      double sum = 0;
      for (const double accuracy : all) sum += accuracy;
      return sum / static_cast<double>(all.size());
    } catch (const base::Failure&) {
      return std::nan("");
    }
  };
}

}  // namespace frugal::adapt
