// ligo-grow inspect
#include "grow/inspect.h"
#include "base/given_path.h"
#include "ligo_grow/commands.h"
#include "ligo_grow/summary.h"

namespace frugal::ligo_grow {
namespace {

struct InspectCommand {
  cli::CommonFlags flags;
  std::string folder, tower, input, logits;
  bool headers_only = false, json = false;

  void run() {
    if (input.empty() != logits.empty()) {
      throw base::UserError("", "--input and --logits go together");
    }
    if (!input.empty()) {
      grow::write_logits(folder, tower, input, logits);
      return;
    }
    const report::RunClock clock;
    auto result = report::start_result({"frugal.ligo_grow.inspect/1", "ligo-grow inspect", 0},
                                       nlohmann::json::object());
    grow::inspect_command(folder, tower, !headers_only, result);
    result["run"] = clock.describe(1);
    if (cli::for_people(json, flags.out)) {
      base::write_text("-", lines_of_model(result, folder));
    } else {
      report::write_result(base::given_path(flags.out), result);
    }
  }
};

}  // namespace

void add_inspect(CLI::App& app) {
  auto command = std::make_shared<InspectCommand>();
  CLI::App* sub =
      app.add_subcommand("inspect", "What a model directory is, its size, and what is wrong with it");
  sub->add_option("MODEL", command->folder, "Hugging Face model directory")->required();
  sub->add_flag("--json", command->json, "JSON on a terminal too");
  sub->add_option("--tower", command->tower, "Of a model with two (CLIP): text or image")
      ->check(CLI::IsMember({"text", "image"}));
  sub->add_flag("--headers-only", command->headers_only, "Do not look at every weight for NaN");
  sub->add_option("--input", command->input,
                  "Instead: a safetensors file with input_ids or pixel_values, whose logits are wanted");
  sub->add_option("--logits", command->logits, "Write the logits of --input to this safetensors file");
  cli::add_flags(*sub, command->flags, {.seed = false}, "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  ligo-grow inspect models/small\n  ligo-grow inspect models/large --headers-only --out "
      "large.json");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::ligo_grow
