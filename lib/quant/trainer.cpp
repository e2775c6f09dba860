#include "quant/trainer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "autodiff/backward.h"
#include "base/error.h"
#include "ir/integer_scale.h"
#include "ir/model.h"
#include "quant/kernels.h"
#include "quant/optimizer.h"
#include "quant/ordered.h"
#include "quant/program.h"

namespace frugal::quant {

struct Trainer::Parts {
  ir::Model given;
  autodiff::TrainingGraph training;
  TrainerConfig config;
  std::string origin;
  Program program;
  Parameters parameters;
  std::unique_ptr<Optimizer> optimizer;
  std::vector<Workspace> workspaces;
  std::int64_t steps = 0;

  Parts(const ir::Model& model, autodiff::TrainingGraph graph, const TrainerConfig& trainer_config,
        const std::string& place)
      : given(model),
        training(std::move(graph)),
        config(trainer_config),
        origin(place),
        program(training.model, place),
        parameters(training.model, program.layouts()) {
    if (!training.gradients.empty() && (config.storage == Storage::integer) != without_floats())
      throw base::UserError(origin,
                            autoencodes() ? "is an auto-encoder, whose loss is in float"
                            : without_floats()
                                ? "has a head on integers, which learns without floats alone"
                                : "has a head in float, which storage 'integer' does not train",
                            "method.storage 'integer' and a network that rounds so belong together");
    if (without_floats()) check_method();
    optimizer = without_floats() ? make_integer_optimizer(training, config)
                                 : make_float_optimizer(training, config, parameters);
    check_trained_sums(training, origin);
    for (std::size_t i = 0; i < std::max<std::size_t>(config.threads, 1); ++i)
      workspaces.emplace_back(program, parameters);
    training.model.data.clear();  // the numbers are in `parameters` now
  }

  bool without_floats() const {
    return given.graph.tensor(given.graph.outputs.front()).type == ir::DataType::int32;
  }

  bool autoencodes() const { return training.label == ir::none; }

  void check_method() const {
    if (training.gradients.empty()) return;
    if (config.method != Method::qas && config.method != Method::sgd)
      throw base::UserError(origin,
                            "cannot be trained by adam or lars with storage 'integer': both compute in float",
                            "qas and sgd do without");
    if (config.momentum > 0)
      throw base::UserError(
          origin, "cannot be trained with momentum and storage 'integer': momentum is kept in float",
          "set method.momentum to 0");
  }

  double loss_of(const Workspace& workspace) const {
    const ir::Tensor& loss = training.model.graph.tensor(training.loss);
    if (loss.type == ir::DataType::int32)
      return ir::scale_of(loss) * *workspace.at<std::int32_t>(training.loss);
    return *workspace.at<float>(training.loss);
  }

  std::ptrdiff_t largest_logit(const Workspace& workspace) const {
    const auto classes = training.model.graph.tensor(training.logits).shape[1];
    const auto place = [&](const auto* logits) {
      return std::max_element(logits, logits + classes) - logits;
    };
    return without_floats() ? place(workspace.at<std::int32_t>(training.logits))
                            : place(workspace.at<float>(training.logits));
  }

  void run(std::size_t worker, const Samples& samples, std::size_t i, ir::NodeId end) {
    Workspace& workspace = workspaces[worker];
    program.put_bytes(workspace, training.image, samples.image(i));
    if (!autoencodes()) *workspace.at<std::int32_t>(training.label) = samples.labels[i];
    program.run(workspace, {0, end});
  }

  // The values at a cut, in the kernels' layout.
  std::span<std::int8_t> at_cut(std::size_t worker, const Cut& cut) {
    return {workspaces[worker].at<std::int8_t>(cut.value),
            static_cast<std::size_t>(ir::bytes(program.graph().tensor(cut.value)))};
  }

