// tinytrain-compile run
#include "emulate/run.h"
#include "base/given_path.h"

#include "config/size.h"
#include "emulate/report.h"
#include "teach/lesson.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

struct RunFlags {
  std::string folder, target, flash, sram;
  std::int64_t instructions = -1;
  emulate::RunOptions options;
  bool json = false;
};

void declare(CLI::App& sub, RunFlags& flags) {
  sub.add_option("FOLDER", flags.folder, "What `compile` wrote")->required();
  sub.add_option("--target", flags.target,
                 "host, m3, m4, m7, m55 or rv32; else the one that the folder was compiled for");
  sub.add_flag("--check", flags.options.check,
               "Hold every prediction, every loss and the trained numbers against the trainer's");
  sub.add_flag("--profile", flags.options.profile,
               "Count the instructions of a training step layer by layer");
  sub.add_option("--every", flags.options.every,
                 "Samples learnt between two lines of how many were right; 0: none")
      ->check(CLI::NonNegativeNumber);
  sub.add_option("--state", flags.options.state,
                 "File for the trained numbers at the end, which `export` reads");
  sub.add_option("--cc", flags.options.compiler, "Another C compiler than the target's gcc");
  sub.add_option("--flash", flags.flash, "Exit code 2 where more of it is taken: 700KB");
  sub.add_option("--sram", flags.sram, "The same of SRAM, the stack included: 180000");
  sub.add_option("--instructions", flags.instructions, "The same of the instructions of a training step")
      ->check(CLI::NonNegativeNumber);
  sub.add_flag("--json", flags.json, "JSON on a terminal too");
}

emulate::RunOptions options_of(const RunFlags& flags, const emulate::Compiled& compiled, bool quiet) {
  emulate::RunOptions options = flags.options;
  options.target = flags.target.empty() ? compiled.target : device::target_named(flags.target, "--target");
  options.quiet = quiet;
  if (!flags.flash.empty()) options.budget.flash = config::bytes_of(flags.flash, "--flash");
  if (!flags.sram.empty()) options.budget.sram = config::bytes_of(flags.sram, "--sram");
  options.budget.instructions = flags.instructions;
  return options;
}

}  // namespace

void add_run(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto run = std::make_shared<RunFlags>();
  CLI::App* sub = app.add_subcommand(
      "run", "Let a compiled network learn on the host or in an emulator, and measure what that takes");
  declare(*sub, *run);
  cli::add_flags<teach::RunConfig>(*sub, *flags, {.config = cli::ConfigArgument::positional},
                                   "File for the result, - for standard output");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile run out/device configs/run/fashion.json --check\n"
      "  tinytrain-compile run out/device configs/run/fashion.json --target m7 --profile --sram 256KB "
      "--instructions 80000000");
  sub->callback([flags, run] {
    const auto loaded = cli::load_config<teach::RunConfig>(*flags);
    const report::RunClock clock;
    const emulate::Compiled compiled = emulate::open_compiled(run->folder);
    const emulate::RunOptions options = options_of(*run, compiled, flags->quiet);
    const emulate::Lesson lesson = teach::lesson_of(loaded.config, compiled);
    nlohmann::ordered_json result =
        report::start_result({"frugal.tinytrain_compile.run/1", "tinytrain-compile run",
                              static_cast<std::uint64_t>(loaded.config.seed)},
                             loaded.effective.json());
    result["folder"] = run->folder;
    result.update(emulate::run_lesson(compiled, lesson, options));
    result["run"] = clock.describe(1);
    base::write_text(base::given_path(flags->out), cli::for_people(run->json, flags->out)
                                                       ? emulate::summary_of(result)
                                                       : report::to_line(result) + "\n");
  });
}

}  // namespace frugal::tinytrain_compile
