#include "adapt/run.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "adapt/batches.h"
#include "adapt/checkpoint.h"
#include "adapt/head.h"
#include "adapt/learner.h"
#include "adapt/page.h"
#include "adapt/samples.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/stop.h"
#include "config/config.h"
#include "ir/count.h"
#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "report/result.h"
#include "sparse/scheme.h"
#include "train/event_log.h"
#include "train/loop.h"
#include "train/parallel/communicator.h"
#include "train/training_run.h"

namespace frugal::adapt {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

sparse::UpdateScheme scheme_of(const std::string& text, const ir::Graph& graph) {
  if (!std::filesystem::is_regular_file(text)) return sparse::scheme_named(text, graph);
  const config::Source source = config::load(text, {});
  return sparse::read_scheme(config::JsonNode(source), graph);
}

// The images of one run: what is learnt, and what accuracy is measured on.
struct Images {
  quant::Samples training, held_out, part;
  bool validates = false;
};

Images open_images(const AdaptConfig& config, const ir::Graph& graph) {
  const ir::Tensor& input = graph.tensor(graph.inputs.front());
  Images images;
  images.validates = config.data.validation > 0;
  const data::ImageSet training = data::open_split(config.data, data::Split::train);
  const data::ImageSet held_out =
      data::open_split(config.data, images.validates ? data::Split::validation : data::Split::test);
  images.training = samples_of(training, few_of_each(training, config.shots, config.seed), input, config.data,
                               config.network);
  images.held_out = samples_of(held_out, {}, input, config.data, config.network);
  images.part = samples_of(held_out, balanced_part(held_out, config.evaluate_images), input, config.data,
                           config.network);
  return images;
}

class Run {
 public:
  Run(const AdaptConfig& config, const train::RunOptions& options, const train::LoopPlace& place,
      Learner& learner, const Images& images)
      : config_(config),
        options_(options),
        place_(place),
        learner_(learner),
        images_(images),
        batches_(images.training.size(), config.method, place.seed) {}

  Progress to_end() {
    begin();
    const std::int64_t total = batches_.total_steps();
    base::Progress bar(place_.label, total, place_.quiet);
    started_ = saved_ = Clock::now();
    while (progress_.step < total) {
      step();
      bar.update(progress_.step, note_);
      const bool stop = base::stop_signal() != 0;
      const std::chrono::duration<double> since = Clock::now() - saved_;
      if (stop || since.count() > config_.checkpoint_seconds) save();
      if (stop) base::stop_if_requested();
    }
    progress_.seconds = seconds();
    bar.finish(note_);
    return progress_;
  }

 private:
  void begin() {
    progress_.id = place_.config_hash;
    path_ = options_.out + "/checkpoint.safetensors";
    if (place_.resume && std::filesystem::exists(path_)) {
      progress_ = load_checkpoint(path_, place_.config_hash, learner_);
    } else {
      progress_.before = learner_.evaluate(images_.held_out);
    }
    before_ = progress_.seconds;
    log_.begin(progress_.step);
    if (progress_.step == 0) measure(0, std::nullopt);
  }

  double seconds() const { return before_ + std::chrono::duration<double>(Clock::now() - started_).count(); }

  void step() {
    const std::int64_t step = progress_.step;
    const auto which = batches_.of_step(step);
    const double rate = batches_.learning_rate(step);
    const double loss = learner_.step(images_.training, which, rate);
    progress_.epoch_loss += loss * static_cast<double>(which.size());
    progress_.epoch_images += static_cast<std::int64_t>(which.size());
    ++progress_.step;
    if (batches_.ends_epoch(step)) end_epoch(batches_.epoch_of(step) + 1, rate);
  }

  void end_epoch(std::int64_t epoch, double rate) {
    const double loss = progress_.epoch_loss / static_cast<double>(progress_.epoch_images);
    note_ = fmt::format("loss {:.3f}", loss);
    const bool due = config_.evaluate_every > 0 && epoch % config_.evaluate_every == 0 &&
                     progress_.step < batches_.total_steps();
    Ordered event{{"step", progress_.step}, {"epoch", epoch}, {"loss", loss}, {"lr", rate}};
    if (due) event["accuracy"] = measure(epoch, loss);
    event["seconds"] = seconds();
    log_.write(event);
    progress_.epoch_loss = 0;
    progress_.epoch_images = 0;
  }

