#include "adapt/select_scheme.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "adapt/contribute.h"
#include "base/file.h"
#include "base/given_path.h"
#include "base/progress.h"
#include "config/config.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "report/result.h"
#include "sparse/select_page.h"

namespace frugal::adapt {
namespace {

// Progress of freeze's trainings; how many there will be is decided by their accuracies.
class Follower {
 public:
  explicit Follower(bool quiet) : progress_("freeze", 0, quiet) {}

  void trained(double accuracy) {
    note_ = fmt::format("{} trainings, accuracy {:.3f}", ++done_, accuracy);
    progress_.update(0, note_);  // the note has the number: finish() writes none where the total is unknown
  }
  void finish() {
    if (done_ > 0) progress_.finish(note_);
  }

 private:
  base::Progress progress_;
  std::int64_t done_ = 0;
  std::string note_;
};

sparse::Evaluate by_training(const SelectFiles& files, Follower& follower) {
  if (files.train.empty()) return {};
  ContributeConfig config;
  config::read(config, config::load(files.train, {}));
  config.network = files.network;
  config.weights = files.weights;
  config.method = "measured";
  return [&follower, trained = evaluate_by_training(config)](const sparse::UpdateScheme& scheme) {
    const double accuracy = trained(scheme);
    follower.trained(accuracy);
    return accuracy;
  };
}

}  // namespace

nlohmann::ordered_json select_scheme(const SelectFiles& files, const sparse::SelectConfig& config,
                                     const nlohmann::json& effective) {
  const report::RunClock clock;
  const ir::Model model = network::load_model(files.network, files.weights).model;
  const ir::Graph graph = quant::with_float_head(model, 0, 0, files.network).graph;
  Follower follower(files.quiet);
  const sparse::Evaluate evaluate = by_training(files, follower);
  nlohmann::ordered_json result =
      report::start_result({"frugal.tinytrain_compile.select/1", "tinytrain-compile select",
                            static_cast<std::uint64_t>(config.seed)},
                           effective);
  result.update(sparse::select(graph, sparse::read_contributions(files.contributions), files.contributions,
                               config, evaluate));
  follower.finish();
  nlohmann::ordered_json described = clock.describe(1);
  if (result.contains("run")) described.update(result["run"]);
  result["run"] = described;
  if (!files.html.empty()) base::write_text(base::given_path(files.html), sparse::select_page(result, graph));
  return result;
}

}  // namespace frugal::adapt
