// A supernet that starts from a network that was trained before, as Once-for-all's smaller networks start
// from its largest (Cai, Gan, Wang, Zhang, Han, ICLR 2020): each candidate takes the weights of the block in
// its place, with fewer channels those of the largest norm, a smaller kernel from the centre. A larger kernel
// begins as the smaller one among zeros, which computes the same. The head is new: it tells other classes
// apart.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/supernet/supernet.h"

namespace frugal::search {

struct PretrainedNetwork {
  std::string network;  // its network.json
  std::string weights;  // safetensors, .pth or .pt

  bool given() const { return !network.empty() || !weights.empty(); }
  void visit(config::Visitor& v);
};

struct Inherited {
  struct Block {
    std::string name, from;  // "blocks.3", of the supernet and of the network
    std::vector<std::string>
        candidates;  // "3e6: whole", "5e3: channels by norm, kernel widened", "3e1: made up (…)"
  };
  std::string family;
  std::vector<Block> blocks;
  std::string stem, head;           // what became of them
  std::int64_t taken = 0, all = 0;  // numbers of the weights
};

// The space with no more channels than the network has, stage by stage, so that all of it begins with the
// network.
SpaceConfig within(SpaceConfig space, const std::string& network);

// Fills the supernet. UserError where the files do not fit each other.
Inherited inherit(Supernet& net, const PretrainedNetwork& from);
nlohmann::ordered_json to_json(const Inherited& inherited);

}  // namespace frugal::search
