// tinytrain-compile export
#include "base/progress.h"
#include "emit/state.h"
#include "emulate/state.h"
#include "network/import/model_folder.h"
#include "network/quantized_onnx.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {

void add_export(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto folder = std::make_shared<std::string>(), state = std::make_shared<std::string>();
  CLI::App* sub = app.add_subcommand("export", "What a device has learnt, as a model folder on the host");
  sub->add_option("FOLDER", *folder, "What `compile` wrote, and the device was built from")->required();
  sub->add_option("STATE", *state, "The trained numbers, as `run --state` or `make run STATE=…` writes them")
      ->required();
  cli::add_flags(*sub, *flags, {.config = cli::ConfigArgument::own, .out_is_folder = true, .seed = false},
                 "Folder for model.ir, model.safetensors and model.onnx");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile export out/device state.bin --out out/learnt\n"
      "  tinytrain-compile inspect out/learnt");
  sub->callback([flags, folder, state] {
    cli::require_folder(*flags, "export", "out/learnt");
    const emulate::Compiled compiled = emulate::open_compiled(*folder);
    const emit::Learnt learnt = emulate::read_state(*state, compiled);
    const base::FolderLock lock(flags->out);
    network::write_model(flags->out, learnt.network);
    std::vector<std::string> notes;
    const bool as_onnx =
        network::write_quantized_onnx(flags->out + "/model.onnx", learnt.network, *folder, notes) > 0;
    for (const std::string& note : notes) base::log_note("tinytrain-compile export", note);
    base::write_text("-", report::to_line({{"schema", "frugal.tinytrain_compile.export/1"},
                                           {"network", learnt.network.graph.name},
                                           {"steps", learnt.steps},
                                           {"trained", compiled.json().at("trained").size()},
                                           {"onnx", as_onnx},
                                           {"out", flags->out}}) +
                              "\n");
  });
}

}  // namespace frugal::tinytrain_compile
