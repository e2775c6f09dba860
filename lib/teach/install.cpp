#include "teach/install.h"

#include <filesystem>

#include "base/error.h"
#include "base/progress.h"
#include "emulate/process.h"
#include "emulate/target.h"

namespace frugal::teach {
namespace {

namespace fs = std::filesystem;

// "" where no folder above the executable has it.
std::string setup_script() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  for (fs::path folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    if (fs::exists(folder / "scripts/setup", ignored)) return (folder / "scripts/setup").string();
  return "";
}

}  // namespace

void install_programs(device::Target target, bool quiet) {
  std::string missing;
  for (const std::string& program : emulate::missing_programs(target))
    missing += (missing.empty() ? "" : ", ") + program;
  if (missing.empty()) return;
  const std::string script = setup_script();
  if (script.empty())
    throw base::UserError("--install",
                          "there is no scripts/setup in a folder above this program, to install " + missing,
                          "apt-get install make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm "
                          "gcc-riscv64-unknown-elf qemu-system-misc");
  if (!quiet)
    base::log_note("tinytrain-compile start", "installing " + missing + " by " + script + " --only-device");
  const emulate::Finished done =
      emulate::run_program({"/bin/bash", script, "--only-device"}, "/", [](const std::string&) {});
  if (done.exit_code != 0)
    throw base::Failure(script + " --only-device ended with exit code " + std::to_string(done.exit_code) +
                        ":\n" + done.errors);
  emulate::require_programs(target);
}

}  // namespace frugal::teach
