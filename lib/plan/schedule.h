// What runs after what in a graph, and what that keeps alive: nodes are run and taken back one by one
// (plan/order.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/order.h"

namespace frugal::plan {

class Schedule {
 public:
  Schedule(const ir::Graph& graph, const OrderOptions& options);

  std::size_t size() const { return nodes_.size(); }
  // Nodes that can run now, rising.
  std::vector<ir::NodeId> ready() const;

  std::size_t alive() const { return alive_; }      // bytes between two nodes
  std::size_t during(ir::NodeId node) const;        // bytes while it runs, if it runs now
  std::size_t after(ir::NodeId node) const;         // bytes when it has run
  std::size_t least_during(ir::NodeId node) const;  // whatever the order: what it reads and makes
  std::uint64_t state() const { return state_; }    // names the set of nodes that have run
  const std::vector<ir::NodeId>& done() const { return done_; }

  void run(ir::NodeId node);
  void take_back();  // the last one

 private:
  struct Place {
    std::size_t bytes = 0;
    ir::NodeId maker = ir::none;  // none: there from the start
    std::size_t users = 0;        // nodes that read or write it and have not run
    bool kept = false;            // to the end
  };
  struct Work {
    std::vector<std::size_t> uses;      // places that it reads or writes, each once
    std::vector<std::size_t> makes;     // those of them that begin here
    std::vector<ir::NodeId> followers;  // each once
    std::size_t waits_for = 0, scratch = 0;
    bool has_run = false;
  };

  void find_places(const ir::Graph& graph, const std::vector<Share>& shares);
  void find_followers(const ir::Graph& graph, const OrderOptions& options);
  void add_edge(ir::NodeId from, ir::NodeId to);
  std::size_t made_by(ir::NodeId node) const;

  std::vector<Place> places_;
  std::vector<Work> nodes_;
  std::vector<std::size_t> place_of_;  // of a tensor
  std::vector<ir::NodeId> done_;
  std::size_t alive_ = 0;
  std::uint64_t state_ = 0;
};

}  // namespace frugal::plan
