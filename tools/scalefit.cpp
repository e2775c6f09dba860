// scalefit: is it worth training this bigger, on how much data, at what compute? Flags in, library called,
// result out; the work is in lib/fit, and a subcommand's flags are in scalefit/<subcommand>.cpp.
#include "cli/run.h"
#include "scalefit/commands.h"

int main(int argc, char** argv) {
  using namespace frugal;
  return cli::run_main(argc, argv, "scalefit", [](CLI::App& app) {
    cli::set_up(app, "Is it worth training this bigger, on how much data, at what compute?",
                "Examples:\n  scalefit fit runs.csv > fit.json\n  scalefit plan fit.json --budget 1e21",
                {"measure"});
    app.require_subcommand(1);
    scalefit::add_design(app);
    scalefit::add_measure(app);
    scalefit::add_fit(app);
    scalefit::add_predict(app);
    scalefit::add_plan(app);
    scalefit::add_compare(app);
    scalefit::add_validate(app);
  });
}
