#include "sparse/fisher.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/random.h"
#include "ir/operator.h"
#include "quant/ordered.h"
#include "quant/update.h"

namespace frugal::sparse {
namespace {

// Forward, loss and backward of samples; `take` sees the workspace of each, in their order.
class Passes {
 public:
  Passes(const ir::Model& model, const std::vector<autodiff::TrainedLayer>& trained, std::size_t threads,
         const std::string& origin)
      : training(autodiff::with_backward(model, trained, origin)),
        program(training.model, origin, quant::Program::Memory::keep_all),
        parameters(training.model, program.layouts()) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
      workspaces_.emplace_back(program, parameters);
  }

  template <class Take>
  void run(const quant::Samples& samples, const std::vector<std::size_t>& which, const Take& take) {
    quant::in_order(
        which.size(), workspaces_.size(),
        [&](std::size_t i, std::size_t worker) {
          quant::Workspace& workspace = workspaces_[worker];
          program.put<std::int8_t>(workspace, training.image, samples.image(which[i]));
          *workspace.at<std::int32_t>(training.label) = samples.labels[which[i]];
          program.run(workspace, ir::whole(program.graph()));
        },
        [&](std::size_t i, std::size_t worker) { take(workspaces_[worker], which[i]); });
  }

  const autodiff::TrainingGraph training;
  const quant::Program program;
  const quant::Parameters parameters;

 private:
  std::vector<quant::Workspace> workspaces_;
};

void check_samples(const ir::Model& model, const quant::Samples& samples, const std::string& origin) {
  if (samples.size() == 0) throw base::UserError(origin, "has no samples to judge layers by");
  quant::check_samples(samples, model.graph, origin);
}

std::vector<autodiff::TrainedLayer> every_layer(const ir::Graph& graph) {
  std::vector<autodiff::TrainedLayer> all;
  for (const ir::NodeId id : scheme_layers(graph)) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(id)];
    all.push_back({id, true, ir::bias_of(graph, node) != ir::none, {}});
  }
  return all;
}

// Σ stored·gradient by channel. In every order in which the kernels keep weights, the channel that a fraction
// chooses is the innermost.
template <class T>
std::vector<double> by_channel(std::span<const T> stored, const float* gradient, std::size_t channels) {
  std::vector<double> sums(channels, 0);
  for (std::size_t i = 0; i < stored.size(); ++i)
    sums[i % channels] += static_cast<double>(stored[i]) * static_cast<double>(gradient[i]);
  return sums;
}

// Of vectors around 0, Σλ / d for the eigenvalues λ of their covariance and d = (Σλ)² / Σλ² dimensions, in
// which they spread; 1 where they do not. Σλ² is the mean of the squared products of two of them.
double variance_of(const std::vector<std::vector<float>>& vectors, std::size_t features) {
  const auto count = static_cast<double>(vectors.size());
  double trace = 0, squares = 0;
  for (std::size_t a = 0; a < vectors.size(); ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double product = 0;
      for (std::size_t f = 0; f < features; ++f)
        product += static_cast<double>(vectors[a][f]) * static_cast<double>(vectors[b][f]);
      squares += (a == b ? 1 : 2) * product * product;
      if (a == b) trace += product;
    }
  }
  return trace > 0 ? squares / count / trace : 1;
}

void add_squares(std::vector<double>& to, const std::vector<double>& sums, double factor) {
  to.resize(sums.size(), 0);
  for (std::size_t i = 0; i < sums.size(); ++i) to[i] += factor * sums[i] * sums[i];
}

}  // namespace

std::vector<std::size_t> few_samples(const quant::Samples& samples, std::int64_t count, std::uint64_t seed) {
  std::map<std::int32_t, std::vector<std::size_t>> of_class;
  base::Random random(seed, "few samples");
  for (const std::size_t i : random.permutation(samples.size())) of_class[samples.labels[i]].push_back(i);
  std::vector<std::size_t> few;
  for (std::size_t turn = 0; turn < samples.size(); ++turn) {
    for (const auto& [label, members] : of_class) {
      if (turn < members.size() && few.size() < static_cast<std::size_t>(count)) few.push_back(members[turn]);
    }
  }
  return few;
}

