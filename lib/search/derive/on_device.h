// Hard limits that the compiler of tinytrain-compile counts: SRAM and flash of a network that learns on a
// board are planned, instructions are counted in the emulator. None is a sum over blocks, so whole networks
// are compiled, from the most probable down, until one keeps the limits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "search/derive/derive.h"

namespace frugal::search {

// What a network is compiled for.
struct BoardConfig {
  std::string target;           // m3, m4, m7, m55, rv32; empty: no board
  std::string scheme = "head";  // what is trained there: full, head, bias:k, last:k, or a file

  void visit(config::Visitor& v);
};

// device_sram_bytes (arena, trained numbers, stack), device_flash_bytes (numbers; code comes on top),
// device_instructions (an inference), device_step_instructions.
const std::vector<std::string>& device_metric_names();
bool is_device_metric(const std::string& name);

using DeviceLimits = std::map<std::string, double>;  // metric: at most
using DeviceNeeds = std::map<std::string, std::int64_t>;

class OnDevice {
 public:
  // UserError at `place` for limits without a board, for a target or scheme that is none.
  OnDevice(const SearchSpace& space, const BoardConfig& board, const DeviceLimits& limits,
           const std::string& place);
  ~OnDevice();

  bool given() const { return !board_.target.empty(); }
  // What a network takes there: SRAM and flash, and the instructions that a limit names. Remembered.
  const DeviceNeeds& needs(const Choice& choice) const;
  bool keeps(const Choice& choice) const;

  // A probable network that keeps all limits, the most probable where that does. One that takes too much is
  // followed by the most probable one that costs less by the sum next to what it takes too much of
  // (activations or multiply-accumulates, weights); of the first that keeps the limits single blocks are then
  // exchanged for more probable ones while that goes. UserError where none keeps them.
  Choice derive(const BlockScores& scores, const std::vector<Limit>& limits, const std::string& place) const;

  // {"target", "scheme", needs…, "limits"} for a result.
  nlohmann::ordered_json describe(const Choice& choice) const;

 private:
  class Emulated;
  DeviceNeeds counted(const Choice& choice) const;
  std::vector<std::string> passed(const DeviceNeeds& needs) const;  // names of limits
  Choice improved(Choice choice, const BlockScores& scores, const std::vector<Limit>& limits) const;

  const SearchSpace& space_;
  BoardConfig board_;
  DeviceLimits limits_;
  std::string place_;
  mutable std::map<Choice, DeviceNeeds> known_;
  mutable std::unique_ptr<Emulated> emulated_;  // folder where networks are built; made when it is needed
};

}  // namespace frugal::search
