#include "quant/convert/stored.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "ir/operator.h"

namespace frugal::quant {
namespace {

using ir::index;
using ir::NodeId;
using ir::TensorId;

constexpr double infinity = std::numeric_limits<double>::infinity();

// How an operator becomes one on integers.
struct Kind {
  const char* op;
  bool keeps_scale = false;
  bool takes_activation = false;            // in its clamp
  double low = -infinity, high = infinity;  // of an activation
};
constexpr Kind kinds[] = {
    {"conv", false, true},
    {"depthwise_conv", false, true},
    {"fully_connected", false, true},
    {"add", false, true},
    {"mul", false, true},
    {"h_swish"},
    {"h_sigmoid"},
    {"sigmoid"},
    {"tanh"},
    {"embedding"},
    {"relu", false, false, 0, infinity},
    {"relu6", false, false, 0, 6},
    {"max_pool", true},
    {"average_pool", true},
    {"global_average_pool", true},
    {"reshape", true},
    {"flatten", true},
};

const Kind* kind_of(const ir::Node& node) {
  const auto found = std::find_if(std::begin(kinds), std::end(kinds),
                                  [&](const Kind& kind) { return ir::is(node, kind.op); });
  return found == std::end(kinds) ? nullptr : found;
}

bool is_activation(const Kind& kind) { return kind.low != -infinity; }

void check(const ir::Graph& graph, const ir::Node& node, const std::string& origin) {
  const auto fail = [&](const std::string& message, const std::string& hint = "") {
    throw base::UserError(origin + ": " + graph.name_of(node), message, hint);
  };
  const std::string op = node.op->name;
  if (kind_of(node) == nullptr) {
    std::string known;
    for (const Kind& kind : kinds) known += std::string(known.empty() ? "" : ", ") + kind.op;
    fail(op + " cannot be quantised: there is no kernel on integers for it",
         "train the network without it; these can: " + known + ", batch_norm, identity");
  }
  const ir::Call call = ir::call_of(graph, node);
  if (op == "add" || op == "mul") {
    const ir::Dims &a = call.shape(0), &b = call.shape(1);
    const bool by_channel = a.size() > 2 && ir::elements(b) == b[0] * b[1];
    if (a != b && !by_channel)
      fail(op + " of " + ir::to_text(a) + " and " + ir::to_text(b) +
           " cannot be quantised: both must have one shape, or the second one number a channel");
  }
  if (op == "fully_connected" && call.shape(0).size() != 2)
    fail("fully_connected over " + ir::to_text(call.shape(0)) +
         " cannot be quantised: it must be [1, features]");
  if (op == "embedding" && !call.flag("channels_first"))
    fail("embedding into " + ir::to_text(graph.tensor(node.output).shape) +
             " cannot be quantised: it must be [1, features, tokens]",
         "turn its axes before the convolutions that follow, as PyTorch's transpose(1, 2)");
  if (op == "max_pool" || op == "average_pool") {
    const auto& dilation = call.integers("dilation");
    if (std::any_of(dilation.begin(), dilation.end(), [](std::int64_t d) { return d != 1; }))
      fail(op + " with a dilation cannot be quantised");
  }
}

}  // namespace

std::vector<StoredLayer> stored_layers(const ir::Graph& folded, const std::string& origin) {
  std::vector<std::int64_t> readers(folded.tensors.size(), 0);
  std::vector<NodeId> reader(folded.tensors.size(), ir::none);
  for (NodeId n = 0; n < static_cast<NodeId>(folded.nodes.size()); ++n) {
    for (const TensorId id : folded.nodes[index(n)].inputs) {
      ++readers[index(id)];
      reader[index(id)] = n;
    }
  }
  for (const TensorId id : folded.outputs) ++readers[index(id)];

  std::vector<StoredLayer> layers;
  std::vector<bool> taken(folded.nodes.size(), false);
  for (NodeId n = 0; n < static_cast<NodeId>(folded.nodes.size()); ++n) {
    const ir::Node& node = folded.nodes[index(n)];
    check(folded, node, origin);
    if (taken[index(n)]) continue;
    const Kind& kind = *kind_of(node);
    StoredLayer layer{n, ir::none, node.output, kind.keeps_scale, kind.low, kind.high};
    const NodeId next = reader[index(node.output)];
    if (kind.takes_activation && readers[index(node.output)] == 1 && next != ir::none) {
      const ir::Node& behind = folded.nodes[index(next)];
      if (const Kind* then = kind_of(behind); then != nullptr && is_activation(*then)) {
        taken[index(next)] = true;
        layer.activation = next;
        layer.value = behind.output;
        layer.low = then->low;
        layer.high = then->high;
      }
    }
    layers.push_back(layer);
  }
  return layers;
}

std::vector<TensorId> values_with_a_range(const ir::Graph& folded, const std::vector<StoredLayer>& layers) {
  std::vector<TensorId> values;
  const TensorId input = folded.inputs.front();
  if (folded.tensor(input).type == ir::DataType::float32) values.push_back(input);
  for (const StoredLayer& layer : layers) {
    if (!layer.keeps_scale) values.push_back(layer.value);
  }
  return values;
}

}  // namespace frugal::quant
