#include "train/transformers/evaluate.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "report/result.h"
#include "tensor/device.h"
#include "train/transformers/features.h"

namespace frugal::train {
namespace {

using Ordered = nlohmann::ordered_json;
using torch::Tensor;

void add_neighbours(Ordered& result, const data::TokenDataConfig& config, const LoadedModel& loaded,
                    const std::string& folder, Objective& objective, const NeighbourOptions& options) {
  LabelledFeatures examples, questions;
  if (options.examples.empty()) {
    examples = objective.features(loaded.weights, false);
    questions = objective.features(loaded.weights, true);
  } else {
    const auto tokenizer = data::load_tokenizer(config.tokenizer.empty() ? folder : config.tokenizer);
    const auto most = static_cast<std::size_t>(config.sequence_length);
    const auto known = data::read_labelled_texts(options.examples, *tokenizer);
    const auto asked = data::read_labelled_texts(options.questions, *tokenizer, known.classes);
    const Pool pool = options.pool == "last" ? Pool::last : Pool::mean;
    examples = text_features(loaded.config, loaded.weights, known, pool, most, options.examples);
    questions = text_features(loaded.config, loaded.weights, asked, pool, most, options.questions);
    result["classes"] = known.classes;
  }
  const Tensor counts = questions.labels.bincount();
  result["knn_examples"] = examples.labels.size(0);
  result["knn_questions"] = questions.labels.size(0);
  result["knn_most_frequent_error"] =
      1 - counts.max().item<double>() / static_cast<double>(questions.labels.size(0));
  result["knn_error"] = knn_error(examples, questions, options.count);
}

}  // namespace

void NeighbourOptions::visit(config::Visitor& v) {
  v.field("count", count, config::between(0, 1000), "nearest examples that vote; 0: not asked for");
  v.field("examples", examples, "language model: file of lines `class<TAB>text` to learn from");
  v.field("questions", questions, "language model: and of those to classify");
  v.choice("pool", pool, {"mean", "last"}, "language model: mean over a text's tokens, or its last token's");
}

Ordered evaluate_transformer(const TransformerRunConfig& config, const std::string& folder,
                             const NeighbourOptions& neighbours) {
  const report::RunClock clock;
  const int threads = tensor::set_threads(static_cast<int>(config.threads));
  Communicator alone;
  ModelChoice choice = config.model;
  choice.path = folder;
  const LoadedModel loaded = load_model(choice, 0);
  const auto objective = make_objective(config.objective, loaded.config, folder, 0, alone);
  nlohmann::json printed;
  config::print(config, printed);
  Ordered result = report::start_result({"frugal.ligo-grow.evaluate/1", "ligo-grow evaluate", 0}, printed);
  result["model"] = folder;
  result["parameters"] = model::parameter_count(loaded.config);
  for (const auto& [name, value] : objective->evaluate(loaded.weights)) result[name] = value;
  if (neighbours.count > 0)
    add_neighbours(result, config.objective.tokens, loaded, folder, *objective, neighbours);
  result["run"] = clock.describe(threads);
  return result;
}

}  // namespace frugal::train
