#include "sparse/training_cost.h"

#include <algorithm>
#include <set>

#include "autodiff/backward.h"
#include "ir/count.h"
#include "ir/model.h"
#include "ir/operator.h"
#include "plan/lifetimes.h"
#include "plan/plan.h"
#include "quant/program.h"

namespace frugal::sparse {
namespace {

using ir::index;
using ir::NodeId;
using ir::TensorId;

constexpr std::size_t alignment = alignof(std::max_align_t);  // as quant::Program places tensors

class Costs {
 public:
  Costs(const ir::Model& model, const UpdateScheme& scheme, const std::string& origin)
      : training_(autodiff::with_backward(model, trained_layers(model, scheme), origin)),
        graph_(training_.model.graph) {
    cost_.forward_end = training_.forward_end;
    cost_.extra_bits = extra_memory_bits(model.graph, scheme);
    cost_.scratch_bytes = static_cast<std::int64_t>(quant::Program(training_.model, origin).scratch_bytes());
    cost_.forward_peak_bytes =
        static_cast<std::int64_t>(plan::place(plan::lifetimes(model.graph, alignment)).arena.bytes);
    find_uses();
    add_layers(model.graph);
    add_steps();
  }

  TrainingCost result() { return std::move(cost_); }

 private:
  // The last reader of each tensor, and whether it is a gradient of trained numbers.
  void find_uses() {
    last_.assign(graph_.tensors.size(), ir::none);
    maker_.assign(graph_.tensors.size(), ir::none);
    for (NodeId n = 0; n < ir::whole(graph_).end; ++n) {
      for (const TensorId id : graph_.nodes[index(n)].inputs) last_[index(id)] = n;
      maker_[index(graph_.nodes[index(n)].output)] = n;
    }
    for (const autodiff::Gradient& gradient : training_.gradients) {
      updates_.insert(gradient.gradient);
      cost_.gradient_bytes += ir::bytes(graph_.tensor(gradient.gradient));
    }
  }

  Use use_of(TensorId id) const {
    if (graph_.tensor(id).type == ir::DataType::bit) return Use::mask;
    if (updates_.count(id) > 0) return Use::update;
    if (maker_[index(id)] >= training_.forward_end) return Use::gradient;
    return last_[index(id)] >= training_.forward_end ? Use::kept : Use::activation;
  }

  void add_layers(const ir::Graph& forward) {
    const std::vector<NodeId> numbered = scheme_layers(forward);
    for (NodeId n = 0; n < training_.forward_end; ++n) {
      const ir::Node& node = graph_.nodes[index(n)];
      LayerCost layer;
      layer.name = graph_.name_of(node);
      layer.op = node.op->name;
      const auto at = std::find(numbered.begin(), numbered.end(), n);
      if (at != numbered.end()) layer.number = at - numbered.begin();
      layer.forward_macs = ir::mac_count(graph_, {n, n + 1});
      for (const TensorId id : node.inputs) {
        if (graph_.tensor(id).role == ir::Role::parameter) layer.weight_bytes += ir::bytes(graph_.tensor(id));
      }
      if (node.mask != ir::none) layer.mask_bytes = ir::bytes(graph_.tensor(node.mask));
      cost_.layers.push_back(std::move(layer));
    }
    for (const autodiff::Gradient& gradient : training_.gradients) {
      const std::int64_t number_bytes = graph_.tensor(gradient.parameter).type == ir::DataType::int8 ? 1 : 4;
      cost_.layers[index(gradient.node)].updated_bytes +=
          number_bytes * ir::elements(graph_.tensor(gradient.gradient).shape);
    }
    for (std::size_t i = 0; i < training_.gradient_of.size(); ++i) add_backward(i);
    sum_up();
  }

  void add_backward(std::size_t i) {
    const auto n = static_cast<NodeId>(training_.forward_end + static_cast<NodeId>(i));
    const ir::Node& node = graph_.nodes[index(n)];
    LayerCost& layer = cost_.layers[index(training_.gradient_of[i])];
    std::int64_t& macs =
        updates_.count(node.output) > 0 ? layer.weight_gradient_macs : layer.input_gradient_macs;
    macs += ir::mac_count(graph_, {n, n + 1});
    for (const TensorId id : node.inputs) {
      if (is_value(id) && use_of(id) == Use::kept) layer.kept_bytes += ir::bytes(graph_.tensor(id));
    }
  }

  bool is_value(TensorId id) const {
    const ir::Role role = graph_.tensor(id).role;
    return role == ir::Role::input || role == ir::Role::value;
  }

  void sum_up() {
    LayerCost& all = cost_.all;
    for (const LayerCost& layer : cost_.layers) {
      all.forward_macs += layer.forward_macs;
      all.input_gradient_macs += layer.input_gradient_macs;
      all.weight_gradient_macs += layer.weight_gradient_macs;
      all.weight_bytes += layer.weight_bytes;
      all.updated_bytes += layer.updated_bytes;
      all.mask_bytes += layer.mask_bytes;
    }
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
      const auto id = static_cast<TensorId>(i);
      if (is_value(id) && use_of(id) == Use::kept) all.kept_bytes += ir::bytes(graph_.tensor(id));
    }
  }

  void add_steps() {
    std::vector<plan::Block> blocks = plan::lifetimes(graph_, alignment);
    for (const TensorId id : updates_)
      blocks[index(id)].last = std::max(blocks[index(id)].first, last_[index(id)]);
    const plan::Arena arena = plan::place(blocks).arena;
    cost_.step_peak_bytes = static_cast<std::int64_t>(arena.bytes);
    for (const ir::Node& node : graph_.nodes) cost_.steps.push_back(graph_.name_of(node));
    cost_.alive_bytes.assign(cost_.steps.size(), 0);
    const NodeId end = ir::whole(graph_).end - 1;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].bytes == 0) continue;
      const auto id = static_cast<TensorId>(i);
      TensorLife life{graph_.tensor(id).name,
                      use_of(id),
                      static_cast<std::int64_t>(blocks[i].bytes),
                      static_cast<std::int64_t>(arena.offsets[i]),
                      blocks[i].first,
                      std::min(blocks[i].last, end)};
      for (NodeId n = life.first; n <= life.last; ++n) cost_.alive_bytes[index(n)] += life.bytes;
      cost_.tensors.push_back(std::move(life));
    }
    const auto most = std::max_element(cost_.alive_bytes.begin(), cost_.alive_bytes.end());
    cost_.peak = static_cast<NodeId>(most - cost_.alive_bytes.begin());
  }

  const autodiff::TrainingGraph training_;
  const ir::Graph& graph_;
  TrainingCost cost_;
  std::vector<NodeId> last_, maker_;
  std::set<TensorId> updates_;
};

}  // namespace

const char* name_of(Use use) {
  constexpr const char* names[] = {"activation", "kept for gradients", "mask", "gradient",
                                   "gradient of weights"};
  return names[static_cast<int>(use)];
}

std::vector<TensorLife> TrainingCost::at_peak() const {
  std::vector<TensorLife> alive;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(alive),
               [&](const TensorLife& life) { return life.first <= peak && peak <= life.last; });
  std::stable_sort(alive.begin(), alive.end(),
                   [](const TensorLife& a, const TensorLife& b) { return a.bytes > b.bytes; });
  return alive;
}

TrainingCost training_cost(const ir::Model& model, const UpdateScheme& scheme, const std::string& origin) {
  return Costs(model, scheme, origin).result();
}

}  // namespace frugal::sparse
