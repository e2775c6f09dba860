#include "adapt/select_scheme.h"

#include <nlohmann/json.hpp>

#include "adapt/contribute.h"
#include "base/file.h"
#include "base/given_path.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "report/result.h"
#include "sparse/select_page.h"

namespace frugal::adapt {
namespace {

sparse::Evaluate by_training(const SelectFiles& files) {
  if (files.train.empty()) return {};
  ContributeConfig config;
  config::read(config, config::load(files.train, {}));
  config.network = files.network;
  config.weights = files.weights;
  config.method = "measured";
  return evaluate_by_training(config);
}

}  // namespace

nlohmann::ordered_json select_scheme(const SelectFiles& files, const sparse::SelectConfig& config,
                                     const nlohmann::json& effective) {
  const report::RunClock clock;
  const ir::Model model = network::load_model(files.network, files.weights).model;
  const ir::Graph graph = quant::with_float_head(model, 0, 0, files.network).graph;
  const sparse::Evaluate evaluate = by_training(files);
  nlohmann::ordered_json result =
      report::start_result({"frugal.tinytrain_compile.select/1", "tinytrain-compile select",
                            static_cast<std::uint64_t>(config.seed)},
                           effective);
  result.update(sparse::select(graph, sparse::read_contributions(files.contributions), files.contributions,
                               config, evaluate));
  nlohmann::ordered_json described = clock.describe(1);
  if (result.contains("run")) described.update(result["run"]);
  result["run"] = described;
  if (!files.html.empty()) base::write_text(base::given_path(files.html), sparse::select_page(result, graph));
  return result;
}

}  // namespace frugal::adapt
