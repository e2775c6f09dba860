// nas-search report
#include "base/given_path.h"
#include "nas_search/commands.h"
#include "search/run/report_read.h"

namespace frugal::nas_search {
namespace {

struct ReportCommand {
  cli::CommonFlags flags;
  search::SearchReportFiles files;

  // One page to --out; of several devices, page.html, page-2.html, …
  void run() const {
    const auto pages = search::search_pages(files);
    base::write_text(base::given_path(flags.out), pages.front());
    const std::string stem =
        flags.out.ends_with(".html") ? flags.out.substr(0, flags.out.size() - 5) : flags.out;
    for (std::size_t i = 1; i < pages.size() && flags.out != "-"; ++i) {
      base::write_text(base::given_path(stem + "-" + std::to_string(i + 1) + ".html"), pages[i]);
    }
  }
};

}  // namespace

void add_report(CLI::App& app) {
  auto command = std::make_shared<ReportCommand>();
  CLI::App* sub = app.add_subcommand("report", "A page of a search: paths, network, latency, memory (HTML)");
  sub->add_option("FOLDER", command->files.folder, "Where the search wrote to")->required();
  sub->add_option("--check", command->files.check, "What `nas-search profile --check` answered (JSON)");
  sub->add_option("--trained", command->files.trained,
                  "result.json of the network as it was trained: which classes it tells apart");
  sub->add_option("--networks", command->files.networks,
                  "Networks to compare: JSONL with series, name, latency_ms, accuracy");
  cli::add_flags(*sub, command->flags, {.seed = false}, "The page (HTML)");
  sub->footer(
      "Examples:\n"
      "  nas-search report out/search --out out/search/report.html\n"
      "  nas-search report out/search --trained out/trained/result.json --out report.html\n"
      "  nas-search report out/search --check out/check.json --networks others.jsonl --out report.html");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
