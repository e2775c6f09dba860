#include "quant/trainer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "quant/ordered.h"
#include "quant/update.h"

namespace frugal::quant {

struct Trainer::Parts {
  ir::Model given;
  autodiff::TrainingGraph training;
  TrainerConfig config;
  std::string origin;
  Program program;
  Parameters parameters;
  std::vector<ParameterUpdate> updates;
  std::vector<std::vector<float>> sums;  // a gradient each
  std::vector<Workspace> workspaces;
  std::vector<std::string> untrained;
  std::int64_t steps = 0;

  Parts(const ir::Model& model, autodiff::TrainingGraph graph, const TrainerConfig& trainer_config,
        const std::string& place)
      : given(model),
        training(std::move(graph)),
        config(trainer_config),
        origin(place),
        program(training.model, place),
        parameters(training.model, program.layouts()) {
    make_updates();
    for (std::size_t i = 0; i < std::max<std::size_t>(config.threads, 1); ++i)
      workspaces.emplace_back(program, parameters);
    training.model.data.clear();  // the numbers are in `parameters` now
  }

  void make_updates() {
    updates.clear();
    untrained.clear();
    std::uint32_t place = 0;
    for (const autodiff::Gradient& gradient : training.gradients) {
      std::int64_t unusable = 0;
      const ir::Tensor& parameter = training.model.graph.tensor(gradient.parameter);
      updates.emplace_back(training.model, gradient, config, parameters, place, unusable);
      if (unusable > 0) {
        untrained.push_back(parameter.name + ": " + std::to_string(unusable) + " of " +
                            std::to_string(parameter.shape[0]));
      }
      place += static_cast<std::uint32_t>(ir::elements(parameter.shape));
    }
    sums.resize(updates.size());
  }

  void run(std::size_t worker, const Samples& samples, std::size_t i, ir::NodeId end) {
    Workspace& workspace = workspaces[worker];
    program.put<std::int8_t>(workspace, training.image, samples.image(i));
    *workspace.at<std::int32_t>(training.label) = samples.labels[i];
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
  const std::int64_t wanted = ir::elements(graph.tensor(graph.inputs.front()).shape);
  const std::int64_t classes = graph.tensor(graph.outputs.front()).shape.back();
  if (samples.image_bytes != wanted)
    throw base::UserError(origin, "takes images of " + std::to_string(wanted) + " numbers, got " +
                                      std::to_string(samples.image_bytes));
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
  for (std::size_t g = 0; g < p.sums.size(); ++g) p.sums[g].assign(p.updates[g].size(), 0.0F);
  double loss = 0;
  const std::size_t items = which.size() + (replay == nullptr ? 0 : replay->labels.size());
  if (replay != nullptr) replay->fresh.resize(which.size() * p.at_cut(0, replay->cut).size());
  in_order(
      items, p.workspaces.size(),
      [&](std::size_t item, std::size_t worker) { p.run_item(worker, samples, which, item, replay); },
      [&](std::size_t, std::size_t worker) {
        Workspace& workspace = p.workspaces[worker];
        loss += *workspace.at<float>(p.training.loss);
        for (std::size_t g = 0; g < p.sums.size(); ++g) {
          const float* gradient = workspace.at<float>(p.training.gradients[g].gradient);
          for (std::size_t i = 0; i < p.sums[g].size(); ++i) p.sums[g][i] += gradient[i];
        }
      });
  const auto count = static_cast<float>(items);
  loss /= count;
  if (!std::isfinite(loss))
    throw base::Failure("the loss is no finite number at step " + std::to_string(p.steps),
                        "lower the learning rate");
  for (std::size_t g = 0; g < p.sums.size(); ++g) {
    for (float& value : p.sums[g]) {
      value /= count;
      if (!std::isfinite(value))
        throw base::Failure("the gradient of '" + p.updates[g].state().name +
                                "' is no finite number at step " + std::to_string(p.steps),
                            "lower the learning rate");
    }
  }
  for (std::size_t g = 0; g < p.sums.size(); ++g)
    p.updates[g].apply(p.parameters, p.sums[g], learning_rate, p.steps);
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
  const auto classes = p.training.model.graph.tensor(p.training.logits).shape[1];
  in_order(
      samples.size(), p.workspaces.size(),
      [&](std::size_t item, std::size_t worker) { p.run(worker, samples, item, p.training.forward_end); },
      [&](std::size_t item, std::size_t worker) {
        Workspace& workspace = p.workspaces[worker];
        const float* logits = workspace.at<float>(p.training.logits);
        score.loss += *workspace.at<float>(p.training.loss);
        score.correct += std::max_element(logits, logits + classes) - logits == samples.labels[item];
        ++score.count;
      });
  if (score.count > 0) score.loss /= static_cast<double>(score.count);
  return score;
}

ir::Model Trainer::model() const {
  // The training graph began as the given one, so that its tensors have the same numbers.
  ir::Model model = parts_->given;
  for (const autodiff::Gradient& gradient : parts_->training.gradients)
    parts_->parameters.store(model, gradient.parameter);
  return model;
}

const std::vector<std::string>& Trainer::untrained() const { return parts_->untrained; }
const autodiff::TrainingGraph& Trainer::graph() const { return parts_->training; }
std::size_t Trainer::workspace_bytes() const {
  return parts_->program.value_bytes() + parts_->program.scratch_bytes();
}
std::int64_t Trainer::steps() const { return parts_->steps; }

std::vector<TrainedState> Trainer::state() const {
  std::vector<TrainedState> states;
  for (const ParameterUpdate& update : parts_->updates) states.push_back(update.state());
  return states;
}

void Trainer::restore(const ir::Model& model, std::vector<TrainedState> state, std::int64_t steps) {
  Parts& p = *parts_;
  FRUGAL_ASSERT(state.size() == p.updates.size(), "a state of other parameters");
  for (const autodiff::Gradient& gradient : p.training.gradients) {
    p.parameters.load(p.training.model, gradient.parameter,
                      model.data[static_cast<std::size_t>(gradient.parameter)]);
  }
  for (std::size_t i = 0; i < state.size(); ++i) p.updates[i].restore(std::move(state[i]));
  p.steps = steps;
}

Score evaluate(const ir::Model& model, const Samples& samples, std::size_t threads,
               const std::string& origin) {
  TrainerConfig config;
  config.threads = threads;
  return Trainer(model, {}, config, origin).evaluate(samples);
}

}  // namespace frugal::quant
