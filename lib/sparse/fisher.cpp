#include "sparse/fisher.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "autodiff/backward.h"
#include "autodiff/scaling.h"
#include "base/error.h"
#include "base/random.h"
#include "ir/model.h"
#include "ir/operator.h"
#include "quant/ordered.h"
#include "quant/program.h"

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
          program.put_bytes(workspace, training.image, samples.image(which[i]));
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

// h of fisher.h, from logits.
double expected_size(const float* logits, std::size_t classes, std::size_t label) {
  const double most = *std::max_element(logits, logits + classes);
  double sum = 0, squares = 0;
  for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(logits[c]) - most);
  const auto p = [&](std::size_t c) { return std::exp(static_cast<double>(logits[c]) - most) / sum; };
  for (std::size_t c = 0; c < classes; ++c) squares += p(c) * p(c);
  const double off = squares - 2 * p(label) + 1;
  return off > 1e-12 ? (1 - squares) / off : 0;
}

// Of each number of a gradient, the channel of the output and the one that a fraction chooses. In every order
// in which kernels keep weights, the latter is the innermost.
struct Channels {
  std::size_t outputs, inner, places;
  bool outputs_inside;

  Channels(const ir::Graph& graph, const ir::Node& node, const ir::Tensor& parameter)
      : outputs(static_cast<std::size_t>(parameter.shape[0])),
        inner(outputs),
        places(1),
        outputs_inside(true) {
    if (parameter.shape.size() == 1) return;
    inner = static_cast<std::size_t>(channel_count(graph, node));
    outputs_inside = ir::is(node, "depthwise_conv");
    places = static_cast<std::size_t>(ir::elements(parameter.shape)) / outputs /
             static_cast<std::size_t>(parameter.shape[1]);
  }
  std::size_t output_of(std::size_t i) const { return outputs_inside ? i % inner : i / inner / places; }
};

// Takes up the gradients of one parameter, sample by sample.
class Taker {
 public:
  Taker(const autodiff::TrainingGraph& training, const autodiff::Gradient& gradient, std::size_t samples,
        bool scaled, SampleGradients& to)
      : gradient_(gradient.gradient), samples_(samples), to_(to) {
    const ir::Graph& graph = training.model.graph;
    const ir::Tensor& parameter = graph.tensor(gradient.parameter);
    const Channels channels(graph, graph.nodes[static_cast<std::size_t>(gradient.node)], parameter);
    // Those of a channel that is never trained are 0.
    const std::vector<double> factors = autodiff::scaling_factors(training.model, gradient);
    const auto count = static_cast<std::size_t>(ir::elements(parameter.shape));
    const bool weight = parameter.shape.size() > 1;
    for (std::size_t i = 0; i < count; ++i) {
      const double factor = factors[channels.output_of(i)];
      roots_.push_back(scaled || factor == 0 ? std::sqrt(factor) : 1);
      to.channel.push_back(weight ? i % channels.inner : 0);
    }
    to.values.assign(count * samples, 0);
  }

  void take(const quant::Workspace& workspace, std::size_t sample, double root) {
    const float* g = workspace.at<float>(gradient_);
    for (std::size_t i = 0; i < roots_.size(); ++i)
      to_.values[i * samples_ + sample] = static_cast<float>(root * roots_[i] * static_cast<double>(g[i]));
  }

 private:
  ir::TensorId gradient_;
  std::size_t samples_;
  std::vector<double> roots_;
  SampleGradients& to_;
};

// Products of the gradients of every two samples, over the numbers taken up so far.
class Products {
 public:
  explicit Products(std::size_t samples) : samples_(samples), sums_(samples * samples, 0) {}

