#include "adapt/run.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "adapt/checkpoint.h"
#include "adapt/learner.h"
#include "adapt/page.h"
#include "adapt/task.h"
#include "adapt/training.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/stop_watch.h"
#include "config/config.h"
#include "ir/count.h"
#include "ir/model.h"
#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "report/result.h"
#include "sparse/scheme.h"
#include "train/run/communicator.h"
#include "train/run/event_log.h"
#include "train/run/place.h"
#include "train/run/training_run.h"

namespace frugal::adapt {
namespace {

using base::UserError;
using Ordered = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

class Run {
 public:
  Run(const AdaptConfig& config, const train::RunOptions& options, const train::RunPlace& place,
      Learner& learner, const Images& images)
      : config_(config),
        options_(options),
        place_(place),
        learner_(learner),
        images_(images),
        batches_(batches_of(config, images.training)) {}

  Progress to_end() {
    begin();
    std::optional<base::FinishFirst> to_the_checkpoint(std::in_place);
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
    save();  // stopped in the evaluation, it does not learn again
    to_the_checkpoint.reset();
    if (!config_.stream.used()) {
      progress_.after = measure_all();
      progress_.curve.push_back(
          {config_.method.epochs, progress_.after.accuracy(), progress_.after.loss, std::nullopt});
    }
    progress_.seconds = seconds();
    bar.finish(note_);
    return progress_;
  }

  // At the end, of an auto-encoder.
  const quant::Detection& detection() const { return detection_; }

 private:
  void begin() {
    progress_.id = place_.config_hash;
    path_ = options_.out + "/checkpoint.safetensors";
    if (place_.resume && std::filesystem::exists(path_)) {
      progress_ = load_checkpoint(path_, place_.config_hash, learner_);
      check_progress(progress_, path_, batches_, config_.stream.used() ? images_.held_out.size() : 0);
    } else {
      remember_known(config_, images_.training, learner_);
      progress_.before = measure_all();
      if (config_.stream.used()) {
        progress_.curve.push_back({0, progress_.before.accuracy(), progress_.before.loss, std::nullopt});
      } else {
        measure(0, std::nullopt);
      }
    }
    before_ = progress_.seconds;
    log_.begin(progress_.step);
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
    const bool ends = batches_.ends_task(progress_.step - 1);
    Ordered event{{"step", progress_.step}, {"epoch", epoch}, {"loss", loss}, {"lr", rate}};
    if (ends && config_.stream.used()) {
      event["accuracy"] = end_task(epoch, loss);
    } else if (!ends && config_.evaluate_every > 0 && epoch % config_.evaluate_every == 0) {
      event["accuracy"] = measure(epoch, loss);
    }
    event["seconds"] = seconds();
    log_.write(event);
    progress_.epoch_loss = 0;
    progress_.epoch_images = 0;
  }

  double end_task(std::int64_t epoch, double loss) {
    progress_.after = measure_all();
    progress_.curve.push_back(
        {static_cast<double>(epoch), progress_.after.accuracy(), progress_.after.loss, loss});
    note_ += fmt::format(", accuracy {:.1f} %", 100 * progress_.after.accuracy());
    return progress_.after.accuracy();
  }

  // On all held-out images; of a stream, right answers by class are noted.
  quant::Score measure_all() {
    if (!config_.stream.used()) return score(images_.held_out.front());
    quant::Score all;
    std::vector<std::int64_t> images, correct;
    for (const quant::Samples& some : images_.held_out) {
      const quant::Score score = learner_.evaluate(some);
      all.loss += score.loss * static_cast<double>(score.count);
      all.correct += score.correct;
      all.count += score.count;
      images.push_back(score.count);
      correct.push_back(score.correct);
    }
    if (all.count > 0) all.loss /= static_cast<double>(all.count);
    progress_.stream.images = images;
    progress_.stream.correct.push_back(correct);
    return all;
  }

