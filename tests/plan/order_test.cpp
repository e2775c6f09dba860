// The search for an order of nodes with less alive: against brute force on small graphs, and against the
// given order on random ones.
#include "plan/order.h"

#include <algorithm>

#include "base/random.h"
#include "ir/operator.h"
#include "ir/verify.h"
#include "support/random_graph.h"
#include "support/test.h"

using namespace frugal;

namespace {

// Most bytes alive at one step of a graph as its nodes stand, by their lifetimes.
std::size_t peak(const ir::Graph& graph, const std::vector<plan::Share>& shares = {}) {
  const std::vector<plan::Block> blocks = plan::lifetimes(graph, 1, shares);
  std::size_t most = 0;
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    std::size_t alive = 0;
    for (const plan::Block& block : blocks) {
      if (block.first <= n && n <= block.last) alive += block.bytes;
    }
    most = std::max(most, alive);
  }
  return most;
}

// Nodes that read up to two tensors at random, and write one of any size. Only what planning looks at is
// there.
ir::Graph small_graph(std::uint64_t seed, std::uint64_t nodes) {
  base::Random random(seed, "order");
  ir::Graph graph;
  const auto add = [&](ir::Role role) {
    ir::Tensor tensor;
    tensor.name = "t" + std::to_string(graph.tensors.size());
    tensor.role = role;
    tensor.type = ir::DataType::int8;
    tensor.shape = {1 + static_cast<std::int64_t>(random.below(20))};
    graph.tensors.push_back(tensor);
    return static_cast<ir::TensorId>(graph.tensors.size() - 1);
  };
  graph.inputs = {add(ir::Role::input)};
  for (std::uint64_t n = 0; n < nodes; ++n) {
    ir::Node node;
    node.op = ir::find_operator("add");
    const std::uint64_t inputs = 1 + random.below(2);
    for (std::uint64_t i = 0; i < inputs; ++i)
      node.inputs.push_back(static_cast<ir::TensorId>(n < inputs ? 0 : random.below(graph.tensors.size())));
    node.output = add(ir::Role::value);
    graph.nodes.push_back(node);
  }
  graph.outputs = {static_cast<ir::TensorId>(graph.tensors.size() - 1)};
  if (random.below(2) == 0) graph.outputs.push_back(1);
  return graph;
}

// The least peak over all orders, by what has run so far (a bit a node): each set is reached from those with
// one node less. What is alive is found anew for each.
class BruteForce {
 public:
  explicit BruteForce(const ir::Graph& graph) : graph_(graph), blocks_(plan::lifetimes(graph)) {}

  std::size_t smallest() const {
    const std::size_t all = std::size_t{1} << graph_.nodes.size();
    std::vector<std::size_t> least(all, SIZE_MAX);
    least[0] = 0;
    for (std::size_t done = 0; done < all; ++done) {
      for (std::size_t n = 0; least[done] != SIZE_MAX && n < graph_.nodes.size(); ++n) {
        if ((done >> n & 1) != 0 || !can_run(done, n)) continue;
        std::size_t& next = least[done | std::size_t{1} << n];
        next = std::min(next, std::max(least[done], alive(done, n)));
      }
    }
    return least[all - 1];
  }

 private:
  // The node that makes a tensor: tensor t is made by node t - 1, tensor 0 is the input.
  static bool is_there(std::size_t done, std::size_t tensor) {
    return tensor == 0 || (done >> (tensor - 1) & 1) != 0;
  }

  bool can_run(std::size_t done, std::size_t n) const {
    const std::vector<ir::TensorId>& inputs = graph_.nodes[n].inputs;
    return std::all_of(inputs.begin(), inputs.end(),
                       [&](ir::TensorId id) { return is_there(done, static_cast<std::size_t>(id)); });
  }

  std::size_t alive(std::size_t done, std::size_t now) const {
    std::size_t bytes = 0;
    for (std::size_t tensor = 0; tensor < blocks_.size(); ++tensor) {
      const auto id = static_cast<ir::TensorId>(tensor);
      bool needed = std::count(graph_.outputs.begin(), graph_.outputs.end(), id) > 0;
      for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        const std::vector<ir::TensorId>& inputs = graph_.nodes[n].inputs;
        needed = needed || ((done >> n & 1) == 0 && std::count(inputs.begin(), inputs.end(), id) > 0);
      }
      if (tensor == now + 1 || (needed && is_there(done, tensor))) bytes += blocks_[tensor].bytes;
    }
    return bytes;
  }

  const ir::Graph& graph_;
  const std::vector<plan::Block> blocks_;
};

}  // namespace

