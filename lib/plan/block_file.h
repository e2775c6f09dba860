// Blocks to be placed as a CSV file has them, and placed blocks as one: the form of public sets of hard cases
// (MiniMalloc's), so that a plan can be tried, compared and reported without a network.
#pragma once

#include <string>
#include <vector>

#include "plan/block.h"
#include "plan/regions.h"

namespace frugal::plan {

// Columns by name, in any order: id (or name), lower and upper (steps, upper excluded), size (bytes), and
// where wanted alignment (bytes); offset may stand there, an earlier answer that is not read. Throws
// UserError at "origin:line" for a column that is missing or unknown, a line with more or fewer fields, a
// number that is none or out of range, an id that stands twice, no block at all.
std::vector<Block> parse_blocks(const std::string& text, const std::string& origin);
std::vector<Block> read_blocks(const std::string& path);  // "-": standard input

// The same columns with the offset behind them.
std::string to_csv(const std::vector<Block>& blocks, const Arena& arena);
// With the name of the memory before the offset; both empty for a block without room or without bytes.
std::string to_csv(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                   const RegionPlan& plan);

}  // namespace frugal::plan