  // Of an auto-encoder: right is what its threshold tells apart, and the loss is that of usual samples.
  quant::Score score(const quant::Samples& samples) {
    if (!config_.anomaly.used()) return learner_.evaluate(samples);
    detection_ = quant::detection(learner_.losses(images_.usual), learner_.losses(samples), samples.labels,
                                  config_.anomaly.quantile);
    return {detection_.usual_score, detection_.right, detection_.count};
  }

  double measure(std::int64_t epoch, std::optional<double> train_loss) {
    const quant::Score found = score(images_.part);
    progress_.curve.push_back({static_cast<double>(epoch), found.accuracy(), found.loss, train_loss});
    note_ += fmt::format("{}accuracy {:.1f} %", note_.empty() ? "" : ", ", 100 * found.accuracy());
    return found.accuracy();
  }

  void save() {
    progress_.seconds = seconds();
    save_checkpoint(path_, progress_, learner_);
    saved_ = Clock::now();
  }

  const AdaptConfig& config_;
  const train::RunOptions& options_;
  const train::RunPlace& place_;
  Learner& learner_;
  const Images& images_;
  Batches batches_;
  train::EventLog log_{options_.out, true};
  Progress progress_;
  quant::Detection detection_;  // of the last measurement
  std::string path_, note_;
  double before_ = 0;
  Clock::time_point started_ = Clock::now(), saved_ = Clock::now();
};

}  // namespace

Ordered run(const AdaptConfig& config, const train::RunOptions& options, const MakeFloatLearner& in_float) {
  config.check();
  FRUGAL_ASSERT(!config.method.in_float() || in_float, "nothing here learns in float");
  train::Communicator single;
  nlohmann::json printed;
  config::print(config, printed);
  train::TrainingRun folder("tinytrain-compile adapt", "frugal.tinytrain-compile.adapt/1", options, printed,
                            config.runs, single);
  if (Ordered line = folder.finished(); !line.is_null()) return line;

  const base::MemoryUse memory("learning the network of " + config.network,
                               "make shots or the network smaller");
  const network::Imported imported = network::load_model(config.network, config.weights);
  const Images images = open_images(config, imported.model.graph);
  const ir::Model start =
      as_trained(start_of(config, imported.model, images.training), config.method, config.network);
  const sparse::UpdateScheme scheme = sparse::scheme_given(config.scheme, start.graph);
  const std::size_t threads = worker_count(config.threads);
  const std::unique_ptr<Learner> learner = make_learner(start, scheme, config, in_float);
  if (!options.quiet) {
    for (const std::string& note : learner->untrained())
      base::log_note("tinytrain-compile",
                     "left as they are, since their scale is degenerate: channels of " + note);
  }

  const train::RunPlace place = folder.place(config.seed, config.name.empty() ? "adapt" : config.name);
  Run loop(config, options, place, *learner, images);
  const Progress progress = loop.to_end();
  const quant::Score& after = progress.after;

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
  line["train_examples"] = config.stream.used()
                               ? places_of_classes(images.training, config.stream.order).size()
                               : images.training.size();
  line["steps"] = progress.step;
  if (!config.method.in_float()) line["extra_memory_bytes"] = scheme_json["extra_memory_bytes"];
  line["before"] = quant::to_json(progress.before);
  line[images.validates ? "validation_error" : "test_error"] = 1 - after.accuracy();
  line[images.validates ? "validation_loss" : "test_loss"] = after.loss;
  line["accuracy"] = after.accuracy();
  if (config.stream.used()) line["stream"] = to_json(config.stream, progress.stream);
  if (config.anomaly.used()) line["anomaly"] = quant::to_json(loop.detection());
  if (learner->memory() != nullptr) line["replay"] = learner->memory()->to_json();
  line["curve"] = curve_json(progress.curve);
  line["untrained_channels"] = learner->untrained();
  line["seed"] = config.seed;
  base::write_text(options.out + "/report.html", page(line, scheme_json, start.graph));
  folder.finish(line, config.seed, static_cast<int>(threads), progress.seconds);
  return line;
}

}  // namespace frugal::adapt