  double measure(std::int64_t epoch, std::optional<double> train_loss) {
    const quant::Score score = learner_.evaluate(images_.part);
    progress_.curve.push_back({static_cast<double>(epoch), score.accuracy(), score.loss, train_loss});
    note_ += fmt::format("{}accuracy {:.1f} %", note_.empty() ? "" : ", ", 100 * score.accuracy());
    return score.accuracy();
  }

  void save() {
    progress_.seconds = seconds();
    save_checkpoint(path_, progress_, learner_);
    saved_ = Clock::now();
  }

  const AdaptConfig& config_;
  const train::RunOptions& options_;
  const train::LoopPlace& place_;
  Learner& learner_;
  const Images& images_;
  Batches batches_;
  train::EventLog log_{options_.out, true};
  Progress progress_;
  std::string path_, note_;
  double before_ = 0;
  Clock::time_point started_ = Clock::now(), saved_ = Clock::now();
};

}  // namespace

Ordered run(const AdaptConfig& config, const train::RunOptions& options) {
  if (config.network.empty())
    throw UserError("network", "is not given", "the network that is to learn: model.tflite");
  config.method.check("method");
  const auto communicator = train::make_communicator();
  nlohmann::json printed;
  config::print(config, printed);
  train::TrainingRun folder("tinytrain-compile adapt", "frugal.tinytrain-compile.adapt/1", options, printed,
                            config.runs, *communicator);
  if (Ordered line = folder.finished(); !line.is_null()) return line;

  const network::Imported imported = network::load_model(config.network, config.weights);
  const Images images = open_images(config, imported.model.graph);
  const ir::Model start =
      with_head(imported.model, config.head, images.training, config.seed, config.network);
  const sparse::UpdateScheme scheme = scheme_of(config.scheme, start.graph);
  const std::size_t threads = worker_count(config.threads);
  const std::unique_ptr<Learner> learner = make_learner(start, scheme, config);
  if (!options.quiet) {
    for (const std::string& note : learner->untrained())
      base::log_note("tinytrain-compile",
                     "left as they are, since their scale is degenerate: channels of " + note);
  }

  const train::LoopPlace place = folder.place(config.seed, config.name.empty() ? "adapt" : config.name);
  Run loop(config, options, place, *learner, images);
  Progress progress = loop.to_end();
  const quant::Score after = learner->evaluate(images.held_out);
  progress.curve.push_back({config.method.epochs, after.accuracy(), after.loss, std::nullopt});

  const ir::Model learnt = learner->model();
  network::write_model(options.out + "/model", learnt);
  const Ordered scheme_json = sparse::to_json(scheme, start.graph);
  base::write_text(options.out + "/scheme.json", scheme_json.dump(2) + "\n");

  Ordered line{{"id", folder.id()}};
  if (!config.name.empty()) line["name"] = config.name;
  line["network"] = config.network;
  line["scheme"] = config.scheme;
  line["method"] = config.method.kind;
  line["storage"] = config.method.in_float() ? "float" : config.method.storage;
  line["parameters"] = ir::parameter_count(start.graph, ir::whole(start.graph));
  line["macs"] = ir::mac_count(start.graph, ir::whole(start.graph));
  line["train_examples"] = images.training.size();
  line["steps"] = progress.step;
  if (!config.method.in_float()) line["extra_memory_bytes"] = scheme_json["extra_memory_bytes"];
  line["before"] = quant::to_json(progress.before);
  line[images.validates ? "validation_error" : "test_error"] = 1 - after.accuracy();
  line[images.validates ? "validation_loss" : "test_loss"] = after.loss;
  line["accuracy"] = after.accuracy();
  line["curve"] = curve_json(progress.curve);
  line["untrained_channels"] = learner->untrained();
  line["seed"] = config.seed;
  base::write_text(options.out + "/report.html", page(line, scheme_json, start.graph));
  folder.finish(line, config.seed, static_cast<int>(threads), progress.seconds);
  return line;
}

}  // namespace frugal::adapt