  template <class Uses>
  void add(const SampleGradients& gradients, const Uses& uses) {
    for (std::size_t i = 0; i < gradients.channel.size(); ++i) {
      if (!uses(gradients.channel[i])) continue;
      const float* g = gradients.values.data() + i * samples_;
      for (std::size_t n = 0; n < samples_; ++n) {
        const double at_n = g[n];
        double* row = sums_.data() + n * samples_;
        for (std::size_t m = 0; m < samples_; ++m) row[m] += at_n * static_cast<double>(g[m]);
      }
    }
  }

  double worth(double rate) const {
    double trace = 0, squares = 0;
    for (std::size_t n = 0; n < samples_; ++n) trace += sums_[n * samples_ + n];
    for (const double product : sums_) squares += product * product;
    const auto count = static_cast<double>(samples_);
    return rate * trace / count - rate * rate / 2 * squares / count / count;
  }

 private:
  std::size_t samples_;
  std::vector<double> sums_;
};

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
  scores.samples = which.size();
  scores.weights.resize(layers.size());
  scores.biases.resize(layers.size());
  std::vector<Taker> takers;
  for (const autodiff::Gradient& gradient : passes.training.gradients) {
    const auto at = std::find(layers.begin(), layers.end(), gradient.node);
    if (at == layers.end()) continue;
    const bool weight = passes.training.model.graph.tensor(gradient.parameter).shape.size() > 1;
    auto& of_layers = weight ? scores.weights : scores.biases;
    takers.emplace_back(passes.training, gradient, which.size(), config.scaled,
                        of_layers[static_cast<std::size_t>(at - layers.begin())]);
  }
  const auto classes =
      static_cast<std::size_t>(passes.training.model.graph.tensor(passes.training.logits).shape.back());
  std::size_t taken = 0;
  passes.run(samples, which, [&](const quant::Workspace& workspace, std::size_t i) {
    if (!std::isfinite(*workspace.at<float>(passes.training.loss)))
      throw base::Failure("the loss of sample " + std::to_string(i) + " is no finite number");
    const double root = std::sqrt(expected_size(workspace.at<float>(passes.training.logits), classes,
                                                static_cast<std::size_t>(samples.labels[i])));
    for (Taker& taker : takers) taker.take(workspace, taken, root);
    ++taken;
  });
  return scores;
}

Contributions fisher_contributions(const ir::Model& model, const FisherScores& scores,
                                   const ContributionSetup& setup, double rate) {
  const ExtraMemory memory(model.graph);
  Contributions contributions{setup, {}};
  contributions.setup.method = "fisher";
  // Parts come in an order in which each holds the one before: the biases of the last k, the fractions of a
  // layer.
  Products products(scores.samples);
  std::vector<bool> had;
  Part before;
  for (const Part& part : parts_of(memory, setup)) {
    Contribution entry;
    entry.part = part;
    entry.gain = 0;
    const bool goes_on =
        part.kind == before.kind && (part.kind == Part::Kind::bias || part.number == before.number);
    if (!goes_on) {
      products = Products(scores.samples);
      had.assign(
          part.kind == Part::Kind::weights ? static_cast<std::size_t>(memory.channels(part.number)) : 0,
          false);
    }
    if (part.kind == Part::Kind::bias) {
      products.add(scores.biases[static_cast<std::size_t>(memory.layer_count() - part.number)],
                   [](std::size_t) { return true; });
    } else if (part.kind == Part::Kind::weights) {
      const autodiff::TrainedLayer trained =
          trained_layers(model, {0, {{part.number, part.fraction}}}).front();
      std::vector<bool> now(had.size(), trained.channels.empty());
      for (const std::int64_t c : trained.channels) now[static_cast<std::size_t>(c)] = true;
      products.add(scores.weights[static_cast<std::size_t>(part.number)],
                   [&](std::size_t c) { return now[c] && !had[c]; });
      had = std::move(now);
    }
    if (part.kind != Part::Kind::head) entry.gain = products.worth(rate);
    before = part;
    contributions.entries.push_back(std::move(entry));
  }
  return contributions;
}

}  // namespace frugal::sparse
