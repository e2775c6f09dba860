// tinytrain-compile export
#include "emulate/export.h"
#include "base/progress.h"
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
    std::vector<std::string> notes;
    const nlohmann::ordered_json result = emulate::export_learnt(*folder, *state, flags->out, notes);
    for (const std::string& note : notes) base::log_note("tinytrain-compile export", note);
    base::write_text("-", report::to_line(result) + "\n");
  });
}

}  // namespace frugal::tinytrain_compile
