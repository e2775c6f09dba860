// Blocks from CSV files: what is read, and each kind of bad line.
#include "plan/block_file.h"

#include "base/error.h"
#include "support/test.h"

using namespace frugal;

namespace {

std::string error_of(const std::string& text) {
  try {
    plan::parse_blocks(text, "a.csv");
  } catch (const base::UserError& error) {
    return error.place() + ": " + error.message();
  }
  return "none";
}

}  // namespace

TEST_CASE("blocks are read by the names of their columns", "[plan]") {
  const auto blocks =
      plan::parse_blocks("size, name ,upper,lower,alignment\r\n8,a,3,0,4\n\n0,b,10,9,1\n", "a.csv");
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].name == "a");
  CHECK(blocks[0].bytes == 8);
  CHECK(blocks[0].first == 0);
  CHECK(blocks[0].last == 2);
  CHECK(blocks[0].alignment == 4);
  CHECK(blocks[1].bytes == 0);
  CHECK(blocks[1].first == 9);
  CHECK(blocks[1].last == 9);
  const std::string written = plan::to_csv(blocks, {{16, 0}, 24});
  CHECK(written == "id,lower,upper,size,alignment,offset\na,0,3,8,4,16\nb,9,10,0,1,0\n");
}

TEST_CASE("bad lines of blocks are errors at their line", "[plan]") {
  const std::string head = "id,lower,upper,size\n";
  CHECK(error_of("") == "a.csv: has no blocks");
  CHECK(error_of(head) == "a.csv: has no blocks");
  CHECK(error_of("id,lower,uper,size\n") == "a.csv:1: unknown column 'uper'");
  CHECK(error_of("id,lower,upper\n1,2,3\n") == "a.csv:1: column 'size' is missing");
  CHECK(error_of("id,name,lower,upper,size\n") == "a.csv:1: column 'name' stands twice");
  CHECK(error_of(head + "a,0,1\n") == "a.csv:2: has 3 fields, the header 4");
  CHECK(error_of(head + "a,0,1,8,9\n") == "a.csv:2: has 5 fields, the header 4");
  CHECK(error_of(head + "a,0,1,8\n,0,1,8\n") == "a.csv:3: a block without an id");
  CHECK(error_of(head + "a,0,1,8\nb,0,1,8\na,0,1,8\n") == "a.csv:4: id 'a' stands in line 2 too");
  CHECK(error_of(head + "a,0,1,8.5\n") == "a.csv:2: size must be a whole number, got '8.5'");
  CHECK(error_of(head + "a,0,1,\n") == "a.csv:2: size must be a whole number, got ''");
  CHECK(error_of(head + "a,0,1,-8\n") == "a.csv:2: size must be 0 to 281474976710656, got -8");
  CHECK(error_of(head + "a,0,1,99999999999999999999\n") ==
        "a.csv:2: size must be a whole number, got '99999999999999999999'");
  CHECK(error_of(head + "a,0,3000000000,8\n") == "a.csv:2: upper must be 0 to 2147483647, got 3000000000");
  CHECK(error_of(head + "a,4,4,8\n") ==
        "a.csv:2: upper must be above lower: block 'a' is needed from 4 to before 4");
  CHECK(error_of("id,lower,upper,size,alignment\na,0,1,8,0\n") ==
        "a.csv:2: alignment must be 1 to 1048576, got 0");
}
