// Blocks in several memories: random sets of them, what is cheap, what spills, and what cannot be placed.
#include "plan/regions.h"

#include "base/error.h"
#include "plan/block_file.h"
#include "plan/plan.h"
#include "plan/random_blocks.h"
#include "plan/verify.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;

namespace {

const std::vector<plan::Region> two = {{"SRAM", 512, 3}, {"DTCM", 128, 1}};

}  // namespace

TEST_CASE("plans over several memories hold, whatever fits into them", "[plan]") {
  int spilled = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    INFO("seed " << seed);
    auto blocks =
        test::random_blocks(seed, {.most_blocks = 30, .most_bytes = 100, .alignments = 4, .mixed = true});
    base::Random random(seed, "regions");
    for (plan::Block& block : blocks) {
      block.traffic = random.below(1000);
      if (random.below(4) == 0) block.regions = {random.below(2)};
    }
    const plan::RegionPlan plan = plan::place_in_regions(blocks, two, {.nodes = 300});
    CHECK_FALSE(plan::fault_of(blocks, two, plan).has_value());
    CHECK(plan.used[0] <= 512);
    CHECK(plan.used[1] <= 128);
    spilled += plan.fits() && plan.used[0] > 0 && plan.used[1] > 0 ? 1 : 0;
    refused += plan.fits() ? 0 : 1;
  }
  CHECK(spilled >= 10);
  CHECK(refused >= 10);
}

TEST_CASE("what is used most lies in the cheapest memory, and the rest spills", "[plan]") {
  std::vector<plan::Block> blocks(3);
  for (plan::Block& block : blocks)
    block = {.bytes = 100, .first = 0, .last = 4, .alignment = 4, .name = "b"};
  blocks[1].traffic = 5000;
  const plan::RegionPlan plan = plan::place_in_regions(blocks, two);
  CHECK(plan.fits());
  CHECK(plan.region == std::vector<std::size_t>{0, 1, 0});
  CHECK(plan.used == std::vector<std::size_t>{200, 100});
  CHECK(plan.cost == 3 * 200 + 5000);

  // One that must lie there goes first.
  blocks[2].regions = {1};
  CHECK(plan::place_in_regions(blocks, two).region == std::vector<std::size_t>{0, 0, 1});
}

TEST_CASE("both memories are filled where only that holds all blocks", "[plan]") {
  // By traffic the small ones would take DTCM, and the last would find no room.
  std::vector<plan::Block> blocks = {{.bytes = 60, .first = 0, .last = 0, .traffic = 9000},
                                     {.bytes = 60, .first = 2, .last = 2, .traffic = 9000},
                                     {.bytes = 128, .first = 0, .last = 2, .traffic = 1},
                                     {.bytes = 452, .first = 0, .last = 2}};
  const plan::RegionPlan plan = plan::place_in_regions(blocks, two);
  CHECK(plan.fits());
  CHECK(plan.region[2] == 1);
}

TEST_CASE("blocks without room are named, with what is alive and what there is", "[plan]") {
  const std::vector<plan::Block> blocks = {{.bytes = 500, .first = 0, .last = 2, .name = "map"},
                                           {.bytes = 300, .first = 1, .last = 3, .name = "gradient"}};
  const plan::RegionPlan plan = plan::place_in_regions(blocks, two);
  REQUIRE(plan.without_room == std::vector<std::size_t>{1});
  CHECK(plan::why_not(blocks, two, plan) ==
        "800 bytes are alive at step 1; SRAM 512 + DTCM 128 = 640; without room: 'gradient' (300)");
}

TEST_CASE("the verifier knows wrong plans over several memories", "[plan]") {
  const std::vector<plan::Block> blocks = {{.bytes = 100, .first = 0, .last = 2, .name = "a", .regions = {0}},
                                           {.bytes = 100, .first = 1, .last = 3, .name = "b"}};
  const auto fault = [&](std::vector<std::size_t> region, std::vector<std::size_t> offsets,
                         std::vector<std::size_t> without = {}) {
    plan::RegionPlan plan;
    plan.region = std::move(region);
    plan.offsets = std::move(offsets);
    plan.without_room = std::move(without);
    return plan::fault_of(blocks, two, plan).value_or("none");
  };
  CHECK(fault({0, 1}, {0, 0}) == "none");
  CHECK(fault({0, 0}, {0, 100}) == "none");
  CHECK(fault({0, 0}, {0, 99}).find("SRAM: 'a' (steps 0 to 2, bytes 0 to 99) and 'b'") == 0);
  CHECK(fault({1, 0}, {0, 0}) == "'a' may not lie in DTCM");
  CHECK(fault({0, 1}, {0, 29}).find("DTCM: 'b' (steps 1 to 3, bytes 29 to 128) ends beyond") == 0);
  CHECK(fault({0, plan::no_region}, {0, 0}) == "block 1 is in no region");
  CHECK(fault({0, plan::no_region}, {0, 0}, {1}) == "none");
  CHECK(fault({0}, {0}) == "2 blocks have 1 regions and 1 places");
}

TEST_CASE("memories are read from texts, and bad ones are named", "[plan]") {
  const auto regions = plan::parse_regions({"DTCM=128", "SRAM=0.5KB:2.5", "far=1B"}, "--region");
  REQUIRE(regions.size() == 3);
  CHECK(regions[0].name == "DTCM");
  CHECK(regions[0].bytes == 128);
  CHECK(regions[0].cost == 1);
  CHECK(regions[1].bytes == 512);
  CHECK(regions[1].cost == 2.5);
  CHECK(regions[2].cost == 3);
  for (const char* bad : {"DTCM", "=5", "a=", "a=x", "a=0", "a=-5", "a=5:", "a=5:-1", "a=5:x", "a=5;1",
                          "a=5:inf", "a=99999999999999999999999", "SRAM=4"}) {
    INFO(bad);
    CHECK_THROWS_AS(plan::parse_regions({"SRAM=512", bad}, "--region"), base::UserError);
  }
}

TEST_CASE("a memory of no size is named with its name", "[plan]") {
  CHECK(test::message_of([] {
          plan::parse_regions({"SRAM=512", "DTCM=64kb"}, "device.memories");
        }) == "device.memories DTCM: is no size: '64kb'");
}

TEST_CASE("blocks in several memories are written with the names of these", "[plan]") {
  const std::vector<plan::Block> blocks = {{.bytes = 500, .first = 0, .last = 2, .name = "map"},
                                           {.bytes = 100, .first = 1, .last = 3, .name = "mask"},
                                           {.bytes = 300, .first = 1, .last = 3, .name = "gradient"}};
  CHECK(plan::to_csv(blocks, two, plan::place_in_regions(blocks, two)) ==
        "id,lower,upper,size,region,offset\nmap,0,3,500,SRAM,0\nmask,1,4,100,DTCM,0\ngradient,1,4,300,,\n");
}
