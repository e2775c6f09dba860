// scalefit compare
#include "fit/command/compare.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct CompareCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string first, second, group, html;

  void run() {
    const report::RunClock clock;
    const auto [config, effective, origin] = cli::load_config<fit::CompareConfig>(flags);
    auto result =
        report::start_result({"frugal.scalefit.compare/1", "scalefit compare", flags.seed}, effective.json());
    const fit::ReadFit a = read_fit_file(first, group), b = read_fit_file(second, group);
    fit::compare_command(a, b, config, origin, result);
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(html, fit::compare_page(a, b, config, result));
    answer.write(flags, result, [&] { return fit::compare_answer(result); });
  }
};

}  // namespace

void add_compare(CLI::App& app) {
  auto command = std::make_shared<CompareCommand>();
  CLI::App* sub =
      app.add_subcommand("compare", "Which of two systems is better at which scale; where do they cross?");
  sub->add_option("A", command->first, "What `scalefit fit` printed for the first; - is standard input")
      ->required();
  sub->add_option("B", command->second, "… and for the second")->required();
  sub->add_option("--group", command->group, "Which fit, where the files hold several");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::CompareConfig>(*sub, command->flags, {.seed = false},
                                     "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit compare a.json b.json\n"
      "  scalefit compare a.json b.json --set along=data --set at.size=1e9");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
