// tinytrain-compile adapt
#include "adapt/run.h"
#include "tinytrain_compile/commands.h"
#include "tinytrain_compile/in_float.h"

namespace frugal::tinytrain_compile {

void add_adapt(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub =
      app.add_subcommand("adapt", "Let an int8 network learn labelled images, as it would on a device");
  cli::add_flags<adapt::AdaptConfig>(
      *sub, *flags,
      {.config = cli::ConfigArgument::positional, .out_is_folder = true, .threads = true, .resume = true},
      "Folder for the model, result.json, report.html and the checkpoint");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile adapt --set network=model.tflite --set data.resolution=32 --set data.channels=3 "
      "--set shots=10 --out out/adapted\n"
      "  tinytrain-compile adapt configs/adapt/fashion.json --set network=model.tflite --set scheme=last:3 "
      "--out out/adapted --resume");
  sub->callback([flags] {
    const auto loaded = cli::load_config<adapt::AdaptConfig>(*flags);
    cli::require_folder(*flags, "training", "out/adapted");
    if (loaded.config.method.in_float()) hand_over_to_float("adapt", loaded, *flags, "method.kind", "fp32");
    const auto line = adapt::run(loaded.config, {flags->out, flags->resume, flags->quiet, "cpu"});
    base::write_text("-", report::to_line(line) + "\n");
  });
}

}  // namespace frugal::tinytrain_compile
