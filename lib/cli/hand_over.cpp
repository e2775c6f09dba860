#include "cli/hand_over.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace frugal::cli {
namespace {

// Standard input reads `text` from now on.
void become_input(const std::string& text) {
  std::FILE* file = std::tmpfile();  // it has no name, and goes with the last descriptor of it
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                       std::fflush(file) == 0 && lseek(fileno(file), 0, SEEK_SET) == 0 &&
                       dup2(fileno(file), STDIN_FILENO) >= 0;
  if (!written)
    throw base::Failure(std::string("cannot write a temporary file: ") + std::strerror(errno),
                        "/tmp must have room");
  std::fclose(file);
}

}  // namespace

void hand_over(const std::string& program, const std::string& input, const std::string& place,
               const std::string& what) {
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
  if (!std::filesystem::exists(path))
    throw base::UserError(place, what + " needs " + path.string() + ", which is not there",
                          "build with LibTorch (-DFRUGAL_LEARN=ON)");
  become_input(input);
  std::fflush(nullptr);
  std::string name = path.string();
  char* const arguments[] = {name.data(), nullptr};
  execv(name.c_str(), arguments);
  throw base::Failure("cannot run " + name + ": " + std::strerror(errno));
}

}  // namespace frugal::cli
