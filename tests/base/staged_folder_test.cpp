// Folders that appear whole or not at all, and files of folders that others made.
#include "base/staged_folder.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_file.h"
#include "support/test.h"

using namespace frugal;
namespace fs = std::filesystem;

namespace {

std::string place_of(const std::string& folder, const std::set<std::string>& replaceable = {}) {
  try {
    const base::StagedFolder staged(folder, replaceable);
  } catch (const base::UserError& error) {
    return error.message();
  }
  return "";
}

}  // namespace

TEST_CASE("a staged folder is there after commit alone, and leaves nothing without it") {
  test::TempDir dir;
  const std::string out = dir / "out";
  {
    base::StagedFolder staged(out);
    base::write_text(staged.path() + "/a", "half");
    REQUIRE(!fs::exists(out));
  }
  REQUIRE(fs::is_empty(dir.path()));
  base::StagedFolder staged(out + "/");  // a slash at the end says the same folder
  base::write_text(staged.path() + "/a", "whole");
  base::make_folder(staged.path() + "/in");
  base::write_text(staged.path() + "/in/b", "too");
  REQUIRE(staged.files() == std::set<std::string>{"a", "in/b"});
  staged.commit();
  REQUIRE(base::read_text(out + "/a") == "whole");
  REQUIRE(std::distance(fs::recursive_directory_iterator(dir.path()), {}) == 4);
}

TEST_CASE("an older result is exchanged, what is not ours is refused and kept") {
  test::TempDir dir;
  const std::string out = dir / "out";
  base::make_folder(out);
  base::write_text(out + "/a", "old");
  REQUIRE(place_of(out).find("holds a, which was not written there") != std::string::npos);
  {
    base::StagedFolder staged(out, {"a", "gone"});
    base::write_text(staged.path() + "/b", "new");
    REQUIRE(base::read_text(out + "/a") == "old");
    staged.commit();
  }
  REQUIRE(!fs::exists(out + "/a"));
  REQUIRE(base::read_text(out + "/b") == "new");
  REQUIRE(std::distance(fs::directory_iterator(dir.path()), {}) == 1);
  base::write_text(out + "/thesis", "precious");
  REQUIRE(place_of(out, {"b"}).find("thesis") != std::string::npos);
  REQUIRE(base::read_text(out + "/thesis") == "precious");
  {
    base::StagedFolder staged(out, {"b", "thesis"});
    base::write_text(out + "/late", "came meanwhile");
    base::write_text(staged.path() + "/c", "new");
    REQUIRE_THROWS_AS(staged.commit(), base::UserError);
  }
  REQUIRE(base::read_text(out + "/late") == "came meanwhile");
  REQUIRE(base::read_text(out + "/b") == "new");
}

TEST_CASE("one process at a time writes a folder, and a killed one's part is cleared") {
  test::TempDir dir;
  const std::string out = dir / "out";
  {
    const base::StagedFolder first(out);
    REQUIRE(place_of(out).find("is being written by another process (") != std::string::npos);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    base::StagedFolder staged(out);
    base::write_text(staged.path() + "/half", "x");
    ::_exit(0);  // no destructor runs, as after a kill
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(fs::exists(out + ".part/half"));
  base::StagedFolder staged(out);
  REQUIRE(staged.files().empty());
  staged.commit();
  REQUIRE(!fs::exists(out + ".part"));
  base::make_folder(dir / "mine.part");
  base::write_text(dir / "mine.part/notes", "x");
  REQUIRE(place_of(dir / "mine").find("is in the way") != std::string::npos);
  REQUIRE(fs::exists(dir / "mine.part/notes"));
  base::write_text(dir / "file", "x");
  REQUIRE(place_of(dir / "file") == "there is a file of that name");
}

TEST_CASE("files of a folder are regular and lie in it") {
  test::TempDir dir;
  base::make_folder(dir / "m/sub");
  base::write_text(dir / "m/a", "x");
  base::write_text(dir / "outside", "x");
  REQUIRE(::mkfifo((dir / "m/pipe").c_str(), 0600) == 0);
  fs::create_symlink("a", dir / "m/inside");
  fs::create_symlink("../outside", dir / "m/out");
  fs::create_symlink("nothing", dir / "m/broken");
  fs::create_symlink("/dev/zero", dir / "m/zero");
  const std::string m = dir / "m";
  REQUIRE(base::refused(m, "a").empty());
  REQUIRE(base::refused(m, "inside").empty());
  REQUIRE(base::refused(m, "b") == "is missing");
  REQUIRE(base::refused(m, "sub") == "is a folder, not a file");
  REQUIRE(base::refused(m, "pipe") == "is a pipe, not a file");
  REQUIRE(base::refused(m, "zero") == "is a device, not a file");
  REQUIRE(base::refused(m, "broken") == "is a link to nothing");
  REQUIRE(base::refused(m, "out").find("leads out of the folder") != std::string::npos);
  REQUIRE_THROWS_AS(base::folder_file(m, "out"), base::UserError);
  REQUIRE(base::in_folder(m, "broken"));
  REQUIRE(!base::in_folder(m, "b"));
  // Hugging Face's cache.
  base::make_folder(dir / "c/blobs");
  base::make_folder(dir / "c/snapshots/r1");
  base::write_text(dir / "c/blobs/hash", "x");
  fs::create_symlink("../../blobs/hash", dir / "c/snapshots/r1/config.json");
  REQUIRE(base::refused(dir / "c/snapshots/r1", "config.json").empty());
}
