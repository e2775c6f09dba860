// nas-search export
#include "base/given_path.h"
#include "nas_search/commands.h"
#include "network/import/trained_onnx.h"
#include "network/network.h"

namespace frugal::nas_search {
namespace {

struct ExportCommand {
  cli::CommonFlags flags;
  std::string network, weights;

  void run() const {
    if (flags.out == "-") {
      throw base::UserError("--out", "an ONNX file is binary: it needs a name",
                            "for example --out out/net.onnx");
    }
    base::write_text(base::given_path(flags.out),
                     network::trained_onnx(network::load_network(network), weights));
  }
};

}  // namespace

void add_export(CLI::App& app) {
  auto command = std::make_shared<ExportCommand>();
  CLI::App* sub = app.add_subcommand("export", "Write a trained network as ONNX, batch norm folded");
  sub->add_option("NETWORK", command->network, "network.json")->required();
  sub->add_option("--weights", command->weights, "Weights (safetensors)")->required();
  cli::add_flags(*sub, command->flags, {.seed = false}, "The ONNX file");
  sub->footer(
      "Examples:\n"
      "  nas-search export out/first/network.json --weights out/first/weights.safetensors --out net.onnx\n"
      "  nas-search export network.json --weights weights.safetensors --out /tmp/network.onnx");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
