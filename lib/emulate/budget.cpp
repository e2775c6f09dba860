#include "emulate/budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "compile/fit.h"
#include "emulate/report.h"
#include "ir/ids.h"
#include "plan/block_file.h"
#include "plan/peak.h"

namespace frugal::emulate {
namespace {

using base::UserError;

constexpr std::size_t named = 3;

std::string slowest_layers(const Compiled& compiled, const Spent& spent) {
  std::vector<LayerCost> layers = layers_of(compiled, spent.calls);
  std::stable_sort(layers.begin(), layers.end(),
                   [](const LayerCost& a, const LayerCost& b) { return a.instructions > b.instructions; });
  std::string text;
  for (std::size_t i = 0; i < std::min(named, layers.size()); ++i)
    text +=
        fmt::format("{}'{}' ({})", i == 0 ? "; most take " : ", ", layers[i].node, layers[i].instructions);
  return text;
}

std::string replay_among(const Compiled& compiled) {
  return compiled.replay ? fmt::format(", {} of them old examples", compiled.planned("sram", "replay_bytes"))
                         : "";
}

}  // namespace

void require_within(const Budget& budget, const Spent& spent, const Compiled& compiled) {
  const std::int64_t sram = spent.memory.static_bytes + spent.memory.stack_used;
  if (budget.sram >= 0 && sram > budget.sram) {
    const std::string path = compiled.folder + "/plan.csv";
    throw UserError("--sram",
                    fmt::format("{} bytes were used ({} of variables{}, {} of stack), {} more than {}; "
                                "the arena is fullest{}",
                                sram, spent.memory.static_bytes, replay_among(compiled),
                                spent.memory.stack_used, sram - budget.sram, budget.sram,
                                plan::at_peak(plan::parse_blocks(base::read_text(path), path))),
                    compiled.replay ? "a smaller replay.bytes, or a scheme that trains less"
                                    : "a scheme that trains less, or a smaller resolution");
  }
  if (budget.flash >= 0 && spent.memory.flash_bytes > budget.flash)
    throw UserError("--flash",
                    fmt::format("{} bytes are used, {} more than {}; the largest numbers are {}",
                                spent.memory.flash_bytes, spent.memory.flash_bytes - budget.flash,
                                budget.flash, compile::largest_numbers(*compiled.start, named)),
                    "a smaller network; device.optimise=-Os makes code smaller");
  if (budget.instructions >= 0 && spent.step_instructions > budget.instructions)
    throw UserError("--instructions",
                    fmt::format("a training step took {}, {} more than {}{}", spent.step_instructions,
                                spent.step_instructions - budget.instructions, budget.instructions,
                                slowest_layers(compiled, spent)),
                    "a scheme that trains less, or a smaller network");
}

}  // namespace frugal::emulate
