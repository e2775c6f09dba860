// tinytrain-compile import
#include <fmt/format.h>

#include "base/printable.h"
#include "calibrate/import_model.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

struct ImportCommand {
  cli::CommonFlags flags;
  std::string path, weights, rounding;

  void run() const {
    cli::require_folder(flags, "import", "out/model");
    const calibrate::ImportedModel imported =
        calibrate::import_model(path, weights, !rounding.empty(), flags.out);
    if (flags.quiet) return;
    fmt::print(stderr, "tinytrain-compile import: {}: {} operators\n", imported.format, imported.operators);
    for (const std::string& note : imported.notes) fmt::print(stderr, "note: {}\n", base::printable(note));
  }
};

}  // namespace

void add_import(CLI::App& app) {
  auto command = std::make_shared<ImportCommand>();
  CLI::App* sub = app.add_subcommand("import", "A trained network of any format as a model folder");
  add_network_arguments(*sub, command->path, command->weights);
  sub->add_option("--rounding", command->rounding,
                  "integer: every layer rounds in whole numbers (an LSB from the file's own here and there), "
                  "as training "
                  "without floating point needs")
      ->check(CLI::IsMember({"integer"}));
  cli::add_flags(*sub, command->flags, {.out_is_folder = true, .seed = false},
                 "The folder: model.ir and model.safetensors");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile import model.tflite --out out/model\n"
      "  tinytrain-compile import network.json --weights weights.safetensors --out out/model");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::tinytrain_compile
