// Programs that are started: their lines, their end, what they write to standard error.
#include "emulate/process.h"

#include <csignal>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("a program's lines come one by one, also the last without an end", "[emulate]") {
  std::vector<std::string> lines;
  const auto take = [&](const std::string& line) { lines.push_back(line); };
  const auto done =
      emulate::run_program({"sh", "-c", "pwd; printf 'a\\n\\nb'; echo no >&2; exit 3"}, "/", take);
  CHECK(lines == std::vector<std::string>{"/", "a", "", "b"});
  CHECK(done.exit_code == 3);
  CHECK(done.errors == "no\n");
  CHECK(emulate::run_program({"sh", "-c", "kill -9 $$"}, "/", take).exit_code == 128 + SIGKILL);
  CHECK_THROWS_AS(emulate::run_program({"no-such-program"}, "/", take), base::Failure);
  CHECK(emulate::has_program("sh"));
  CHECK_FALSE(emulate::has_program("no-such-program"));
}

TEST_CASE("who reads the lines may throw: the program and what it started end", "[emulate]") {
  const test::TempDir folder;
  const auto stop = [](const std::string&) { throw base::Failure("enough"); };
  CHECK_THROWS_WITH(emulate::run_program({"sh", "-c", "sleep 100 & echo $! > pid; echo line; wait"},
                                         folder.path().string(), stop),
                    "enough");
  const std::string alive = "kill -0 $(cat " + (folder / "pid") + ") 2>/dev/null";
  for (int i = 0; i < 100 && std::system(alive.c_str()) == 0; ++i) std::system("sleep 0.02");
  CHECK(std::system(alive.c_str()) != 0);
}
