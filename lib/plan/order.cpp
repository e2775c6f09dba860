#include "plan/order.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_set>

#include "base/error.h"
#include "plan/schedule.h"

namespace frugal::plan {
namespace {

// What a list looks at first among the nodes that can run.
enum class Rule { least_after, least_during };

class OrderSearch {
 public:
  OrderSearch(const ir::Graph& graph, const OrderOptions& options)
      : schedule_(graph, options), most_states_(options.states) {}

  Order run() {
    given();
    bound_ = schedule_.alive();
    for (std::size_t n = 0; n < schedule_.size(); ++n)
      bound_ = std::max(bound_, schedule_.least_during(static_cast<ir::NodeId>(n)));
    for (const Rule rule : {Rule::least_after, Rule::least_during}) by_list(rule);
    while (best_.bytes > bound_ && best_.states < most_states_) {
      limit_ = best_.bytes - 1;
      refuted_.clear();
      if (!below_limit()) break;
      keep_what_ran();
    }
    best_.smallest = best_.bytes <= bound_ || (most_states_ > 0 && best_.states < most_states_);
    return std::move(best_);
  }

 private:
  void keep(const std::vector<ir::NodeId>& nodes, std::size_t bytes) {
    if (!best_.nodes.empty() && bytes >= best_.bytes) return;
    best_.nodes = nodes;
    best_.bytes = bytes;
  }

  // Of an order of all nodes. Nothing has run afterwards.
  std::size_t peak_of(const std::vector<ir::NodeId>& nodes) {
    while (!schedule_.done().empty()) schedule_.take_back();
    std::size_t peak = schedule_.alive();
    for (const ir::NodeId node : nodes) {
      peak = std::max(peak, schedule_.during(node));
      schedule_.run(node);
    }
    while (!schedule_.done().empty()) schedule_.take_back();
    return peak;
  }

  void given() {
    std::vector<ir::NodeId> nodes(schedule_.size());
    std::iota(nodes.begin(), nodes.end(), ir::NodeId{0});
    best_.given_bytes = peak_of(nodes);
    keep(nodes, best_.given_bytes);
  }

  void by_list(Rule rule) {
    while (schedule_.done().size() < schedule_.size()) {
      ir::NodeId next = ir::none;
      std::tuple<std::size_t, std::size_t> least;
      for (const ir::NodeId node : schedule_.ready()) {
        std::tuple rank(schedule_.after(node), schedule_.during(node));
        if (rule == Rule::least_during) std::swap(std::get<0>(rank), std::get<1>(rank));
        if (next != ir::none && rank >= least) continue;
        least = rank;
        next = node;
      }
      schedule_.run(next);
    }
    keep_what_ran();
  }

  void keep_what_ran() {
    const std::vector<ir::NodeId> nodes = schedule_.done();
    keep(nodes, peak_of(nodes));
  }

  // Whether the rest can run with no more than `limit_` alive; then it has run. Else nothing has changed.
  bool below_limit() {
    const std::size_t mark = schedule_.done().size();
    const auto give_up = [&] {
      while (schedule_.done().size() > mark) schedule_.take_back();
      return false;
    };
    std::vector<std::pair<std::size_t, ir::NodeId>> choices;
    for (bool free = true; free;) {
      free = false;
      choices.clear();
      for (const ir::NodeId node : schedule_.ready()) {
        if (schedule_.during(node) > limit_) continue;
        if (schedule_.after(node) <= schedule_.alive()) {
          schedule_.run(node);
          free = true;
          break;
        }
        choices.emplace_back(schedule_.after(node), node);
      }
    }
    if (schedule_.done().size() == schedule_.size()) return true;
    if (!refuted_.insert(schedule_.state()).second || best_.states >= most_states_) return give_up();
    ++best_.states;
    std::sort(choices.begin(), choices.end());
    for (const auto& [after, node] : choices) {
      schedule_.run(node);
      if (below_limit()) return true;
      schedule_.take_back();
    }
    return give_up();
  }

  Schedule schedule_;
  const std::uint64_t most_states_;
  Order best_;
  std::size_t bound_ = 0, limit_ = 0;
  std::unordered_set<std::uint64_t> refuted_;  // states, under the limit
};

}  // namespace

Order search_order(const ir::Graph& graph, const OrderOptions& options) {
  return OrderSearch(graph, options).run();
}

std::vector<std::pair<ir::NodeId, ir::NodeId>> around_write(const ir::Graph& graph, ir::NodeId writer,
                                                            ir::TensorId tensor) {
  std::vector<std::pair<ir::NodeId, ir::NodeId>> pairs;
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    const std::vector<ir::TensorId>& inputs = graph.nodes[static_cast<std::size_t>(n)].inputs;
    if (n == writer || std::find(inputs.begin(), inputs.end(), tensor) == inputs.end()) continue;
    pairs.emplace_back(std::min(n, writer), std::max(n, writer));
  }
  return pairs;
}

ir::Graph reordered(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes) {
  FRUGAL_ASSERT(nodes.size() == graph.nodes.size(), "an order of other nodes");
  ir::Graph result = graph;
  std::vector<char> there(graph.tensors.size(), 1);
  for (const ir::Node& node : graph.nodes) there[static_cast<std::size_t>(node.output)] = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(nodes[i])];
    for (const ir::TensorId id : node.inputs)
      FRUGAL_ASSERT(there[static_cast<std::size_t>(id)] != 0, "read before it is there");
    FRUGAL_ASSERT(there[static_cast<std::size_t>(node.output)] == 0, "a node that runs twice");
    there[static_cast<std::size_t>(node.output)] = 1;
    result.nodes[i] = node;
  }
  return result;
}

}  // namespace frugal::plan
