// The search space: which operations each block of a network may be, as data. ProxylessNAS (Cai, Zhu, Han,
// ICLR 2019, section 3 and appendix): stages of blocks between a fixed stem and a fixed end; every block is
// one of N candidates, and where it keeps the shape (stride 1, as many channels out as in) it has a shortcut
// and may also be skipped (Zero). No torch here: the profiler and the cost tables read spaces without it.
//
// A candidate is written as in network lines: "3e6" is an inverted bottleneck of kernel 3 and expansion 6,
// "3e6se" the same with squeeze-and-excitation, "c3" a plain 3×3 convolution, "Z" Zero. Z stands in the list
// once and counts only in blocks that keep the shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "network/frame.h"

namespace frugal::search {

using Choice = std::vector<std::size_t>;  // candidate of every block

struct StageConfig {
  std::int64_t width = 0, depth = 1, stride = 1;
  std::vector<std::string> candidates;  // empty: those of the space
  std::string act_func = "relu6";       // of its bottlenecks

  void visit(config::Visitor& v);
};

struct SpaceConfig : network::FrameConfig {
  std::string name;               // of a file's space, for people
  std::int64_t first_block = 16;  // width of a fixed MBConv 3×3, expansion 1, after the stem; 0: none
  std::vector<std::string> candidates = {"3e3", "3e6", "5e3", "5e6", "7e3", "7e6", "Z"};
  std::vector<StageConfig> stages;

  SpaceConfig();  // the paper's ImageNet space
  void visit(config::Visitor& v);
};

struct Candidate {
  std::string label;     // "3e6", "Z"
  network::Block block;  // with the block's shortcut
};

struct SearchBlock {
  std::vector<Candidate> candidates;
  network::Shape in, out;
  int stage = 0;
  bool shortcut = false;  // stride 1 and as many channels out as in
};

class SearchSpace {
 public:
  // Throws UserError at `place` ("configs/space.json:/space") for what makes no space: a candidate that
  // cannot be read or stands twice, a single candidate everywhere, Zero alone, an image that runs out of
  // pixels.
  SearchSpace(const SpaceConfig& config, const std::string& place);

  const SpaceConfig& config() const { return config_; }
  const std::vector<SearchBlock>& blocks() const { return blocks_; }
  std::size_t operation_count() const;
  double log10_networks() const;

  // What no choice changes: stem, first block, head, classifier; `blocks` holds the first block or nothing.
  const network::NetworkConfig& frame() const { return frame_; }
  std::size_t fixed_blocks() const { return frame_.blocks.size(); }

  // The network of one candidate a block; its blocks are the frame's followed by those chosen.
  network::NetworkConfig network(const Choice& choice) const;

  // The candidates by their labels, "3e6 Z | 5e3 3e3"; and back. UserError naming the block.
  std::string text(const Choice& choice) const;
  Choice choice_of(const std::vector<std::string>& labels, const std::string& place) const;

 private:
  SpaceConfig config_;
  network::NetworkConfig frame_;
  std::vector<SearchBlock> blocks_;
};

// A space of a JSON file: the space itself, or an object (a search config) whose "space" it is.
SearchSpace load_space(const std::string& path, const std::vector<std::string>& settings = {});

}  // namespace frugal::search
