// tinytrain-compile: how does this network keep learning inside 256 KB, without an operating system? Flags
// in, library called, result out; a subcommand's flags are in tinytrain_compile/<subcommand>.cpp.
#include "cli/run.h"
#include "tinytrain_compile/commands.h"

int main(int argc, char** argv) {
  using namespace frugal;
  return cli::run_main(argc, argv, "tinytrain-compile", [](CLI::App& app) {
    cli::set_up(app, "How does this network keep learning inside 256 KB, without an operating system?",
                "Examples:\n  tinytrain-compile import model.tflite --out out/model\n"
                "  tinytrain-compile inspect out/model");
    app.require_subcommand(1);
    tinytrain_compile::add_import(app);
    tinytrain_compile::add_inspect(app);
    tinytrain_compile::add_quantize(app);
    tinytrain_compile::add_adapt(app);
    tinytrain_compile::add_contribute(app);
    tinytrain_compile::add_select(app);
    tinytrain_compile::add_compile(app);
    tinytrain_compile::add_run(app);
    tinytrain_compile::add_export(app);
    tinytrain_compile::add_start(app);
    tinytrain_compile::add_plan(app);
  });
}
