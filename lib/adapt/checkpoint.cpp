#include "adapt/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "config/config.h"
#include "config/json_node.h"
#include "ir/model.h"

namespace frugal::adapt {
namespace {

using checkpoint::DType;
using Json = nlohmann::ordered_json;

DType dtype_of(ir::DataType type) {
  switch (type) {
    case ir::DataType::int8:
      return DType::i8;
    case ir::DataType::int16:
      return DType::i16;
    case ir::DataType::int32:
      return DType::i32;
    default:
      return DType::f32;
  }
}

constexpr const char* replay_values = "replay:values";
constexpr const char* replay_labels = "replay:labels";
constexpr double most = 1e12;  // steps and images that a run may count

template <typename T>
std::vector<T> numbers(const checkpoint::SafetensorsFile& file, const std::string& path,
                       const std::string& name, DType type) {
  const checkpoint::TensorInfo* info = file.find(name);
  if (info == nullptr) return {};
  if (info->dtype != type) throw base::UserError(path + ": " + name, "is of another type than in this run");
  const auto bytes = file.bytes(*info);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

quant::Score read_score(const config::JsonNode& node) {
  if (node.size() != 3) node.fail("must be a loss and two counts");
  return {node[0].number(), node[1].integer(config::between(0, most)),
          node[2].integer(config::between(0, most))};
}

Progress read_progress(const config::JsonNode& node, const std::string& path, const std::string& id) {
  if (node["id"].text() != id)
    throw base::UserError(path, "is of another config or seed", "give another --out");
  const config::Range count = config::between(0, most);
  Progress progress;
  progress.id = id;
  progress.step = node["step"].integer(count);
  progress.seconds = node["seconds"].number(config::at_least(0));
  progress.epoch_loss = node["epoch_loss"].number();
  progress.epoch_images = node["epoch_images"].integer(count);
  progress.before = read_score(node["before"]);
  progress.after = read_score(node["after"]);
  progress.stream.images = node["stream_images"].integers(count);
  for (const config::JsonNode& row : node["stream_correct"].elements())
    progress.stream.correct.push_back(row.integers(count));
  for (const config::JsonNode& point : node["curve"].elements()) {
    progress.curve.push_back(
        {point["epoch"].number(), point["accuracy"].number(), point["loss"].number(), std::nullopt});
    if (point.has("train_loss")) progress.curve.back().train_loss = point["train_loss"].number();
  }
  return progress;
}

}  // namespace

Json curve_json(const std::vector<Progress::Point>& curve) {
  Json json = Json::array();
  for (const Progress::Point& point : curve) {
    json.push_back({{"epoch", point.epoch}, {"accuracy", point.accuracy}, {"loss", point.loss}});
    if (point.train_loss) json.back()["train_loss"] = *point.train_loss;
  }
  return json;
}

void save_checkpoint(const std::string& path, const Progress& progress, const Learner& learner) {
  const ir::Model model = learner.model();
  const std::vector<quant::TrainedState> states = learner.state();
  std::vector<checkpoint::SafetensorsWriter::Entry> entries;
  for (const ir::TensorId id : learner.trained()) {
    const ir::Tensor& tensor = model.graph.tensor(id);
    entries.push_back({tensor.name, dtype_of(tensor.type), tensor.shape});
  }
  const auto for_each_part = [&](const auto& visit) {
    for (const quant::TrainedState& state : states) {
      visit(state.name + ":latent", state.latent);
      visit(state.name + ":first", state.first);
      visit(state.name + ":second", state.second);
    }
  };
  for_each_part([&](const std::string& name, const std::vector<float>& values) {
    if (!values.empty()) entries.push_back({name, DType::f32, {static_cast<std::int64_t>(values.size())}});
  });
  const auto score = [](const quant::Score& of) { return Json{of.loss, of.correct, of.count}; };
  Json state{{"id", progress.id},
             {"step", progress.step},
             {"seconds", progress.seconds},
             {"epoch_loss", progress.epoch_loss},
             {"epoch_images", progress.epoch_images},
             {"before", score(progress.before)},
             {"after", score(progress.after)},
             {"stream_images", progress.stream.images},
             {"stream_correct", progress.stream.correct},
             {"curve", curve_json(progress.curve)}};
  const bool replays = learner.memory() != nullptr;
  const quant::ReplayBuffer::State kept =
      replays ? learner.memory()->buffer().state() : quant::ReplayBuffer::State();
  if (replays) {
    state["replay_seen"] = kept.seen;
    state["replay_large"] = kept.large;
    entries.push_back({replay_values, DType::i8, {static_cast<std::int64_t>(kept.values.size())}});
    entries.push_back({replay_labels, DType::i32, {static_cast<std::int64_t>(kept.labels.size())}});
  }
  checkpoint::SafetensorsWriter writer(path, entries, {{"state", state.dump()}});
  for (const ir::TensorId id : learner.trained()) {
    const auto& bytes = model.data[static_cast<std::size_t>(id)];
    writer.append(bytes.data(), bytes.size());
  }
  for_each_part([&](const std::string&, const std::vector<float>& values) {
    if (!values.empty()) writer.append(values.data(), values.size() * sizeof(float));
  });
  if (replays) {
    writer.append(kept.values.data(), kept.values.size());
    writer.append(kept.labels.data(), kept.labels.size() * sizeof(std::int32_t));
  }
  writer.finish();
}

Progress load_checkpoint(const std::string& path, const std::string& id, Learner& learner) {
  const checkpoint::SafetensorsFile file(path);
  const auto found = file.metadata().find("state");
  if (found == file.metadata().end()) throw base::UserError(path, "is no checkpoint of adapt");
  const nlohmann::json json = config::parse(found->second, path + ":state");
  const config::JsonNode node(json, path + ":state", "", "is this what adapt saved?");
  Progress progress = read_progress(node, path, id);
  ir::Model model = learner.model();
  for (const ir::TensorId parameter : learner.trained()) {
    const ir::Tensor& tensor = model.graph.tensor(parameter);
    const checkpoint::TensorInfo& info = file.at(tensor.name);
    if (info.dtype != dtype_of(tensor.type) || info.shape != tensor.shape)
      throw base::UserError(path + ": " + tensor.name, "is of another type or shape than in this run");
    const auto bytes = file.bytes(info);
    std::memcpy(model.data[static_cast<std::size_t>(parameter)].data(), bytes.data(), bytes.size());
  }
  std::vector<quant::TrainedState> states = learner.state();
  for (quant::TrainedState& state : states) {
    for (auto [values, part] :
         {std::pair{&state.latent, ":latent"}, {&state.first, ":first"}, {&state.second, ":second"}}) {
      std::vector<float> saved = numbers<float>(file, path, state.name + part, DType::f32);
      if (saved.size() != values->size())
        throw base::UserError(path + ": " + state.name + part, "is of another size than in this run");
      *values = std::move(saved);
    }
  }
  learner.restore(model, std::move(states), progress.step);
  if (ReplayMemory* memory = learner.memory(); memory != nullptr) {
    quant::ReplayBuffer::State kept{numbers<std::int8_t>(file, path, replay_values, DType::i8),
                                    numbers<std::int32_t>(file, path, replay_labels, DType::i32),
                                    node["replay_seen"].integers(config::between(0, most)),
                                    node["replay_large"].integers(config::between(0, 1))};
    if (!memory->buffer().fits(kept))
      throw base::UserError(path, "holds other old examples than this run's buffer");
    memory->buffer().restore(kept);
  }
  return progress;
}

void check_progress(const Progress& progress, const std::string& path, const Batches& batches,
                    std::size_t classes) {
  std::size_t rows = classes > 0 ? 1 : 0;
  if (classes > 0) {
    for (std::int64_t step = 0; step < std::min(progress.step, batches.total_steps()); ++step)
      rows += batches.ends_task(step) ? 1 : 0;
  }
  const StreamScores& scores = progress.stream;
  const bool fits = progress.step <= batches.total_steps() && scores.images.size() == classes &&
                    scores.correct.size() == rows &&
                    std::all_of(scores.correct.begin(), scores.correct.end(),
                                [&](const std::vector<std::int64_t>& row) { return row.size() == classes; });
  if (!fits)
    throw base::UserError(path, "is damaged: its step or its right answers are not those of this run",
                          "give another --out");
}

}  // namespace frugal::adapt
