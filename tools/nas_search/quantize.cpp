// nas-search quantize
#include "calibrate/run.h"
#include "in_float/network.h"
#include "nas_search/commands.h"
#include "nas_search/summary.h"

namespace frugal::nas_search {

void add_quantize(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("quantize",
                                     "A trained network on int8, as ONNX with quantise and dequantise nodes "
                                     "(tinytrain-compile's quantiser)");
  cli::add_flags<calibrate::QuantizeConfig>(
      *sub, *flags, {.config = cli::ConfigArgument::positional, .out_is_folder = true, .threads = true},
      "Folder for model.onnx, result.json (accuracy in float and on int8) and report.html");
  add_json_flag(*sub, *json);
  sub->footer(
      "Examples:\n"
      "  nas-search quantize configs/quantize/fashion.json --set network=out/fashion --out out/fashion-int8\n"
      "  nas-search quantize --set network=out/photos --set data.path=photos --set calibration.method=mse "
      "--out "
      "out/photos-int8");
  sub->callback([flags, json] {
    const auto loaded = cli::load_config<calibrate::QuantizeConfig>(*flags);
    cli::require_folder(*flags, "quantisation", "out/int8");
    const auto line =
        calibrate::run(loaded.config, {flags->out, flags->resume, flags->quiet, "cpu"}, in_float::Networks());
    base::write_text(
        "-", cli::for_people(*json) ? lines_of_quantization(line, flags->out) : report::to_line(line) + "\n");
  });
}

}  // namespace frugal::nas_search
