// ligo-grow train: a language or image transformer, from scratch or from a directory, in one stage or several
// with growths between them.
#include "grow/schedule.h"
#include "ligo_grow/commands.h"
#include "ligo_grow/summary.h"
#include "train/parallel/together.h"

namespace frugal::ligo_grow {

void add_train(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub = app.add_subcommand("train", "Train a transformer; with `stages`: train, grow, go on");
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "JSON on a terminal too");
  cli::add_flags<grow::StagedConfig>(*sub, *flags,
                                     {.config = cli::ConfigArgument::positional,
                                      .out_is_folder = true,
                                      .threads = true,
                                      .device = true,
                                      .resume = true},
                                     "Folder: a Hugging Face directory, with result.json and the checkpoint");
  sub->footer(
      "Examples:\n  ligo-grow train configs/grow/kjv-small.json --out out/small\n"
      "  ligo-grow train configs/grow/kjv-staged.json --seed 1 --out out/staged --resume");
  sub->callback([flags, json] {
    train::together([&](train::Communicator& processes) {
      const auto loaded = cli::load_config<grow::StagedConfig>(*flags, [&](grow::StagedConfig& given) {
        if (flags->seed_given) given.train.seed = static_cast<std::int64_t>(flags->seed);
        if (flags->threads > 0) given.train.threads = flags->threads;
      });
      cli::require_folder(*flags, "training", "out/first");
      const auto line = grow::run_staged(loaded.config,
                                         {flags->out, flags->resume, flags->quiet, flags->device}, processes);
      if (processes.is_first()) write_run(line, flags->out, *json);
    });
  });
}

}  // namespace frugal::ligo_grow
