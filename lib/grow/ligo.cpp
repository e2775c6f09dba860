#include "grow/ligo.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::grow {
namespace {

using model::Dim;
using model::Role;
using model::TransformerConfig;
using model::WeightSpec;
using torch::Tensor;

// New unit i copies old unit i mod old.
std::vector<std::int64_t> in_turn(std::int64_t old_size, std::int64_t new_size) {
  std::vector<std::int64_t> from;
  for (std::int64_t i = old_size; i < new_size; ++i) from.push_back(i % old_size);
  return from;
}

std::string resolve(const std::string& choice, const std::string& otherwise) {
  return choice == "auto" ? otherwise : choice;
}

// The weight that the tied head reads through: its scale stands for the head's.
Role last_norm(const TransformerConfig& config) {
  return config.head == model::HeadKind::masked ? Role::head_norm : Role::final_norm;
}

}  // namespace

void LigoConfig::visit(config::Visitor& v) {
  v.field("share_layers", share_layers,
          "one width map an axis for all layers; false: one a layer (more to learn)");
  v.choice(
      "heads", heads, {"auto", "whole", "free"},
      "new heads combine whole old heads, or any of their units; auto: free, whole for rotary positions");
  v.choice("depth", depth, {"auto", "identity", "stack", "interleave"},
           "how new layers start; auto: identity for pre-norm models, else stack");
  v.field("noise", noise, config::at_least(0), "standard deviation of noise on the width maps at the start");
}

Ligo::Ligo(const TransformerConfig& source, const TransformerConfig& target, const model::Weights& weights,
           const LigoConfig& config, std::uint64_t seed)
    : source_(source), target_(target), weights_(weights) {
  if (source.experts != target.experts) {
    throw base::UserError("target.experts", "a learned operator makes no mixture of a dense model",
                          "ligo-grow grow, then train");
  }
  if (source.distance_classes > 0) {
    throw base::UserError(source.origin.empty() ? "model" : source.origin,
                          "is a T5: a learned operator takes one stack of layers", "ligo-grow grow");
  }
  if (source.bare_first) {
    throw base::UserError(
        source.origin.empty() ? "model" : source.origin,
        fmt::format("is a {}, whose first layer lacks a norm that the others have: a learned "
                    "operator mixes layers that are alike",
                    source.model_type),
        "ligo-grow grow");
  }
  if (target.heads * source.kv_heads != target.kv_heads * source.heads) {
    throw base::UserError(
        "target.kv_heads",
        fmt::format("{} heads over {} key-value heads: a learned operator keeps the source's {}",
                    target.heads, target.kv_heads, source.heads / source.kv_heads),
        "grow both by the same factor");
  }
  const std::string heads = resolve(config.heads, source.rotary ? "whole" : "free");
  if (heads == "free" && source.rotary) {
    throw base::UserError("ligo.heads", "\"free\" would mix the frequencies of rotary positions",
                          "use whole");
  }
  const std::int64_t size = source.head_dim, unit = heads == "whole" ? size : 1;
  add_width("hidden", source.hidden_size, target.hidden_size, 1,
            in_turn(source.hidden_size, target.hidden_size), config, seed);
  add_width("ffn", source.ffn_size, target.ffn_size, 1, in_turn(source.ffn_size, target.ffn_size), config,
            seed);
  // Copies in turn of units are copies in turn of whole heads, since both sizes are whole heads; with grouped
  // queries groups are copied in turn, and so are the queries in them.
  const auto add_heads = [&](const char* name, std::int64_t from, std::int64_t to) {
    add_width(name, from * size, to * size, unit, in_turn(from * size / unit, to * size / unit), config,
              seed);
  };
  add_heads("q", source.heads, target.heads);
  add_heads("k", source.kv_heads, target.kv_heads);
  add_heads("v", source.kv_heads, target.kv_heads);
  if (source.kv_heads != source.heads) add_heads("o", source.heads, target.heads);

  const std::string depth = resolve(config.depth, source.pre_norm ? "identity" : "stack");
  for (const WeightSpec& spec : model::weight_specs(target)) {
    if (spec.layer != 0) continue;
    LayerKind kind;
    kind.spec = spec;
    kind.ending = spec.name.substr(std::string("layers.0.").size());
    std::vector<Tensor> layers;
    for (std::int64_t l = 0; l < source.layers; ++l) {
      layers.push_back(weights.at(fmt::format("layers.{}.{}", l, kind.ending)).detach().reshape({-1}));
    }
    kind.stacked = torch::stack(layers);
    kind.depth = torch::zeros({target.layers, source.layers});
    for (std::int64_t l = 0; l < target.layers; ++l) {
      const std::int64_t from = depth == "interleave" ? l * source.layers / target.layers : l % source.layers;
      const bool is_new = depth == "identity" && l >= source.layers;
      if (!(is_new && closes_block(source, spec.role))) kind.depth[l][from] = read_share(spec);
    }
    kind.depth = kind.depth.to(weights.device()).requires_grad_();
    factors_.emplace_back("depth." + kind.ending, kind.depth);
    kinds_.push_back(std::move(kind));
  }
  for (const auto& [name, factor] : factors_) first_.push_back(factor.detach().clone());
}

