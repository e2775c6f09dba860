// ligo-grow compare: growth methods and scratch at equal compute.
#include "grow/compare.h"
#include "ligo_grow/commands.h"

namespace frugal::ligo_grow {

void add_compare(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub = app.add_subcommand("compare", "Growth methods and scratch at equal compute, over seeds");
  // Seeds are the config's; what is done is skipped, with or without --resume.
  cli::add_flags<grow::CompareConfig>(
      *sub, *flags,
      {.config = cli::ConfigArgument::positional,
       .out_is_folder = true,
       .seed = false,
       .threads = true,
       .device = true,
       .resume = true},
      "Folder: a folder a run, runs.jsonl, curves.jsonl, result.json, report.html");
  sub->footer(
      "Examples:\n  ligo-grow compare configs/grow/kjv-compare.json --out out/compare\n"
      "  ligo-grow compare configs/grow/kjv-compare.json --set seeds=[0] --out out/compare && scalefit fit "
      "out/compare/runs.jsonl");
  sub->callback([flags] {
    const auto loaded = cli::load_config<grow::CompareConfig>(*flags);
    cli::require_folder(*flags, "a comparison", "out/compare");
    const auto result = grow::compare(loaded.config, {flags->out, true, flags->quiet, flags->device});
    base::write_text("-", report::to_line(result.at("methods")) + "\n");
  });
}

}  // namespace frugal::ligo_grow
