// scalefit compare
#include "fit/command/compare.h"
#include "base/given_path.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct CompareCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::vector<std::string> files;
  std::string group, html;

  void run() {
    const report::RunClock clock;
    const auto [config, effective, origin] = cli::load_config<fit::CompareConfig>(flags);
    auto result =
        report::start_result({"frugal.scalefit.compare/1", "scalefit compare", flags.seed}, effective.json());
    std::vector<fit::ReadFit> fits;
    std::vector<std::string> names;
    for (const std::string& file : files) {
      const std::vector<std::string> groups =
          files.size() == 2 || !group.empty() ? std::vector{group} : groups_of(file);
      for (const std::string& one : groups) {
        fits.push_back(read_fit_file(file, one));
        names.push_back(groups.size() > 1 ? (files.size() > 1 ? file + ":" : "") + one : file);
      }
    }
    if (fits.size() < 2)
      throw base::UserError(files.front(), "holds one fit",
                            "give two fits or more, or one file with several");
    const bool crossing = fits.size() == 2 && files.size() == 2;
    if (crossing) {
      fit::compare_command(fits[0], fits[1], config, origin, result);
    } else {
      if (!html.empty())
        throw base::UserError("--html", "is a page of two systems", "the ranks are in the result");
      std::vector<const fit::ReadFit*> systems;
      for (const fit::ReadFit& one : fits) systems.push_back(&one);
      fit::rank_command(systems, names, config, flags.seed, origin, result);
    }
    result["run"] = clock.describe(1);
    if (!html.empty())
      base::write_text(base::given_path(html), fit::compare_page(fits[0], fits[1], config, result));
    answer.write(flags, result, [&] { return fit::compare_answer(result); });
  }

 private:
  // The groups of a fit file; one empty name where it holds one fit.
  static std::vector<std::string> groups_of(const std::string& path) {
    if (path == "-") return {""};
    const auto json = config::parse(base::read_text(path), path);
    std::vector<std::string> groups;
    if (json.is_object() && json.contains("fits") && json["fits"].is_array() && json["fits"].size() > 1) {
      for (const auto& one : json["fits"]) groups.push_back(one.value("group", ""));
    }
    return groups.empty() ? std::vector<std::string>{""} : groups;
  }
};

}  // namespace

void add_compare(CLI::App& app) {
  auto command = std::make_shared<CompareCommand>();
  CLI::App* sub = app.add_subcommand(
      "compare",
      "Which of two systems is better at which scale, where do they cross; which of many is best?");
  sub->add_option("FITS", command->files,
                  "What `scalefit fit` printed: two fits are compared with their crossing, more (or one file "
                  "with several "
                  "groups) ranked at one scale; - is standard input")
      ->required();
  sub->add_option("--group", command->group, "Which fit, where the files hold several");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::CompareConfig>(*sub, command->flags, {.seed = false},
                                     "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit compare a.json b.json\n"
      "  scalefit compare a.json b.json --set along=data --set at.size=1e9\n"
      "  scalefit compare a.json b.json fit.json --set at.size=1e9 --set at.data=1e11");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
