// ligo-grow train: a language or image transformer, from scratch or from a directory, in one stage or several
// with growths between them.
#include "grow/schedule.h"
#include "ligo_grow/training.h"

namespace frugal::ligo_grow {

void add_train(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub = app.add_subcommand("train", "Train a transformer; with `stages`: train, grow, go on");
  add_training_flags(*sub, *flags, "Folder: a Hugging Face directory, with result.json and the checkpoint");
  sub->footer(
      "Examples:\n  ligo-grow train configs/grow/kjv-small.json --out out/small\n"
      "  ligo-grow train configs/grow/kjv-staged.json --seed 1 --out out/staged --resume");
  sub->callback([flags] {
    grow::StagedConfig config;
    if (!load_config(config, *flags)) return;
    if (flags->seed_given) config.train.seed = static_cast<std::int64_t>(flags->seed);
    if (flags->threads > 0) config.train.threads = flags->threads;
    require_folder(*flags);
    const auto line = grow::run_staged(config, {flags->out, flags->resume, flags->quiet, flags->device});
    base::write_text("-", report::to_line(line) + "\n");
  });
}

}  // namespace frugal::ligo_grow