ir::Model with_class_means(const ir::Model& model, const quant::Samples& samples,
                           const std::vector<std::size_t>& which, const std::string& origin) {
  check_samples(model, samples, origin);
  const ir::NodeId head = autodiff::layers_with_weights(model.graph).back();
  const ir::Node node = model.graph.nodes[static_cast<std::size_t>(head)];
  const ir::Dims shape = model.graph.tensor(node.inputs[1]).shape;
  if (model.graph.tensor(node.inputs[1]).type != ir::DataType::float32 || node.inputs.size() < 3)
    throw base::UserError(origin + ": " + model.graph.name_of(node), "is no head in float with a bias");
  const auto classes = static_cast<std::size_t>(shape[0]), features = static_cast<std::size_t>(shape[1]);
  std::vector<double> means(classes * features, 0), counts(classes, 0);
  std::vector<std::vector<float>> taken;
  Passes passes(model, {}, 1, origin);
  passes.run(samples, which, [&](const quant::Workspace& workspace, std::size_t i) {
    const auto label = static_cast<std::size_t>(samples.labels[i]);
    taken.push_back(passes.program.get<float>(workspace, node.inputs[0]));
    for (std::size_t f = 0; f < features; ++f) means[label * features + f] += taken.back()[f];
    ++counts[label];
  });
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t f = 0; f < features; ++f) means[c * features + f] /= std::max(counts[c], 1.0);
  }
  for (std::size_t n = 0; n < which.size(); ++n) {
    const auto label = static_cast<std::size_t>(samples.labels[which[n]]);
    for (std::size_t f = 0; f < features; ++f) taken[n][f] -= static_cast<float>(means[label * features + f]);
  }
  const double variance = variance_of(taken, features);
  std::vector<float> weight, bias;
  for (std::size_t c = 0; c < classes; ++c) {
    double norm = 0;
    for (std::size_t f = 0; f < features; ++f) {
      const double mean = means[c * features + f];
      norm += mean * mean;
      weight.push_back(static_cast<float>(mean / variance));
    }
    bias.push_back(static_cast<float>(-norm / 2 / variance));
  }
  ir::Model made = model;
  made.set<float>(node.inputs[1], weight);
  made.set<float>(node.inputs[2], bias);
  return made;
}

FisherScores fisher_scores(const ir::Model& model, const quant::Samples& samples, const FisherConfig& config,
                           const std::string& origin) {
  check_samples(model, samples, origin);
  const std::vector<std::size_t> which = few_samples(samples, config.most_samples, config.seed);
  const auto count = static_cast<std::int64_t>(which.size());
  FisherScores scores;
  Passes passes(config.new_head ? with_class_means(model, samples, which, origin) : model,
                every_layer(model.graph), config.threads, origin);
  scores.forward_passes = config.new_head ? 2 * count : count;
  scores.backward_passes = count;

  const std::vector<ir::NodeId> layers = scheme_layers(model.graph);
  scores.weights.resize(layers.size());
  scores.biases.assign(layers.size(), 0);
  std::vector<std::vector<double>> biases(layers.size());  // by output
  const double factor = 0.5 / static_cast<double>(count);
  passes.run(samples, which, [&](const quant::Workspace& workspace, std::size_t i) {
    if (!std::isfinite(*workspace.at<float>(passes.training.loss)))
      throw base::Failure("the loss of sample " + std::to_string(i) + " is no finite number");
    for (const autodiff::Gradient& gradient : passes.training.gradients) {
      const auto at = std::find(layers.begin(), layers.end(), gradient.node);
      if (at == layers.end()) continue;
      const auto layer = static_cast<std::size_t>(at - layers.begin());
      const ir::Node& node = model.graph.nodes[static_cast<std::size_t>(gradient.node)];
      const float* g = workspace.at<float>(gradient.gradient);
      if (gradient.parameter == node.inputs[1]) {
        const auto channels = static_cast<std::size_t>(channel_count(model.graph, node));
        add_squares(scores.weights[layer],
                    by_channel(passes.parameters.values<std::int8_t>(gradient.parameter), g, channels),
                    factor);
      } else {
        const auto stored = passes.parameters.values<std::int32_t>(gradient.parameter);
        add_squares(biases[layer], by_channel(stored, g, stored.size()), factor);
      }
    }
  });
  // A bias at the ends of int32 is of a channel that is never trained.
  for (const autodiff::Gradient& gradient : passes.training.gradients) {
    const auto at = std::find(layers.begin(), layers.end(), gradient.node);
    if (at == layers.end() || model.graph.tensor(gradient.parameter).type != ir::DataType::int32) continue;
    const auto layer = static_cast<std::size_t>(at - layers.begin());
    const std::vector<double> usable = quant::scaling_factors(passes.training.model, gradient);
    for (std::size_t o = 0; o < usable.size(); ++o) {
      if (usable[o] > 0) scores.biases[layer] += biases[layer][o];
    }
  }
  return scores;
}

Contributions fisher_contributions(const ir::Model& model, const FisherScores& scores,
                                   const ContributionSetup& setup) {
  const ExtraMemory memory(model.graph);
  Contributions contributions{setup, {}};
  contributions.setup.method = "fisher";
  double all = 0;
  for (const std::vector<double>& layer : scores.weights) {
    for (const double channel : layer) all += channel;
  }
  if (!(all > 0)) all = 1;
  for (const Part& part : parts_of(memory, setup)) {
    Contribution entry;
    entry.part = part;
    entry.gain = 0;
    if (part.kind == Part::Kind::bias) {
      for (std::int64_t i = memory.layer_count() - part.number; i < memory.layer_count(); ++i)
        entry.gain += scores.biases[static_cast<std::size_t>(i)];
    } else if (part.kind == Part::Kind::weights) {
      const std::vector<double>& layer = scores.weights[static_cast<std::size_t>(part.number)];
      const autodiff::TrainedLayer trained =
          trained_layers(model, {0, {{part.number, part.fraction}}}).front();
      for (const std::int64_t c : trained.channels) entry.gain += layer[static_cast<std::size_t>(c)];
      if (trained.channels.empty()) {
        for (const double channel : layer) entry.gain += channel;
      }
    }
    entry.gain /= all;
    contributions.entries.push_back(std::move(entry));
  }
  return contributions;
}

}  // namespace frugal::sparse