TEST_CASE("the order with the least alive is that of brute force", "[plan]") {
  int better = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    const ir::Graph graph = small_graph(seed, 3 + seed % 8);
    const plan::Order order = plan::search_order(graph);
    CHECK(order.given_bytes == peak(graph));
    CHECK(order.bytes == peak(plan::reordered(graph, order.nodes)));
    CHECK(order.bytes == BruteForce(graph).smallest());
    CHECK(order.smallest);
    better += order.bytes < order.given_bytes ? 1 : 0;
  }
  CHECK(better >= 10);  // else this test says little
}

TEST_CASE("an order is never worse than the given one, and the graph stays whole", "[plan]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    const ir::Graph graph = test::random_graph(seed);
    for (const bool share : {false, true}) {
      plan::OrderOptions options;
      options.states = seed % 3 == 0 ? 0 : 200;
      if (share) options.shares = plan::in_place(graph);
      const plan::Order order = plan::search_order(graph, options);
      const ir::Graph changed = plan::reordered(graph, order.nodes);
      CHECK_NOTHROW(ir::verify(changed, "reordered"));
      CHECK(order.given_bytes == peak(graph, options.shares));
      CHECK(order.bytes == peak(changed, options.shares));  // what is shared can be shared still
      CHECK(order.bytes <= order.given_bytes);
      CHECK(plan::search_order(graph, options).nodes == order.nodes);
    }
  }
}

TEST_CASE("a node that overwrites a parameter stays behind those who read it", "[plan]") {
  // t1 = f(input, w) is large and read at the end; u = update(w, g) frees g, and would like to run first.
  ir::Graph graph;
  const auto tensor = [&](const char* name, ir::Role role, std::int64_t size) {
    graph.tensors.push_back({name, role, ir::DataType::int8, {size}, {}});
    return static_cast<ir::TensorId>(graph.tensors.size() - 1);
  };
  const auto input = tensor("x", ir::Role::input, 4), w = tensor("w", ir::Role::parameter, 4);
  const auto g = tensor("g", ir::Role::value, 100), y = tensor("y", ir::Role::value, 50);
  const auto u = tensor("u", ir::Role::value, 1);
  const ir::Operator* op = ir::find_operator("add");
  graph.nodes = {{op, {}, {input}, g}, {op, {}, {input, w}, y}, {op, {}, {w, g}, u}};
  graph.inputs = {input};
  graph.outputs = {y, u};

  CHECK(plan::search_order(graph).nodes == std::vector<ir::NodeId>{0, 2, 1});
  plan::OrderOptions options;
  options.before = plan::around_write(graph, 2, w);
  CHECK(options.before == std::vector<std::pair<ir::NodeId, ir::NodeId>>{{1, 2}});
  const plan::Order order = plan::search_order(graph, options);
  const auto at = [&](ir::NodeId n) { return std::find(order.nodes.begin(), order.nodes.end(), n); };
  CHECK(at(1) < at(2));

  options.scratch = {0, 1000, 0};
  CHECK(plan::search_order(graph, options).given_bytes == 4 + 100 + 50 + 1000);
}

TEST_CASE("outputs that lie in their input's place share its block", "[plan]") {
  ir::Graph graph;
  const auto tensor = [&](const char* name, ir::Role role, std::int64_t size) {
    graph.tensors.push_back({name, role, ir::DataType::float32, {size}, {}});
    return static_cast<ir::TensorId>(graph.tensors.size() - 1);
  };
  const auto x = tensor("x", ir::Role::input, 8);
  const auto a = tensor("a", ir::Role::value, 8), b = tensor("b", ir::Role::value, 8);
  const auto c = tensor("c", ir::Role::value, 8), d = tensor("d", ir::Role::value, 8);
  const ir::Operator* relu = ir::find_operator("relu");
  REQUIRE(relu != nullptr);
  REQUIRE(relu->in_place);
  const ir::Operator* add = ir::find_operator("add");
  graph.nodes = {{relu, {}, {x}, a}, {relu, {}, {a}, b}, {relu, {}, {b}, c}, {add, {}, {c, b}, d}};
  graph.inputs = {x};
  graph.outputs = {d};

  // Not x (an input), nor b for c (the sum reads it); the sum may write over its first input.
  const std::vector<plan::Share> shares = plan::in_place(graph);
  REQUIRE(shares.size() == 2);
  CHECK(shares[0].output == b);
  CHECK(shares[0].input == a);
  CHECK(shares[1].output == d);
  CHECK(shares[1].input == c);
  CHECK(plan::in_place(graph, [&](const ir::Node& node) { return node.output != b; }).size() == 1);
  CHECK(plan::owners(graph, shares) == std::vector<ir::TensorId>{x, a, a, c, c});

  const std::vector<plan::Block> blocks = plan::lifetimes(graph, 1, shares);
  CHECK(blocks[1].bytes == 32);
  CHECK(blocks[1].first == 0);
  CHECK(blocks[1].last == 3);
  CHECK(blocks[2].bytes == 0);
  CHECK(blocks[3].last == 4);
  CHECK(peak(graph, shares) == 64);
}
