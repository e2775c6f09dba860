// ligo-grow learn: the LiGO operator, learned on the large model's loss.
#include "grow/learn.h"
#include "ligo_grow/commands.h"
#include "ligo_grow/summary.h"
#include "train/parallel/together.h"

namespace frugal::ligo_grow {

void add_learn(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub = app.add_subcommand("learn", "Learn a growth operator and write the large model it gives");
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "JSON on a terminal too");
  cli::add_flags<grow::LearnConfig>(*sub, *flags,
                                    {.config = cli::ConfigArgument::positional,
                                     .out_is_folder = true,
                                     .threads = true,
                                     .device = true,
                                     .resume = true},
                                    "Folder: the large model's directory, the operator, report.html");
  sub->footer(
      "Examples:\n  ligo-grow learn configs/grow/kjv-learn.json --set model=out/small --out out/grown\n"
      "  ligo-grow learn configs/grow/kjv-learn.json --set model=out/small --set search=[0.003,0.01,0.03] "
      "--out out/g");
  sub->callback([flags, json] {
    train::together([&](train::Communicator& processes) {
      const auto loaded = cli::load_config<grow::LearnConfig>(*flags);
      cli::require_folder(*flags, "learning", "out/grown");
      const auto line =
          grow::learn(loaded.config, {flags->out, flags->resume, flags->quiet, flags->device}, processes);
      if (processes.is_first()) write_run(line, flags->out, *json);
    });
  });
}

}  // namespace frugal::ligo_grow
