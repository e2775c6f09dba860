// tinytrain-compile select
#include "sparse/select.h"
#include "adapt/contribute.h"
#include "base/given_path.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "sparse/select_page.h"
#include "tinytrain_compile/commands.h"

namespace frugal::tinytrain_compile {
namespace {

struct SelectCommand {
  cli::CommonFlags flags;
  std::string contributions, network, weights, method, limit, threshold, train, html;

  void run() {
    const report::RunClock clock;
    for (const auto& [key, value] : {std::pair{"method=", method}, {"threshold=", threshold}}) {
      if (!value.empty()) flags.settings.push_back(key + value);
    }
    // A size without a unit is a text too.
    if (!limit.empty()) flags.settings.push_back("limit=" + nlohmann::json(limit).dump());
    const auto loaded = cli::load_config<sparse::SelectConfig>(flags);
    const ir::Graph graph = with_head(network::load_model(network, weights).model);
    sparse::Evaluate evaluate;
    if (!train.empty()) evaluate = by_training();
    nlohmann::ordered_json result =
        report::start_result({"frugal.tinytrain_compile.select/1", "tinytrain-compile select",
                              static_cast<std::uint64_t>(loaded.config.seed)},
                             loaded.effective.json());
    result.update(sparse::select(graph, sparse::read_contributions(contributions), contributions,
                                 loaded.config, evaluate));
    nlohmann::ordered_json described = clock.describe(1);
    if (result.contains("run")) described.update(result["run"]);
    result["run"] = described;
    report::write_result(base::given_path(flags.out), result);
    if (!html.empty()) base::write_text(base::given_path(html), sparse::select_page(result, graph));
  }

  // The head is counted as `adapt` trains it, in float.
  ir::Graph with_head(const ir::Model& model) const {
    return quant::with_float_head(model, 0, 0, network).graph;
  }

  sparse::Evaluate by_training() const {
    adapt::ContributeConfig config;
    config::read(config, config::load(train, {}));
    config.network = network;
    config.weights = weights;
    config.method = "measured";
    return adapt::evaluate_by_training(config);
  }
};

}  // namespace

void add_select(CLI::App& app) {
  auto command = std::make_shared<SelectCommand>();
  CLI::App* sub = app.add_subcommand("select", "The update scheme under a memory limit, from contributions");
  add_network_arguments(*sub, command->network, command->weights);
  sub->add_option("CONTRIBUTIONS", command->contributions, "What `contribute` wrote (contributions.jsonl)")
      ->required();
  cli::add_flags<sparse::SelectConfig>(*sub, command->flags, {}, "The scheme (JSON); - is standard output");
  sub->add_option("--limit", command->limit, "Memory beyond inference: 49KB (of 1024 bytes), 50000");
  sub->add_option("--method", command->method, "exact, evolution or freeze");
  sub->add_option("--threshold", command->threshold, "Accuracy that freeze keeps to, 0 to 1");
  sub->add_option("--train", command->train,
                  "Config of `contribute`: freeze measures by such trainings; else gains are added up");
  sub->add_option("--html", command->html, "A page with the gain against the memory");
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
