// tinytrain-compile contribute
#include "adapt/contribute.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {

void add_contribute(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto method = std::make_shared<std::string>();
  CLI::App* sub =
      app.add_subcommand("contribute", "What each bias and weight tensor adds to learning a task");
  cli::add_flags<adapt::ContributeConfig>(
      *sub, *flags,
      {.config = cli::ConfigArgument::positional, .out_is_folder = true, .threads = true, .resume = true},
      "Folder for contributions.jsonl, result.json and report.html");
  sub->add_option("--method", *method, "measured: a short training a part; fisher: one backward pass");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile contribute configs/adapt/contribute.json --set network=model.tflite --out "
      "out/contributions --resume\n"
      "  tinytrain-compile contribute configs/adapt/contribute.json --set network=model.tflite --method "
      "fisher "
      "--out out/fisher");
  sub->callback([flags, method] {
    if (!method->empty()) flags->settings.push_back("method=" + *method);
    const auto loaded = cli::load_config<adapt::ContributeConfig>(*flags);
    cli::require_folder(*flags, "contribute", "out/contributions");
    const auto result = adapt::contribute(loaded.config, {flags->out, flags->resume, flags->quiet, "cpu"});
    base::write_text("-", report::to_line(result) + "\n");
  });
}

}  // namespace frugal::tinytrain_compile
