#include "grow/compare.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/stop.h"
#include "grow/compare_report.h"
#include "model/transformer/hf_model.h"
#include "report/result.h"

namespace frugal::grow {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;

constexpr const char* tool = "ligo-grow compare";

// Loss against compute of a finished run: what its log says, from the start on.
Curve read_curve(const std::string& folder, const Ordered& line, double offset) {
  const double step = line.at("compute").get<double>() / line.at("steps").get<double>();
  Curve curve;
  const auto add = [&](double steps, double loss) {
    if (!curve.compute.empty() && offset + steps * step <= curve.compute.back()) return;
    curve.compute.push_back(offset + steps * step);
    curve.loss.push_back(loss);
  };
  add(0, line.at("start_loss").get<double>());
  std::istringstream lines(base::read_text(folder + "/events.jsonl"));
  for (std::string text; std::getline(lines, text);) {
    const auto event = nlohmann::json::parse(text, nullptr, false);
    if (event.is_object() && event.contains("eval_loss")) add(event["step"], event["eval_loss"]);
  }
  add(line.at("steps").get<double>(), line.at("loss").get<double>());
  return curve;
}

class Comparison {
 public:
  Comparison(const CompareConfig& config, const train::RunOptions& options)
      : config_(config), options_(options) {}

  void run() {
    if (config_.train.loop.steps < 1) throw UserError("train.loop.steps", "must say how long scratch trains");
    std::set<std::string> names{"scratch", "source"};
    for (const CompareMethod& method : config_.methods) {
      if (!names.insert(name_of(method)).second) {
        throw UserError("methods", "two have the name '" + name_of(method) + "'", "give each a `name`");
      }
    }
    base::make_folder(options_.out);
    std::vector<std::string> order;
    if (config_.scratch) order.push_back("scratch");
    for (const CompareMethod& method : config_.methods) order.push_back(name_of(method));
    for (const std::string& name : order) methods_.push_back({name, {}});
    for (const std::int64_t seed : config_.seeds) run_seed(seed);
  }

  const std::vector<MethodRuns>& methods() const { return methods_; }

 private:
  static std::string name_of(const CompareMethod& method) {
    return method.name.empty() ? method.growth.label() : method.name;
  }

  train::RunOptions place(const std::string& folder) const {
    train::RunOptions options = options_;
    options.out = folder;
    options.resume = true;
    return options;
  }

  void run_seed(std::int64_t seed) {
    const std::string folder = fmt::format("{}/seed-{}", options_.out, seed);
    std::string source = config_.source_path;
    double source_compute = 0;
    if (source.empty()) {
      source = folder + "/source";
      train::TransformerRunConfig run = config_.source;
      run.seed = seed;
      run.threads = config_.threads;
      run.name = fmt::format("source/{}", seed);
      run.runs = options_.out + "/runs.jsonl";
      for (const CompareMethod& method : config_.methods) run.keep_optimizer |= method.growth.optimizer;
      source_compute = train::run_transformer(run, place(source), alone_).at("compute").get<double>();
    }
    const TransformerConfig target = target_of(model::HfModel(source).config(), config_.target);
    std::size_t index = 0;
    if (config_.scratch) {
      const std::string fresh = folder + "/scratch/grown";
      if (!std::filesystem::exists(fresh + "/config.json")) {
        const auto& start = config_.train.model;
        model::write_hf(fresh, target,
                        model::initial_weights(target, static_cast<std::uint64_t>(seed), start.init_std,
                                               start.scaled_output),
                        checkpoint::DType::f32, source);
      }
      const auto steps = std::llround(static_cast<double>(config_.train.loop.steps) * config_.scratch_factor);
      train_one(index++, seed, folder + "/scratch", steps, {}, 0, 0);
    }
    for (const CompareMethod& method : config_.methods) {
      const std::string own = folder + "/" + name_of(method);
      train::TransformerRunConfig run = config_.train;
      run.seed = seed;
      run.threads = config_.threads;
      const double grown = grow_directory(method.growth, config_.target, run, source, own + "/grown",
                                          place(own + "/grown"), alone_);
      // Equal compute: the operator's cost comes off the target's steps.
      const double step = 3 * model::forward_flops(target, run.objective.tokens.sequence_length) *
                          static_cast<double>(run.objective.batch.size);
      const auto taken = std::llround(grown / step);
      train_one(index++, seed, own, std::max<std::int64_t>(1, run.loop.steps - taken), method, grown,
                source_compute);
    }
  }

