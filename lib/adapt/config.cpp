#include "adapt/config.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/error.h"

namespace frugal::adapt {
namespace {

// In the order of quant::Method and quant::Storage; fp32 is none of these.
const std::vector<std::string> methods{"qas", "sgd", "adam", "lars", "fp32"};
const std::vector<std::string> storages{"latent", "nearest", "stochastic", "truncate", "integer"};

int place_of(const std::string& name, const std::vector<std::string>& names) {
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

}  // namespace

MethodConfig::MethodConfig() {
  schedule.lr_peak = 0.05;
  schedule.warmup_epochs = 1;
}

void MethodConfig::visit(config::Visitor& v) {
  v.choice("kind", kind, methods,
           "qas: SGD with quantisation-aware scaling; for comparison without it: sgd, adam, lars; fp32: SGD "
           "on the "
           "float network that the int8 one stands for");
  v.choice(
      "storage", storage, storages,
      "of updated integers: rounded at each step (nearest, stochastic; truncate as in the published device "
      "code), or floats beside them (latent); integer: no float at all, for a network that rounds in whole "
      "numbers (import --rounding integer)");
  v.field("momentum", momentum, config::between(0, 0.999), "of all but adam; takes 4 bytes a trained number");
  v.field("batch_size", batch_size, config::between(1, 65536), "images whose gradients make one step");
  v.field("epochs", epochs, config::greater_than(0), "passes over the training images");
  v.object("schedule", schedule, "learning rate");
}

void MethodConfig::check(const std::string& place) const {
  if (in_float() && storage != MethodConfig().storage)
    throw base::UserError(place + ".storage",
                          "has no effect with fp32, which trains floats: '" + storage + "'", "leave it out");
  if (kind == "adam" && momentum > 0)
    throw base::UserError(place + ".momentum", "has no effect with adam, which has two of its own",
                          "leave it out");
}

quant::TrainerConfig MethodConfig::trainer(std::int64_t seed, std::size_t threads) const {
  FRUGAL_ASSERT(!in_float(), "no method on integers");
  quant::TrainerConfig config;
  config.method = static_cast<quant::Method>(place_of(kind, methods));
  config.storage = static_cast<quant::Storage>(place_of(storage, storages));
  config.momentum = momentum;
  config.seed = static_cast<std::uint64_t>(seed);
  config.threads = threads;
  return config;
}

std::size_t worker_count(std::int64_t threads) {
  return threads == 0 ? std::max(1U, std::thread::hardware_concurrency()) : static_cast<std::size_t>(threads);
}

void AdaptConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people; stands in runs.jsonl");
  v.field("seed", seed, config::at_least(0), "of the new head, the order of images and stochastic rounding");
  v.field("threads", threads, config::between(0, 4096), "0: all cores; only results of fp32 depend on it");
  v.field("network", network, "int8 .tflite, tiny-training JSON, or a folder that `import` wrote");
  v.field("weights", weights, "weights of a JSON (safetensors); empty: those beside it");
  v.choice("head", head, {"new", "means", "keep", "grow", "none"},
           "the classifier to begin with: a random one for the data's classes, nearest class mean of what is "
           "learnt, the file's own, or (grow) the file's own for stream.known and rows of 0 for other "
           "classes; none: an "
           "auto-encoder, which learns to give back what it takes");
  v.object("data", data, "what it learns");
  v.field("shots", shots, config::at_least(0), "labelled images a class to learn from; 0: all");
  v.field("scheme", scheme, "what is trained: full, head, bias:k, last:k, or a file of a scheme (JSON)");
  v.object("method", method, "how it learns");
  v.object("stream", stream, "classes that come one after the other");
  v.object("replay", replay, "activations of old examples that are learnt again");
  v.object("anomaly", anomaly, "what is usual, where an auto-encoder tells what is not");
  v.field("evaluate_every", evaluate_every, config::at_least(0), "epochs; 0: before and after alone");
  v.field("evaluate_images", evaluate_images, config::at_least(0), "at most so many in between; 0: all");
  v.field("held_out", held_out, config::at_least(0),
          "test or validation images that accuracy is measured on before and after, at most; 0: all");
  v.field("checkpoint_seconds", checkpoint_seconds, config::greater_than(0), "of wall clock");
  v.field("runs", runs, "file that gets the run's line; empty: runs.jsonl beside the output folder");
}

void AdaptConfig::check() const {
  using base::UserError;
  if (network.empty())
    throw UserError("network", "is not given", "the network that is to learn: model.tflite");
  method.check("method");
  replay.check(stream.used() && !method.in_float(), method.batch_size);
  if (head == "grow" && !stream.used())
    throw UserError("head", "grow: no class comes one after the other", "give stream.order, or head: new");
  if ((head == "none") != anomaly.used())
    throw UserError("anomaly.normal",
                    anomaly.used() ? "is what an auto-encoder learns: head is '" + head + "'"
                                   : "is not given, and an auto-encoder (head: none) learns what is usual",
                    anomaly.used() ? "set head to none" : "anomaly.normal=[0]: class 0 is usual");
  if (!anomaly.used()) return;
  if (method.in_float() || method.storage == "integer")
    throw UserError("method", "an auto-encoder learns on integers, with a loss in float",
                    "kind qas and storage stochastic, for example");
  if (stream.used()) throw UserError("stream", "has no effect on an auto-encoder, which knows no classes");
}

}  // namespace frugal::adapt
