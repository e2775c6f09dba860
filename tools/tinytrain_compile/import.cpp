// tinytrain-compile import
#include <fmt/format.h>

#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

struct ImportCommand {
  cli::CommonFlags flags;
  std::string path, weights;

  void run() const {
    cli::require_folder(flags, "import", "out/model");
    const network::Imported imported = network::load_model(path, weights);
    network::write_model(flags.out, imported.model);
    if (flags.quiet) return;
    fmt::print(stderr, "tinytrain-compile import: {}: {} operators\n", imported.format,
               imported.model.graph.nodes.size());
    for (const std::string& note : imported.notes) fmt::print(stderr, "note: {}\n", note);
  }
};

}  // namespace

void add_import(CLI::App& app) {
  auto command = std::make_shared<ImportCommand>();
  CLI::App* sub = app.add_subcommand("import", "A trained network of any format as a model folder");
  add_network_arguments(*sub, command->path, command->weights);
  cli::add_flags(*sub, command->flags, {.seed = false}, "The folder: model.ir and model.safetensors");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile import model.tflite --out out/model\n"
      "  tinytrain-compile import network.json --weights weights.safetensors --out out/model");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::tinytrain_compile
