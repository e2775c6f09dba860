// nas-search: which network is most accurate within this latency on this device? Flags in, library called,
// result out; the work is in lib/search and lib/train, and a subcommand's flags are in
// nas_search/<subcommand>.cpp.
#include "cli/run.h"
#include "nas_search/commands.h"

int main(int argc, char** argv) {
  using namespace frugal;
  return cli::run_main(argc, argv, "nas-search", [](CLI::App& app) {
    cli::set_up(app, "Trains and evaluates image networks on small budgets.",
                "Examples:\n"
                "  nas-search train --set data.fraction=0.02 --set loop.epochs=2 --out out/first\n"
                "  nas-search evaluate out/first/network.json --weights out/first/weights.safetensors",
                {"train"});
    app.require_subcommand(1);
    nas_search::add_start(app);
    nas_search::add_train(app);
    nas_search::add_evaluate(app);
    nas_search::add_network(app);
    nas_search::add_speed(app);
    nas_search::add_latency(app);
    nas_search::add_profile(app);
    nas_search::add_search(app);
    nas_search::add_search_speed(app);
    nas_search::add_derive(app);
    nas_search::add_report(app);
    nas_search::add_export(app);
    nas_search::add_quantize(app);
  });
}
