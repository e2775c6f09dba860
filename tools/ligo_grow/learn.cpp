// ligo-grow learn: the LiGO operator, learned on the large model's loss.
#include "grow/learn.h"
#include "ligo_grow/training.h"

namespace frugal::ligo_grow {

void add_learn(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub = app.add_subcommand("learn", "Learn a growth operator and write the large model it gives");
  add_training_flags(*sub, *flags, "Folder: the large model's directory, the operator, report.html");
  sub->footer(
      "Examples:\n  ligo-grow learn configs/grow/kjv-learn.json --set model=out/small --out out/grown\n"
      "  ligo-grow learn configs/grow/kjv-learn.json --set model=out/small --set search=[0.003,0.01,0.03] "
      "--out out/g");
  sub->callback([flags] {
    grow::LearnConfig config;
    if (!load_config(config, *flags)) return;
    if (flags->seed_given) config.seed = static_cast<std::int64_t>(flags->seed);
    if (flags->threads > 0) config.threads = flags->threads;
    require_folder(*flags);
    const auto line = grow::learn(config, {flags->out, flags->resume, flags->quiet, flags->device});
    base::write_text("-", report::to_line(line) + "\n");
  });
}

}  // namespace frugal::ligo_grow
