#include "plan/schedule.h"

#include <algorithm>

#include "base/error.h"
#include "plan/numbers.h"

namespace frugal::plan {
namespace {

template <typename T>
void add_once(std::vector<T>& values, T value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

}  // namespace

Schedule::Schedule(const ir::Graph& graph, const OrderOptions& options) : nodes_(graph.nodes.size()) {
  FRUGAL_ASSERT(options.scratch.empty() || options.scratch.size() == nodes_.size(), "scratch of other nodes");
  for (std::size_t n = 0; n < options.scratch.size(); ++n) nodes_[n].scratch = options.scratch[n];
  find_places(graph, options.shares);
  find_followers(graph, options);
  for (const Place& place : places_) {
    if (place.maker == ir::none && (place.users > 0 || place.kept)) alive_ += place.bytes;
  }
}

void Schedule::find_places(const ir::Graph& graph, const std::vector<Share>& shares) {
  const std::vector<Block> blocks = lifetimes(graph, 1, shares);
  const std::vector<ir::TensorId> owner = owners(graph, shares);
  places_.resize(blocks.size());
  place_of_.resize(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    places_[i].bytes = blocks[i].bytes;
    place_of_[i] = index(owner[i]);
  }
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    for (const ir::TensorId id : {node.output, node.mask}) {
      if (id == ir::none) continue;
      add_once(nodes_[index(n)].uses, place_of_[index(id)]);
      if (owner[index(id)] != id) continue;
      places_[index(id)].maker = n;
      nodes_[index(n)].makes.push_back(index(id));
    }
    for (const ir::TensorId id : node.inputs) add_once(nodes_[index(n)].uses, place_of_[index(id)]);
    for (const std::size_t place : nodes_[index(n)].uses) ++places_[place].users;
  }
  for (const ir::TensorId id : graph.outputs) places_[place_of_[index(id)]].kept = true;
}

void Schedule::find_followers(const ir::Graph& graph, const OrderOptions& options) {
  std::vector<ir::NodeId> maker(graph.tensors.size(), ir::none);
  for (ir::NodeId n = 0; n < ir::whole(graph).end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    for (const ir::TensorId id : {node.output, node.mask}) {
      if (id != ir::none) maker[index(id)] = n;
    }
    for (const ir::TensorId id : node.inputs) {
      if (maker[index(id)] != ir::none) add_edge(maker[index(id)], n);
    }
  }
  for (const auto& [first, second] : options.before) add_edge(first, second);
  // Who overwrites a tensor comes after all who read it.
  for (const Share& share : options.shares) {
    for (const auto& [first, second] : around_write(graph, maker[index(share.output)], share.input))
      add_edge(first, second);
  }
}

void Schedule::add_edge(ir::NodeId from, ir::NodeId to) {
  // The given order obeys all edges, so that there is no circle.
  FRUGAL_ASSERT(from < to, "a node that must run before one that stands before it");
  std::vector<ir::NodeId>& followers = nodes_[index(from)].followers;
  if (std::find(followers.begin(), followers.end(), to) != followers.end()) return;
  followers.push_back(to);
  ++nodes_[index(to)].waits_for;
}

std::vector<ir::NodeId> Schedule::ready() const {
  std::vector<ir::NodeId> nodes;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (!nodes_[n].has_run && nodes_[n].waits_for == 0) nodes.push_back(static_cast<ir::NodeId>(n));
  }
  return nodes;
}

std::size_t Schedule::made_by(ir::NodeId node) const {
  std::size_t bytes = 0;
  for (const std::size_t place : nodes_[index(node)].makes) bytes += places_[place].bytes;
  return bytes;
}

std::size_t Schedule::during(ir::NodeId node) const {
  return alive_ + made_by(node) + nodes_[index(node)].scratch;
}

std::size_t Schedule::after(ir::NodeId node) const {
  std::size_t freed = 0;
  for (const std::size_t place : nodes_[index(node)].uses) {
    if (places_[place].users == 1 && !places_[place].kept) freed += places_[place].bytes;
  }
  return alive_ + made_by(node) - freed;
}

std::size_t Schedule::least_during(ir::NodeId node) const {
  std::size_t bytes = nodes_[index(node)].scratch;
  for (const std::size_t place : nodes_[index(node)].uses) bytes += places_[place].bytes;
  return bytes;
}

void Schedule::run(ir::NodeId node) {
  Work& work = nodes_[index(node)];
  alive_ = after(node);
  for (const std::size_t place : work.uses) --places_[place].users;
  for (const ir::NodeId follower : work.followers) --nodes_[index(follower)].waits_for;
  work.has_run = true;
  state_ += scramble(static_cast<std::uint64_t>(node));
  done_.push_back(node);
}

void Schedule::take_back() {
  const ir::NodeId node = done_.back();
  done_.pop_back();
  Work& work = nodes_[index(node)];
  state_ -= scramble(static_cast<std::uint64_t>(node));
  work.has_run = false;
  for (const ir::NodeId follower : work.followers) ++nodes_[index(follower)].waits_for;
  for (const std::size_t place : work.uses) ++places_[place].users;
  std::size_t freed = 0;
  for (const std::size_t place : work.uses) {
    if (places_[place].users == 1 && !places_[place].kept) freed += places_[place].bytes;
  }
  alive_ = alive_ + freed - made_by(node);
}

}  // namespace frugal::plan
