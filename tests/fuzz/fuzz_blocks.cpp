// A CSV of blocks: any text gives blocks or a UserError, and blocks get a plan that holds, also over several
// memories, which verifies itself and never lies below the bound.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "plan/block_file.h"
#include "plan/plan.h"
#include "plan/regions.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const std::vector<plan::Block> blocks = plan::parse_blocks(text, "input.csv");
    plan::Options options;
    options.search.nodes = 50;
    const plan::Plan smallest = plan::place(blocks, options);
    FRUGAL_ASSERT(smallest.arena.bytes >= smallest.lower_bound, "no plan is below the bound");
    options.capacity = smallest.lower_bound;
    const plan::Plan tight = plan::place(blocks, options);
    FRUGAL_ASSERT(!tight.impossible || !tight.fits, "a plan that is there is possible");
    plan::place_in_regions(blocks, {{"near", smallest.lower_bound / 3, 1}, {"far", smallest.lower_bound, 2}},
                           options.search);
  } catch (const base::UserError&) {
  }
  return 0;
}
