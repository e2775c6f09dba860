#include "emulate/target.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "emulate/process.h"
#include "ops/ops.h"

namespace frugal::emulate {
namespace {

using base::Failure;
using base::UserError;
using device::Target;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

// Kernels of a core may want memory that a folder for another core did not plan.
void require_kernels(const Compiled& compiled, Target target) {
  const std::string name = device::name_of(target);
  device::require_arithmetic(target, compiled.without_floats(), "target '" + name + "'");
  const auto wanted = compile::kernels_of(target);
  if (wanted != OPS_PLAIN && wanted != compile::kernels_of(compiled.target))
    throw UserError("target '" + name + "'",
                    "has kernels that want more memory than was planned: " + compiled.folder +
                        " was compiled for " + device::name_of(compiled.target),
                    "compile it anew with device.target=" + name);
}

std::vector<std::string> make_words(const Board& board) {
  std::vector<std::string> words{"make", "-s", "TARGET=" + device::name_of(board.target)};
  std::string folder = "build/" + device::name_of(board.target);
  if (board.profile) words.emplace_back("PROFILE=1");
  if (board.profile) folder += "-profile";
  if (!board.compiler.empty()) words.push_back("CC=" + board.compiler);
  for (const char letter : board.compiler)  // another compiler, other objects
    folder += std::isalnum(static_cast<unsigned char>(letter)) != 0 ? letter : '-';
  words.push_back("BUILD=" + folder);
  return words;
}

// "region `SRAM' overflowed by 1234 bytes" of the linker.
void refuse_overflow(const Compiled& compiled, const std::string& errors) {
  const std::size_t at = errors.find("region `");
  const std::size_t by = errors.find("overflowed by ", at);
  if (at == std::string::npos || by == std::string::npos) return;
  const std::string region = errors.substr(at + 8, errors.find('\'', at) - at - 8);
  const std::string bytes = errors.substr(by + 14, errors.find(' ', by + 14) - by - 14);
  const std::string key = region == "FLASH" ? "device.flash" : "device.sram";
  throw UserError(compiled.folder,
                  "takes " + bytes + " bytes more than " + key + " has, code and runtime included",
                  region == "FLASH" ? "device.optimise=-Os makes code smaller, a smaller network its numbers"
                                    : "a scheme that trains less, or a smaller resolution");
}

std::string end_of(const std::string& text) {
  constexpr std::size_t most = 1500;
  return text.size() <= most ? text : "…" + text.substr(text.size() - most);
}

std::string hint_for(const std::string& error) {
  if (error.find("the stack is larger") != std::string::npos) return "compile it with a larger device.stack";
  if (error.find("for another network") != std::string::npos)
    return "the folder was compiled anew since: make the stream again";
  return "";
}

}  // namespace

std::vector<std::string> missing_programs(Target target) {
  std::vector<std::string> needed{"make"};
  if (target == Target::host) {
    needed.emplace_back("cc");
  } else if (target == Target::rv32imc) {
    needed.insert(needed.end(), {"riscv64-unknown-elf-gcc", "qemu-system-riscv32"});
  } else {
    needed.insert(needed.end(), {"arm-none-eabi-gcc", "qemu-system-arm"});
  }
  std::erase_if(needed, has_program);
  return needed;
}

void require_programs(Target target) {
  const std::vector<std::string> missing = missing_programs(target);
  if (missing.empty()) return;
  const std::string name = device::name_of(target);
  throw UserError(
      "target '" + name + "'", "needs " + joined(missing) + ", which PATH does not have",
      target == Target::host
          ? "`scripts/setup` installs a compiler, `apt-get install make` the other"
          : "`scripts/setup --device` installs the cross-compilers and QEMU (`start --install` does it "
            "itself); --target host runs the same C on this machine without them");
}

namespace {

// Else make would end with an error of a shell.
void require_compiler(const std::string& command) {
  const std::string program = command.substr(0, command.find(' '));
  const bool there =
      program.find('/') == std::string::npos ? has_program(program) : ::access(program.c_str(), X_OK) == 0;
  if (!command.empty() && !there)
    throw UserError("--cc", "'" + program + "' is no program that can be started",
                    "a C compiler, its options behind it: --cc \"clang -O3\"");
}

}  // namespace

void build(const Compiled& compiled, const Board& board) {
  require_kernels(compiled, board.target);
  require_programs(board.target);
  require_compiler(board.compiler);
  std::vector<std::string> words = make_words(board);
  words.push_back("-j" + std::to_string(std::max(1U, std::thread::hardware_concurrency())));
  const Finished finished = run_program(words, compiled.folder, [](const std::string&) {});
  if (finished.exit_code == 0) return;
  refuse_overflow(compiled, finished.errors);
  throw Failure(compiled.folder + ": does not compile for " + device::name_of(board.target) + ":\n" +
                end_of(finished.errors));
}

Output run(const Compiled& compiled, const Board& board, const std::string& stream, const std::string& state,
           const std::function<void(const Answer&)>& on_answer) {
  std::vector<std::string> words = make_words(board);
  words.emplace_back("run");
  words.push_back("SAMPLES=" + std::filesystem::absolute(stream).string());
  if (!state.empty()) words.push_back("STATE=" + std::filesystem::absolute(state).string());
  OutputReader reader(on_answer);
  const Finished finished =
      run_program(words, compiled.folder, [&](const std::string& line) { reader.take(line); });
  const Output& output = reader.output();
  const std::string name = device::name_of(board.target);
  if (!output.error.empty()) throw Failure(name + ": " + output.error, hint_for(output.error));
  if (finished.exit_code != 0 || output.done < 0)
    throw Failure(name + ": the program ended before its stream, with exit code " +
                  std::to_string(finished.exit_code) +
                  (finished.errors.empty() ? "" : ":\n" + end_of(finished.errors)));
  return output;
}

}  // namespace frugal::emulate
