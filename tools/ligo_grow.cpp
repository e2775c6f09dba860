// ligo-grow: a larger transformer from the small one that is there. Flags in, library called, result out; the
// work is in lib/grow, and a subcommand's flags are in ligo_grow/<subcommand>.cpp.
#include "cli/run.h"
#include "ligo_grow/commands.h"

int main(int argc, char** argv) {
  using namespace frugal;
  return cli::run_main(argc, argv, "ligo-grow", [](CLI::App& app) {
    cli::set_up(app, "Starts a large transformer from the small one that you have.",
                "Examples:\n"
                "  ligo-grow inspect models/small\n"
                "  ligo-grow grow models/small --set target.hidden_size=768 --out models/large",
                {"train", "learn"});
    app.require_subcommand(1);
    ligo_grow::add_grow(app);
    ligo_grow::add_inspect(app);
    ligo_grow::add_tokenize(app);
    ligo_grow::add_learn(app);
    ligo_grow::add_train(app);
    ligo_grow::add_evaluate(app);
    ligo_grow::add_compare(app);
  });
}
