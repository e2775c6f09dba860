// tinytrain-compile quantize
#include "calibrate/config.h"
#include "tinytrain_compile/commands.h"
#include "tinytrain_compile/in_float.h"

namespace frugal::tinytrain_compile {

void add_quantize(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub = app.add_subcommand("quantize", "A trained float network becomes one on int8");
  cli::add_flags<calibrate::QuantizeConfig>(
      *sub, *flags, {.config = cli::ConfigArgument::positional, .out_is_folder = true, .threads = true},
      "Folder for the model, result.json and report.html");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile quantize configs/quantize/fashion.json --set network=out/fashion --out out/int8\n"
      "  tinytrain-compile quantize --set network=network.json --set calibration.method=mse --set head=int8 "
      "--out out/int8");
  sub->callback([flags] {
    const auto loaded = cli::load_config<calibrate::QuantizeConfig>(*flags);
    cli::require_folder(*flags, "quantisation", "out/int8");
    hand_over_to_float("quantize", loaded, *flags, "quantize", "a float network");
  });
}

}  // namespace frugal::tinytrain_compile
