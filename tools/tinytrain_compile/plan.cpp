// tinytrain-compile plan
#include "plan/plan.h"
#include "base/given_path.h"

#include <algorithm>
#include <optional>

#include "plan/block_file.h"
#include "plan/peak.h"
#include "plan/picture.h"
#include "plan/regions.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

using Json = nlohmann::ordered_json;

struct PlanCommand {
  std::string path, out = "-", placed, svg;
  std::vector<std::string> regions;
  std::optional<std::size_t> capacity;
  plan::SearchLimits search{.nodes = 5'000'000, .seconds = 60};

  void run() const {
    const report::RunClock clock;
    const std::vector<plan::Block> blocks = plan::read_blocks(path);
    if (!regions.empty()) return run_regions(blocks, clock);
    const plan::Plan plan = plan::place(blocks, {capacity, search});
    Json config{{"file", path}, {"capacity", nullptr}, {"nodes", search.nodes}, {"seconds", search.seconds}};
    if (capacity) config["capacity"] = *capacity;
    Json result = report::start_result(
        {"frugal.tinytrain_compile.plan/1", "tinytrain-compile plan", search.seed}, config);
    result["blocks"] = blocks.size();
    result["bytes"] = plan.arena.bytes;
    result["lower_bound"] = plan.lower_bound;
    result["gap"] = plan.gap();
    result["method"] = plan.method;
    result["fits"] = plan.fits;
    result["smallest"] = plan.smallest;
    result["impossible"] = plan.impossible;
    result["nodes"] = plan.nodes;
    result["out_of_time"] = plan.out_of_time;
    result["run"] = clock.describe(1);
    report::write_result(base::given_path(out), result);
    if (!svg.empty())
      base::write_text(base::given_path(svg),
                       plan::picture(blocks, plan.arena, {.title = path, .capacity = capacity}));
    if (!plan.fits) refuse(blocks, plan);
    if (!placed.empty()) base::write_text(base::given_path(placed), plan::to_csv(blocks, plan.arena));
  }

  void run_regions(const std::vector<plan::Block>& blocks, const report::RunClock& clock) const {
    const std::vector<plan::Region> memories = plan::parse_regions(regions, "--region");
    const plan::RegionPlan plan = plan::place_in_regions(blocks, memories, search);
    const Json config{
        {"file", path}, {"regions", regions}, {"nodes", search.nodes}, {"seconds", search.seconds}};
    Json result = report::start_result(
        {"frugal.tinytrain_compile.plan/1", "tinytrain-compile plan", search.seed}, config);
    result["blocks"] = blocks.size();
    result["fits"] = plan.fits();
    result["cost"] = plan.cost;
    for (std::size_t r = 0; r < memories.size(); ++r) {
      const auto count = std::count(plan.region.begin(), plan.region.end(), r);
      result["regions"].push_back({{"name", memories[r].name},
                                   {"bytes", memories[r].bytes},
                                   {"cost", memories[r].cost},
                                   {"used", plan.used[r]},
                                   {"blocks", count}});
    }
    result["run"] = clock.describe(1);
    report::write_result(base::given_path(out), result);
    if (!plan.fits()) throw base::UserError(path, "does not fit: " + plan::why_not(blocks, memories, plan));
    if (!placed.empty()) base::write_text(base::given_path(placed), plan::to_csv(blocks, memories, plan));
  }

  [[noreturn]] void refuse(const std::vector<plan::Block>& blocks, const plan::Plan& plan) const {
    const std::string room = "within " + std::to_string(*capacity) + " bytes";
    if (!plan.impossible)
      throw base::UserError(path,
                            "no plan " + room + " was found in " + std::to_string(plan.nodes) +
                                " decisions; the smallest found needs " + std::to_string(plan.arena.bytes),
                            "a larger --nodes or --seconds searches on; the lower bound is " +
                                std::to_string(plan.lower_bound));
    if (plan.lower_bound <= *capacity)
      throw base::UserError(path, "no plan fits " + room + ", though no step has more bytes than that alive",
                            "the smallest plan found needs " + std::to_string(plan.arena.bytes) + " bytes");
    throw base::UserError(path,
                          "no plan fits " + room + ": " + std::to_string(plan.lower_bound) +
                              " are needed at once" + plan::at_peak(blocks),
                          "the smallest plan found needs " + std::to_string(plan.arena.bytes) + " bytes");
  }
};

}  // namespace

void add_plan(CLI::App& app) {
  auto command = std::make_shared<PlanCommand>();
  CLI::App* sub = app.add_subcommand("plan", "Places of blocks in memory, from a CSV");
  sub->add_option("FILE", command->path,
                  "CSV with a line a block: id,lower,upper,size (steps, upper excluded; bytes), where wanted "
                  "alignment; - is standard input")
      ->required();
  CLI::Option* capacity = sub->add_option(
      "--capacity", command->capacity, "Bytes that they must fit into; else the smallest plan is looked for");
  CLI::Option* region =
      sub->add_option(
             "--region", command->regions,
             "One of several memories: NAME=BYTES, where wanted :COST of a byte (repeatable); else the "
             "first is the cheapest")
          ->allow_extra_args(false)
          ->excludes(capacity);
  sub->add_option("--nodes", command->search.nodes, "Decisions of the exact search; 0: rules of thumb alone")
      ->capture_default_str();
  sub->add_option("--seconds", command->search.seconds,
                  "Ends the search whatever is left to decide; 0: never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option("--seed", command->search.seed, "Of the orders in which the search tries");
  sub->add_option("--out", command->out, "The result (JSON); - is standard output");
  sub->add_option("--placed", command->placed, "CSV of the blocks with their offsets");
  sub->add_option("--svg", command->svg, "Picture of the plan over time")->excludes(region);
  sub->footer(
      "Examples:\n"
      "  tinytrain-compile plan blocks.csv\n"
      "  tinytrain-compile plan blocks.csv --capacity 262144 --placed placed.csv --svg plan.svg\n"
      "  tinytrain-compile plan blocks.csv --region DTCM=131072 --region SRAM=524288 --placed placed.csv");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::tinytrain_compile