  void train_one(std::size_t index, std::int64_t seed, const std::string& folder, std::int64_t steps,
                 const CompareMethod& method, double operator_compute, double source_compute) {
    base::stop_if_requested();
    train::TransformerRunConfig run = config_.train;
    run.seed = seed;
    run.threads = config_.threads;
    run.data_stream = config_.train.data_stream + 1;  // not the source's batches over again
    run.name = fmt::format("{}/{}", methods_[index].name, seed);
    run.model.path = folder + "/grown";
    run.start_optimizer = method.growth.optimizer;
    run.loop.steps = steps;
    if (method.lr_peak > 0) run.loop.schedule.lr_peak = method.lr_peak;
    if (method.warmup_steps >= 0) run.loop.schedule.warmup_steps = method.warmup_steps;
    run.runs = options_.out + "/runs.jsonl";
    const Ordered line = train::run_transformer(run, place(folder + "/train"), alone_);
    if (!options_.quiet) {
      base::log_note(tool,
                     fmt::format("{}: starts at {:.4f}, ends at {:.4f} after {} steps", run.name,
                                 line.at("start_loss").get<double>(), line.at("loss").get<double>(), steps));
    }
    MethodRun done;
    done.seed = seed;
    done.curve = read_curve(folder + "/train", line, operator_compute);
    done.step_compute = line.at("compute").get<double>() / line.at("steps").get<double>();
    done.operator_compute = operator_compute;
    done.source_compute = source_compute;
    for (const char* key : {"error", "loss"}) {
      if (line.contains(key)) done.final_metrics[key] = line[key].get<double>();
    }
    if (config_.neighbours.count > 0) {
      const auto judged = train::evaluate_transformer(run, folder + "/train", config_.neighbours);
      done.final_metrics["knn_error"] = judged.at("knn_error").get<double>();
    }
    methods_[index].runs.push_back(std::move(done));
  }

  train::Communicator alone_;
  const CompareConfig& config_;
  const train::RunOptions& options_;
  std::vector<MethodRuns> methods_;
};

void write_curves(const std::string& path, const std::vector<MethodRuns>& methods) {
  std::string text;
  for (const MethodRuns& method : methods) {
    for (const MethodRun& run : method.runs) {
      for (std::size_t i = 0; i < run.curve.loss.size(); ++i) {
        text += report::to_line({{"method", method.name},
                                 {"seed", run.seed},
                                 {"compute", run.curve.compute[i]},
                                 {"steps", run.curve.compute[i] / run.step_compute},
                                 {"loss", run.curve.loss[i]}}) +
                "\n";
      }
    }
  }
  base::write_text(path, text);
}

}  // namespace

void CompareMethod::visit(config::Visitor& v) {
  v.field("name", name, "empty: made of the operator's names");
  v.object("growth", growth, "how the small model becomes the large one");
  v.field("lr_peak", lr_peak, config::at_least(0), "0: as train.loop.schedule says");
  v.field("warmup_steps", warmup_steps, config::at_least(-1), "-1: as train.loop.schedule says");
}

void CompareConfig::visit(config::Visitor& v) {
  v.field("seeds", seeds, config::at_least(0), "one whole comparison each");
  v.field("threads", threads, config::between(0, 4096), "0: all cores");
  v.field("source_path", source_path,
          "a trained small model; empty: one is trained a seed, as `source` says");
  v.object("source", source, "training of the small model");
  v.object("target", target, "sizes of the large model");
  v.list("methods", methods, "what is compared with training from scratch");
  v.field("scratch", scratch, "train from scratch too");
  v.field("scratch_factor", scratch_factor, config::greater_than(0),
          "scratch trains so many times the steps");
  v.object("train", train, "training of the large model; loop.steps are without an operator's cost");
  v.field("losses", losses, config::any_number(), "to say the savings to; scratch's final loss always");
  v.object("neighbours", neighbours, "classify by each trained model's features: knn_error");
}

Ordered compare(const CompareConfig& config, const train::RunOptions& options) {
  if (options.out == "-" || options.out.empty()) throw UserError("--out", "a comparison needs a folder");
  const base::FolderLock lock(options.out);
  const report::RunClock clock;
  Comparison comparison(config, options);
  comparison.run();
  nlohmann::json printed;
  config::print(config, printed);
  Ordered result =
      report::start_result({"frugal.ligo-grow.compare/1", tool,
                            static_cast<std::uint64_t>(config.seeds.empty() ? 0 : config.seeds[0])},
                           printed);
  result["methods"] = summarise(comparison.methods(), config.losses);
  write_curves(options.out + "/curves.jsonl", comparison.methods());
  write_compare_report(options.out + "/report.html", comparison.methods(), result["methods"]);
  result["run"] = clock.describe(static_cast<int>(config.threads));
  report::write_result(options.out + "/result.json", result);
  return result;
}

}  // namespace frugal::grow
