// The picture of a memory plan: a box a block, names of the largest.
#include "plan/picture.h"

#include "support/test.h"

using namespace frugal;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a memory plan is drawn with a box a block and the names of the largest", "[plan]") {
  const std::vector<plan::Block> blocks = {{.bytes = 4096, .first = 0, .last = 2, .name = "conv1"},
                                           {.bytes = 100, .first = 1, .last = 4, .name = "bias"},
                                           {.bytes = 0, .first = 0, .last = 4, .name = "nothing"},
                                           {.bytes = 2048, .first = 3, .last = 5, .name = "a<b"}};
  const plan::Arena arena{{0, 4096, 0, 0}, 4196};
  const std::string drawn = plan::picture(blocks, arena, {.title = "plan", .named = 2, .capacity = 8192});
  CHECK(drawn.find("<svg") != std::string::npos);
  CHECK(count(drawn, "conv1: 4096 bytes") == 2);  // in the legend and under the pointer
  CHECK(count(drawn, "a&lt;b: 2048 bytes") == 2);
  CHECK(count(drawn, "bias: 100 bytes") == 1);
  CHECK(count(drawn, "others") == 1);
  CHECK(count(drawn, "nothing") == 0);
  CHECK(count(drawn, "capacity") >= 1);
  CHECK(plan::picture({}, {}).find("<svg") != std::string::npos);
}
