// Whether a result can be written is said before the work.
#include "base/can_write.h"

#include "base/error.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("a folder can be made where those above it can, and leaves nothing") {
  const test::TempDir dir;
  CHECK_NOTHROW(base::check_can_make_folder(dir.path().string()));
  CHECK_NOTHROW(base::check_can_make_folder(dir / "a/b/c"));
  CHECK(std::filesystem::is_empty(dir.path()));
  test::write_text(dir / "file", "");
  CHECK_THROWS_AS(base::check_can_make_folder(dir / "file"), base::Failure);
  CHECK_THROWS_AS(base::check_can_make_folder(dir / "file/b"), base::Failure);
}