void Ligo::add_width(const std::string& name, std::int64_t old_size, std::int64_t new_size, std::int64_t unit,
                     const std::vector<std::int64_t>& from, const LigoConfig& config, std::uint64_t seed) {
  if (old_size == new_size) return;
  Width width;
  width.unit = unit;
  width.old_size = old_size;
  width.new_size = new_size;
  const auto rows = static_cast<std::int64_t>(from.size());
  Tensor matrix = torch::zeros({rows, old_size / unit});
  for (std::int64_t i = 0; i < rows; ++i) matrix[i][from[static_cast<std::size_t>(i)]] = 1;
  if (!config.share_layers && name != "hidden") matrix = matrix.repeat({target_.layers, 1, 1});
  if (config.noise > 0) {
    auto generator = at::detail::createCPUGenerator(base::derive_seed(seed, "ligo." + name));
    matrix = matrix + config.noise * torch::randn(matrix.sizes(), generator);
  }
  width.matrix = matrix.to(weights_.device()).contiguous().requires_grad_();
  factors_.emplace_back("width." + name, width.matrix);
  widths_[name] = width;
}

const Ligo::Width* Ligo::width_of(const WeightSpec& spec, Dim dim) const {
  const char* name = nullptr;
  if (dim == Dim::hidden) name = "hidden";
  if (dim == Dim::ffn) name = "ffn";
  if (dim == Dim::kv) name = spec.role == Role::k ? "k" : "v";
  if (dim == Dim::heads) {
    const bool grouped = source_.kv_heads != source_.heads;
    name = spec.role == Role::q ? "q" : grouped ? "o" : "v";
  }
  if (name == nullptr) return nullptr;
  const auto found = widths_.find(name);
  return found == widths_.end() ? nullptr : &found->second;
}

// What a weight that reads a grown axis is scaled by, so that copies do not add up.
double Ligo::read_share(const WeightSpec& spec) const {
  const double embedding = source_.embedding_scale() / target_.embedding_scale();
  const auto share = [](const Width* width) {
    return width == nullptr ? 1.0
                            : static_cast<double>(width->old_size) / static_cast<double>(width->new_size);
  };
  if (spec.vector()) {
    const bool before_tied = target_.tied_head && !target_.image() && spec.role == last_norm(target_);
    return before_tied ? share(width_of(spec, spec.rows)) / embedding : 1.0;
  }
  if (spec.table) return spec.role == Role::token_embedding ? embedding : 1.0;
  return share(width_of(spec, spec.columns));
}

// x [layers, rows, columns] → its new rows below the old ones.
Tensor Ligo::widen_rows(const Width& width, const Tensor& x, bool in_layers) const {
  Tensor matrix = width.matrix;
  if (matrix.dim() == 3 && !in_layers) matrix = matrix.mean(0);
  const std::int64_t layers = x.size(0), columns = x.size(2);
  const Tensor old = x.reshape({layers, width.old_size / width.unit, width.unit * columns});
  const Tensor added = torch::matmul(matrix, old).reshape({layers, width.new_size - width.old_size, columns});
  return torch::cat({x, added}, 1);
}

