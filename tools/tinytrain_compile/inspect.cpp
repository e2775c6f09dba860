// tinytrain-compile inspect
#include "sparse/inspect.h"
#include "base/given_path.h"
#include "sparse/cost_page.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

struct InspectCommand {
  cli::CommonFlags flags;
  std::string path, weights, html;
  std::vector<std::string> schemes;
  bool json = false;

  void run() const {
    const report::RunClock clock;
    nlohmann::ordered_json result = report::start_result(
        {"frugal.tinytrain_compile.inspect/1", "tinytrain-compile inspect", 0}, nlohmann::json::object());
    result.update(sparse::inspect(path, weights, schemes));
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(base::given_path(html), sparse::cost_page(result));
    if (cli::for_people(json, flags.out)) {
      base::write_text("-", sparse::inspection_table(result));
    } else {
      report::write_result(base::given_path(flags.out), result);
    }
  }
};

}  // namespace

void add_inspect(CLI::App& app) {
  auto command = std::make_shared<InspectCommand>();
  CLI::App* sub = app.add_subcommand("inspect", "Memory and compute of a network, layer by layer");
  add_network_arguments(*sub, command->path, command->weights);
  sub->add_flag("--json", command->json, "JSON on a terminal too");
  sub->add_option("--scheme", command->schemes,
                  "What a training step costs under it: full, head, bias:k, last:k, or a file of a scheme; "
                  "several for a comparison")
      ->allow_extra_args(false);
  sub->add_option("--html", command->html, "A page with bars by layer and the memory over a training step");
  cli::add_flags(*sub, command->flags, {.seed = false}, "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  tinytrain-compile inspect model.tflite\n"
      "  tinytrain-compile inspect out/model --out layers.json\n"
      "  tinytrain-compile inspect model.tflite --scheme bias:4 --scheme last:4 --html costs.html");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::tinytrain_compile