  // An image's values at a cut; `next` nodes have run then.
  void run_to_cut(std::size_t worker, const Samples& samples, std::size_t i, const Cut& cut,
                  std::span<std::int8_t> to) {
    run(worker, samples, i, cut.next);
    const std::span<const std::int8_t> values = at_cut(worker, cut);
    std::copy(values.begin(), values.end(), to.begin());
  }

  // One item of a step: an image, or, behind all images, something replayed.
  void run_item(std::size_t worker, const Samples& samples, std::span<const std::size_t> which,
                std::size_t item, Replay* replay) {
    const ir::NodeId end = ir::whole(program.graph()).end;
    if (replay == nullptr) return run(worker, samples, which[item], end);
    const std::span<std::int8_t> values = at_cut(worker, replay->cut);
    if (item < which.size()) {
      run_to_cut(worker, samples, which[item], replay->cut,
                 std::span(replay->fresh).subspan(item * values.size(), values.size()));
    } else {
      const std::size_t i = item - which.size();
      std::copy(replay->activations[i].begin(), replay->activations[i].end(), values.begin());
      *workspaces[worker].at<std::int32_t>(training.label) = replay->labels[i];
    }
    program.run(workspaces[worker], {replay->cut.next, end});
  }
};

nlohmann::ordered_json to_json(const Score& score) {
  return {{"accuracy", score.accuracy()}, {"loss", score.loss}, {"images", score.count}};
}

void check_samples(const Samples& samples, const ir::Graph& graph, const std::string& origin) {
  std::vector<std::size_t> all(samples.size());
  std::iota(all.begin(), all.end(), 0);
  check_samples(samples, all, graph, origin);
}

void check_samples(const Samples& samples, std::span<const std::size_t> which, const ir::Graph& graph,
                   const std::string& origin) {
  const ir::Tensor& input = graph.tensor(graph.inputs.front());
  const std::int64_t size = input.type == ir::DataType::int32 ? 4 : 1;
  const std::int64_t wanted = ir::elements(input.shape) * size;
  const std::int64_t classes = graph.tensor(graph.outputs.front()).shape.back();
  if (samples.image_bytes != wanted)
    throw base::UserError(origin, "takes images of " + std::to_string(wanted / size) + " numbers, got " +
                                      std::to_string(samples.image_bytes / size));
  if (autodiff::is_autoencoder(graph)) return;  // which asks for no class
  for (const std::size_t i : which) {
    const std::int32_t label = samples.labels[i];
    if (label < 0 || label >= classes)
      throw base::UserError(
          origin,
          "has " + std::to_string(classes) + " classes, but an image is of class " + std::to_string(label),
          "give the network a head of as many classes as the data has");
  }
}

Trainer::Trainer(const ir::Model& model, const std::vector<autodiff::TrainedLayer>& trained,
                 const TrainerConfig& config, const std::string& origin)
    : parts_(
          std::make_unique<Parts>(model, autodiff::with_backward(model, trained, origin), config, origin)) {}

Trainer::~Trainer() = default;

double Trainer::step(const Samples& samples, std::span<const std::size_t> which, double learning_rate,
                     Replay* replay) {
  Parts& p = *parts_;
  check_samples(samples, which, p.given.graph, p.origin);
  double loss = 0;
  const std::size_t items = which.size() + (replay == nullptr ? 0 : replay->labels.size());
  p.optimizer->begin(items);
  if (replay != nullptr) replay->fresh.resize(which.size() * p.at_cut(0, replay->cut).size());
  in_order(
      items, p.workspaces.size(),
      [&](std::size_t item, std::size_t worker) { p.run_item(worker, samples, which, item, replay); },
      [&](std::size_t, std::size_t worker) {
        loss += p.loss_of(p.workspaces[worker]);
        p.optimizer->take(p.workspaces[worker]);
      });
  loss /= static_cast<float>(items);
  if (!std::isfinite(loss))
    throw base::Failure("the loss is no finite number at step " + std::to_string(p.steps),
                        "lower the learning rate");
  p.optimizer->apply(p.parameters, learning_rate, p.steps);
  ++p.steps;
  return loss;
}

std::vector<std::int8_t> Trainer::activations(const Samples& samples, std::span<const std::size_t> which,
                                              const Cut& cut) {
  Parts& p = *parts_;
  check_samples(samples, which, p.given.graph, p.origin);
  const std::size_t each = p.at_cut(0, cut).size();
  std::vector<std::int8_t> all(which.size() * each);
  in_order(
      which.size(), p.workspaces.size(),
      [&](std::size_t item, std::size_t worker) {
        p.run_to_cut(worker, samples, which[item], cut, std::span(all).subspan(item * each, each));
      },
      [](std::size_t, std::size_t) {});
  return all;
}

Score Trainer::evaluate(const Samples& samples) {
  Parts& p = *parts_;
  check_samples(samples, p.given.graph, p.origin);
  Score score;
  in_order(
      samples.size(), p.workspaces.size(),
      [&](std::size_t item, std::size_t worker) { p.run(worker, samples, item, p.training.forward_end); },
      [&](std::size_t item, std::size_t worker) {
        Workspace& workspace = p.workspaces[worker];
        score.loss += p.loss_of(workspace);
        if (!p.autoencodes()) score.correct += p.largest_logit(workspace) == samples.labels[item];
        ++score.count;
      });
  if (score.count > 0) score.loss /= static_cast<double>(score.count);
  return score;
}

std::vector<double> Trainer::losses(const Samples& samples) {
  Parts& p = *parts_;
  check_samples(samples, p.given.graph, p.origin);
  std::vector<double> losses;
  in_order(
      samples.size(), p.workspaces.size(),
      [&](std::size_t item, std::size_t worker) { p.run(worker, samples, item, p.training.forward_end); },
      [&](std::size_t, std::size_t worker) { losses.push_back(p.loss_of(p.workspaces[worker])); });
  return losses;
}

double Trainer::loss(const Samples& samples, std::size_t which) {
  Parts& p = *parts_;
  const std::size_t one[] = {which};
  check_samples(samples, one, p.given.graph, p.origin);
  p.run(0, samples, which, p.training.forward_end);
  return p.loss_of(p.workspaces[0]);
}

std::int32_t Trainer::predict(const Samples& samples, std::size_t which) {
  Parts& p = *parts_;
  const std::size_t one[] = {which};
  check_samples(samples, one, p.given.graph, p.origin);
  p.run(0, samples, which, p.training.forward_end);
  return static_cast<std::int32_t>(p.largest_logit(p.workspaces[0]));
}

ir::Model Trainer::model() const {
  // The training graph began as the given one, so that its tensors have the same numbers.
  ir::Model model = parts_->given;
  for (const autodiff::Gradient& gradient : parts_->training.gradients)
    parts_->parameters.store(model, gradient.parameter);
  return model;
}

const std::vector<std::string>& Trainer::untrained() const { return parts_->optimizer->untrained(); }
const autodiff::TrainingGraph& Trainer::graph() const { return parts_->training; }
std::size_t Trainer::workspace_bytes() const {
  return parts_->program.value_bytes() + parts_->program.scratch_bytes();
}
std::int64_t Trainer::steps() const { return parts_->steps; }

std::vector<TrainedState> Trainer::state() const { return parts_->optimizer->state(); }

void Trainer::restore(const ir::Model& model, std::vector<TrainedState> state, std::int64_t steps) {
  Parts& p = *parts_;
  p.optimizer->restore(std::move(state));
  for (const autodiff::Gradient& gradient : p.training.gradients) {
    p.parameters.load(p.training.model, gradient.parameter,
                      model.data[static_cast<std::size_t>(gradient.parameter)]);
  }
  p.steps = steps;
}

Score evaluate(const ir::Model& model, const Samples& samples, std::size_t threads,
               const std::string& origin) {
  TrainerConfig config;
  config.threads = threads;
  return Trainer(model, {}, config, origin).evaluate(samples);
}

}  // namespace frugal::quant
