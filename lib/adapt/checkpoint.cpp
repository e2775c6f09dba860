#include "adapt/checkpoint.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/safetensors.h"
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

template <typename T>
std::vector<T> numbers(const checkpoint::SafetensorsFile& file, const std::string& name) {
  const checkpoint::TensorInfo* info = file.find(name);
  if (info == nullptr) return {};
  const auto bytes = file.bytes(*info);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
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
  const quant::ReplayBuffer* buffer = learner.memory() == nullptr ? nullptr : &learner.memory()->buffer();
  if (buffer != nullptr) {
    const quant::ReplayBuffer::State& kept = buffer->state();
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
  if (buffer != nullptr) {
    writer.append(buffer->state().values.data(), buffer->state().values.size());
    writer.append(buffer->state().labels.data(), buffer->state().labels.size() * sizeof(std::int32_t));
  }
  writer.finish();
}

Progress load_checkpoint(const std::string& path, const std::string& id, Learner& learner) {
  const checkpoint::SafetensorsFile file(path);
  const auto found = file.metadata().find("state");
  const Json json = found == file.metadata().end() ? Json() : Json::parse(found->second, nullptr, false);
  if (!json.is_object() || !json.contains("id") || !json.contains("before") || !json.contains("curve"))
    throw base::UserError(path, "is no checkpoint of adapt");
  if (json["id"] != id) throw base::UserError(path, "is of another config or seed", "give another --out");
  Progress progress;
  progress.id = id;
  progress.step = json["step"];
  progress.seconds = json["seconds"];
  progress.epoch_loss = json["epoch_loss"];
  progress.epoch_images = json["epoch_images"];
  const auto score = [&](const char* name) {
    return quant::Score{json[name][0], json[name][1], json[name][2]};
  };
  progress.before = score("before");
  progress.after = score("after");
  progress.stream = {json["stream_images"], json["stream_correct"]};
  for (const Json& point : json["curve"]) {
    progress.curve.push_back({point["epoch"], point["accuracy"], point["loss"], std::nullopt});
    if (point.contains("train_loss")) progress.curve.back().train_loss = point["train_loss"].get<double>();
  }
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
      std::vector<float> saved = numbers<float>(file, state.name + part);
      if (saved.size() != values->size())
        throw base::UserError(path + ": " + state.name + part, "is of another size than in this run");
      *values = std::move(saved);
    }
  }
  learner.restore(model, std::move(states), progress.step);
  if (ReplayMemory* memory = learner.memory(); memory != nullptr) {
    memory->buffer().restore({numbers<std::int8_t>(file, replay_values),
                              numbers<std::int32_t>(file, replay_labels), json["replay_seen"],
                              json["replay_large"]});
  }
  return progress;
}

}  // namespace frugal::adapt
