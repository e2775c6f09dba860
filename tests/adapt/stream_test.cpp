// The tasks of a stream of classes.
#include "adapt/stream.h"

#include "support/test.h"

using namespace frugal;

TEST_CASE("classes of a stream come a task at a time, in their order", "[adapt]") {
  adapt::StreamConfig stream;
  CHECK(stream.tasks().empty());
  stream.order = {4, 0, 3};
  CHECK(stream.tasks() == std::vector<std::vector<std::int64_t>>{{4}, {0}, {3}});
  stream.classes_per_task = 2;
  CHECK(stream.tasks() == std::vector<std::vector<std::int64_t>>{{4, 0}, {3}});
}
