// `tinytrain-compile plan` in a program without torch, for scripts/tiny_plan and golden tests:
//   memory_plan plan FILE.csv ...
#include "cli/run.h"
#include "tinytrain_compile/commands.h"

int main(int argc, char** argv) {
  using namespace frugal;
  return cli::run_main(argc, argv, "tinytrain-compile", [](CLI::App& app) {
    cli::set_up(app, "tinytrain-compile's subcommand plan alone", "Examples:\n  memory_plan plan blocks.csv");
    app.require_subcommand(1);
    tinytrain_compile::add_plan(app);
  });
}