Tensor Ligo::widen_columns(const Width& width, const Tensor& x, bool in_layers) const {
  Tensor matrix = width.matrix;
  if (matrix.dim() == 3 && !in_layers) matrix = matrix.mean(0);
  if (width.unit > 1) {
    const Tensor units = torch::eye(width.unit, matrix.options());
    if (matrix.dim() == 2) {
      matrix = torch::kron(matrix, units);
    } else {
      std::vector<Tensor> each;
      for (const Tensor& one : matrix.unbind(0)) each.push_back(torch::kron(one, units));
      matrix = torch::stack(each);
    }
  }
  if (matrix.dim() == 3) return torch::cat({x, torch::bmm(x, matrix.transpose(1, 2))}, 2);
  const Tensor added = torch::mm(x.reshape({-1, x.size(2)}), matrix.t());
  return torch::cat({x, added.view({x.size(0), x.size(1), -1})}, 2);
}

// x [layers, rows, columns]; a vector has one column.
Tensor Ligo::widen(const WeightSpec& spec, Tensor x, bool in_layers) const {
  const Width* columns = spec.vector() ? nullptr : width_of(spec, spec.columns);
  const Width* rows = spec.table ? nullptr : width_of(spec, spec.rows);
  if (columns != nullptr) x = widen_columns(*columns, x, in_layers);
  if (rows != nullptr) x = widen_rows(*rows, x, in_layers);
  return x;
}

model::Weights Ligo::expand() const {
  model::Weights large;
  for (const WeightSpec& spec : model::weight_specs(target_)) {
    if (spec.layer >= 0) continue;
    const Tensor& old = weights_.at(spec.name);
    const Tensor x = old.detach().reshape({1, old.size(0), spec.vector() ? 1 : old.size(1)});
    const double share = read_share(spec);
    const Tensor wide = widen(spec, x, false).reshape(spec.shape);
    large.set(spec.name, share == 1.0 ? wide : wide * share);
  }
  std::map<std::string, std::vector<Tensor>> layers;  // by ending, all target layers
  for (const LayerKind& kind : kinds_) {
    const WeightSpec& spec = kind.spec;
    const Tensor& like = weights_.at("layers.0." + kind.ending);
    const Tensor mixed = torch::mm(kind.depth, kind.stacked)
                             .view({target_.layers, like.size(0), spec.vector() ? 1 : like.size(1)});
    Tensor wide = widen(spec, mixed, true);
    if (spec.vector()) wide = wide.squeeze(2);
    layers[kind.ending] = wide.unbind(0);
  }
  for (const WeightSpec& spec : model::weight_specs(target_)) {
    if (spec.layer < 0) continue;
    const std::string ending = spec.name.substr(fmt::format("layers.{}.", spec.layer).size());
    large.set(spec.name, layers.at(ending)[static_cast<std::size_t>(spec.layer)]);
  }
  return large;
}

std::int64_t Ligo::parameter_count() const {
  std::int64_t total = 0;
  for (const auto& [name, factor] : factors_) total += factor.numel();
  return total;
}

double Ligo::moved() const {
  double change = 0, size = 0;
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const Tensor now = factors_[i].second.detach();
    change += (now - first_[i]).square().sum().item<double>();
    size += first_[i].square().sum().item<double>();
  }
  return std::sqrt(change / std::max(size, 1e-30));
}

double Ligo::expand_flops() const {
  double total = 0;
  for (const WeightSpec& spec : model::weight_specs(target_)) {
    const Width* columns = spec.vector() ? nullptr : width_of(spec, spec.columns);
    const Width* rows = spec.table ? nullptr : width_of(spec, spec.rows);
    const auto extent = [](const std::vector<std::int64_t>& shape, std::size_t axis) {
      return axis < shape.size() ? static_cast<double>(shape[axis]) : 1.0;
    };
    const double new_rows = extent(spec.shape, 0), new_columns = extent(spec.shape, 1);
    const double old_rows = rows != nullptr ? static_cast<double>(rows->old_size) : new_rows;
    const double old_columns = columns != nullptr ? static_cast<double>(columns->old_size) : new_columns;
    if (spec.layer >= 0) total += 2 * static_cast<double>(source_.layers) * old_rows * old_columns;
    if (columns != nullptr) {
      total += 2 * old_rows * old_columns / static_cast<double>(columns->unit) * (new_columns - old_columns);
    }
    if (rows != nullptr)
      total += 2 * (new_rows - old_rows) * old_rows / static_cast<double>(rows->unit) * new_columns;
  }
  return total;
}

}  // namespace frugal::grow
