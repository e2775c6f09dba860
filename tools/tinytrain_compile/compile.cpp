// tinytrain-compile compile
#include "base/given_path.h"
#include "compile/folder.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {

void add_compile(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  auto stage = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* sub =
      app.add_subcommand("compile", "C that goes on learning on a microcontroller, from an int8 network");
  cli::add_flags<compile::CompileConfig>(*sub, *flags,
                                         {.config = cli::ConfigArgument::positional, .out_is_folder = true},
                                         "The folder of C; with --emit the file, - for standard output");
  sub->add_option("--emit", *stage,
                  "Stop behind a stage and print it: the graph (forward, backward, optimized), the "
                  "arena's blocks (plan) or the network's source (c)")
      ->check(CLI::IsMember(compile::stage_names));
  sub->add_flag("--json", *json, "JSON on a terminal too");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile compile --set network=model.tflite --set scheme=bias:4 --out out/device\n"
      "  tinytrain-compile compile --set network=model.tflite --set head=new --set classes=3 --set "
      "device.target=m4 "
      "--out out/device\n"
      "  tinytrain-compile compile --set network=model.tflite --set scheme=bias:4 --emit optimized");
  sub->callback([flags, stage, json] {
    const auto loaded = cli::load_config<compile::CompileConfig>(*flags);
    if (!stage->empty()) {
      base::write_text(base::given_path(flags->out), compile::emitted(*stage, loaded.config));
      return;
    }
    cli::require_folder(*flags, "compile", "out/device");
    const auto result = compile::compile_to(flags->out, loaded.config, loaded.effective.json());
    base::write_text("-", cli::for_people(*json) ? compile::summary_of(result, flags->out)
                                                 : report::to_line(result) + "\n");
  });
}

}  // namespace frugal::tinytrain_compile
