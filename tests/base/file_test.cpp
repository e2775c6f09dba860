#include "base/file.h"
#include "base/given_path.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/aside.h"
#include "base/error.h"
#include "support/test.h"

using namespace frugal;

namespace {
std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}
}  // namespace

TEST_CASE("a file written aside appears whole or not at all") {
  test::TempDir dir;
  const std::string path = dir / "a.txt";
  base::write_text(path, "old");
  {
    base::AtomicFile file(path);
    file.write("half", 4);
    REQUIRE(base::read_text(path) == "old");
  }
  REQUIRE(base::read_text(path) == "old");
  REQUIRE(files_in(dir.path()) == 1);
  base::write_text(path, "new");
  REQUIRE(base::read_text(path) == "new");
}

TEST_CASE("a file that there is no room for leaves the one it was to replace") {
  test::TempDir dir;
  const std::string path = dir / "a.txt", old(1000, 'o');
  base::write_text(path, old);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_AS(base::write_text(path, std::string(100'000, 'n')), base::Failure);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, handler);
  CHECK(base::read_text(path) == old);
  CHECK(files_in(dir.path()) == 1);
}

TEST_CASE("what is no regular file is written to and stays what it is") {
  test::TempDir dir;
  const std::string pipe = dir / "pipe", file = dir / "file", link = dir / "link";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  base::write_text(pipe, "through");
  char got[16] = {};
  REQUIRE(::read(reader, got, sizeof got) == 7);
  ::close(reader);
  REQUIRE(std::filesystem::is_fifo(pipe));
  base::write_text("/dev/null", "gone");
  REQUIRE(std::filesystem::is_character_file("/dev/null"));

  base::write_text(file, "old");
  std::filesystem::create_symlink(file, link);
  base::write_text(base::given_path(link), "new");
  REQUIRE(std::filesystem::is_symlink(link));
  REQUIRE(base::read_text(file) == "new");
  REQUIRE(files_in(dir.path()) == 3);
}

TEST_CASE("a link that lies where a file of a folder is written is replaced, and what it leads to stays") {
  test::TempDir dir;
  const std::string secret = dir / "secret", link = dir / "result.json", lines = dir / "events.jsonl";
  base::write_text(secret, "old");
  for (const std::string& one :
       {link, lines, dir / ".lock", link + "." + std::to_string(::getpid()) + ".part"})
    std::filesystem::create_symlink(secret, one);
  base::write_text(link, "new");
  REQUIRE_FALSE(std::filesystem::is_symlink(link));
  REQUIRE(base::read_text(link) == "new");
  REQUIRE_THROWS_AS(base::append_line(lines, "{}"), base::Failure);
  REQUIRE_THROWS_AS(base::FolderLock(dir.path().string()), base::Failure);
  REQUIRE(base::read_text(secret) == "old");
  REQUIRE(files_in(dir.path()) == 4);
}

TEST_CASE("a link to a folder is followed where the user names it, and not inside of an output folder") {
  test::TempDir dir;
  base::make_folder(dir / "elsewhere");
  base::make_folder(dir / "out");
  std::filesystem::create_symlink(dir / "elsewhere", dir / "latest");
  std::filesystem::create_symlink(dir / "elsewhere", dir / "out/model");
  base::make_folder(dir / "latest");
  base::make_folder(dir / "out/model/");
  const base::FolderLock lock(dir / "out");
  base::make_folder(dir / "latest/");
  REQUIRE_THROWS_AS(base::make_folder(dir / "out/model"), base::Failure);
  REQUIRE_THROWS_AS(base::make_folder(dir / "out/model/"), base::Failure);
  base::make_folder(dir / "out/other");
  base::make_folder(dir / "out/other");
}

TEST_CASE("reading what is not there or is a folder is the user's error") {
  test::TempDir dir;
  REQUIRE_THROWS_AS(base::read_text(dir / "absent"), base::UserError);
  REQUIRE_THROWS_AS(base::read_text(dir.path().string()), base::UserError);
  REQUIRE_THROWS_AS(base::MappedFile(dir.path().string()), base::UserError);
}

TEST_CASE("a line appended after a torn one starts on a line of its own") {
  test::TempDir dir;
  const std::string path = dir / "runs.jsonl";
  base::append_line(path, "{\"a\":1}");
  test::write_text(path, base::read_text(path) + "{\"torn");
  base::append_line(path, "{\"b\":2}");
  REQUIRE(base::read_text(path) == "{\"a\":1}\n{\"torn\n{\"b\":2}\n");
}

TEST_CASE("what killed processes left aside is cleared when the folder is held again") {
  const test::TempDir folder;
  const pid_t gone = fork();  // a process that runs no longer
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  const auto aside = [&](const std::string& name, pid_t process) {
    const std::string path = folder / (name + "." + std::to_string(process) + ".part");
    base::write_text(path, "half");
    return path;
  };
  const std::string left = aside("checkpoint.safetensors", gone), alive = aside("result.json", getppid()),
                    film = aside("film.mp4", gone), other = folder / "notes.json.part";
  base::write_text(other, "theirs");
  base::clear_left_aside(folder.path().string(), "result");
  CHECK(std::filesystem::exists(left));
  const base::FolderLock lock(folder.path().string());
  CHECK_FALSE(std::filesystem::exists(left));
  for (const std::string& kept : {alive, film, other}) CHECK(std::filesystem::exists(kept));
}

TEST_CASE("a folder is one process's at a time") {
  test::TempDir dir;
  base::FolderLock lock(dir / "out");
  const pid_t child = fork();
  if (child == 0) {
    try {
      base::FolderLock second(dir / "out");
    } catch (const base::UserError& error) {
      _exit(std::string(error.what()).find(std::to_string(getppid())) != std::string::npos ? 7 : 8);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WEXITSTATUS(status) == 7);
}
