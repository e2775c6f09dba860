// tinytrain-compile select
#include "adapt/select_scheme.h"
#include "base/given_path.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

struct SelectCommand {
  cli::CommonFlags flags;
  adapt::SelectFiles files;
  std::string method, limit, threshold;

  void run() {
    for (const auto& [key, value] : {std::pair{"method=", method}, {"threshold=", threshold}}) {
      if (!value.empty()) flags.settings.push_back(key + value);
    }
    // A size without a unit is a text too.
    if (!limit.empty()) flags.settings.push_back("limit=" + nlohmann::json(limit).dump());
    files.quiet = flags.quiet;
    const auto loaded = cli::load_config<sparse::SelectConfig>(flags);
    report::write_result(base::given_path(flags.out),
                         adapt::select_scheme(files, loaded.config, loaded.effective.json()));
  }
};

}  // namespace

void add_select(CLI::App& app) {
  auto command = std::make_shared<SelectCommand>();
  CLI::App* sub = app.add_subcommand("select", "The update scheme under a memory limit, from contributions");
  add_network_arguments(*sub, command->files.network, command->files.weights);
  sub->add_option("CONTRIBUTIONS", command->files.contributions,
                  "What `contribute` wrote (contributions.jsonl)")
      ->required();
  cli::add_flags<sparse::SelectConfig>(*sub, command->flags, {}, "The scheme (JSON); - is standard output");
  sub->add_option("--limit", command->limit, "Memory beyond inference: 49KB (of 1024 bytes), 50000");
  sub->add_option("--method", command->method, "exact, evolution or freeze");
  sub->add_option("--threshold", command->threshold, "Accuracy that freeze keeps to, 0 to 1");
  sub->add_option("--train", command->files.train,
                  "Config of `contribute`: freeze measures by such trainings; else gains are added up");
  sub->add_option("--html", command->files.html, "A page with the gain against the memory");
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile select model.tflite out/contributions/contributions.jsonl --limit 49KB --out "
      "scheme.json\n"
      "  tinytrain-compile select model.tflite out/contributions/contributions.jsonl --method freeze "
      "--threshold "
      "0.8 --out scheme.json --html select.html");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::tinytrain_compile
