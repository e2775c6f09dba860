#include "adapt/checkpoint.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/safetensors.h"

namespace frugal::adapt {
namespace {

using checkpoint::DType;
using Json = nlohmann::ordered_json;

DType dtype_of(ir::DataType type) {
  switch (type) {
    case ir::DataType::int8:
      return DType::i8;
    case ir::DataType::int32:
      return DType::i32;
    default:
      return DType::f32;
  }
}

std::vector<float> floats(const checkpoint::SafetensorsFile& file, const std::string& name) {
  const checkpoint::TensorInfo* info = file.find(name);
  if (info == nullptr) return {};
  const auto bytes = file.bytes(*info);
  std::vector<float> values(bytes.size() / sizeof(float));
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
  const Json state{{"id", progress.id},
                   {"step", progress.step},
                   {"seconds", progress.seconds},
                   {"epoch_loss", progress.epoch_loss},
                   {"epoch_images", progress.epoch_images},
                   {"before", {progress.before.loss, progress.before.correct, progress.before.count}},
                   {"curve", curve_json(progress.curve)}};
  checkpoint::SafetensorsWriter writer(path, entries, {{"state", state.dump()}});
  for (const ir::TensorId id : learner.trained()) {
    const auto& bytes = model.data[static_cast<std::size_t>(id)];
    writer.append(bytes.data(), bytes.size());
  }
  for_each_part([&](const std::string&, const std::vector<float>& values) {
    if (!values.empty()) writer.append(values.data(), values.size() * sizeof(float));
  });
  writer.finish();
}

Progress load_checkpoint(const std::string& path, const std::string& id, Learner& learner) {
  const checkpoint::SafetensorsFile file(path);
  const auto found = file.metadata().find("state");
  const Json json = found == file.metadata().end() ? Json() : Json::parse(found->second, nullptr, false);
  if (!json.is_object() || !json.contains("id") || !json.contains("before") || !json.contains("curve"))
    throw base::UserError(path, "is no checkpoint of adapt");
  if (json["id"] != id) throw base::UserError(path, "is of another config or seed", "give another --out");
  Progress progress{id, json["step"], json["seconds"], json["epoch_loss"], json["epoch_images"], {}, {}};
  progress.before = {json["before"][0], json["before"][1], json["before"][2]};
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
      std::vector<float> saved = floats(file, state.name + part);
      if (saved.size() != values->size())
        throw base::UserError(path + ": " + state.name + part, "is of another size than in this run");
      *values = std::move(saved);
    }
  }
  learner.restore(model, std::move(states), progress.step);
  return progress;
}

}  // namespace frugal::adapt
