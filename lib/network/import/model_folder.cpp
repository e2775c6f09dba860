#include "network/import/model_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/stop_watch.h"
#include "ir/text.h"
#include "network/import/weights_file.h"

namespace frugal::network {
namespace {

using checkpoint::DType;

std::string graph_path(const std::string& folder) { return folder + "/model.ir"; }
std::string numbers_path(const std::string& folder) { return folder + "/model.safetensors"; }

// FNV-1a, 64 bits.
std::string digest(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

bool is_stored(const ir::Tensor& tensor) {
  return tensor.role != ir::Role::input && tensor.role != ir::Role::value;
}

DType stored_as(const ir::Tensor& tensor, const std::string& origin) {
  switch (tensor.type) {
    case ir::DataType::float32:
      return DType::f32;
    case ir::DataType::int8:
      return DType::i8;
    case ir::DataType::int16:
      return DType::i16;
    case ir::DataType::int32:
      return DType::i32;
    case ir::DataType::bit:
      break;
  }
  throw base::UserError(origin + ": " + tensor.name, "holds bits, which no file of weights does");
}

}  // namespace

bool is_model_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(graph_path(path), ignored);
}

void write_model(const std::string& folder, const ir::Model& model) {
  ir::verify(model, folder);
  const std::string text = ir::to_text(model.graph);
  std::vector<checkpoint::SafetensorsWriter::Entry> entries;
  for (const ir::Tensor& tensor : model.graph.tensors) {
    if (is_stored(tensor)) entries.push_back({tensor.name, stored_as(tensor, folder), tensor.shape});
  }
  base::make_folder(folder);
  base::AtomicFile graph(graph_path(folder));  // both are whole before the first is put in place
  graph.write(text.data(), text.size());
  checkpoint::SafetensorsWriter writer(numbers_path(folder), entries, {{"graph", digest(text)}});
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    if (is_stored(model.graph.tensors[i])) writer.append(model.data[i].data(), model.data[i].size());
  }
  const base::FinishFirst both;
  writer.finish();
  graph.commit();
}

ir::Model read_model(const std::string& folder) {
  const std::string text = base::read_text(graph_path(folder));
  ir::Model model;
  model.graph = ir::from_text(text, graph_path(folder));
  const checkpoint::SafetensorsFile file(numbers_path(folder));
  const auto written_with = file.metadata().find("graph");
  if (written_with == file.metadata().end() || written_with->second != digest(text)) {
    throw base::UserError(folder, "model.safetensors was not written with this model.ir",
                          "one of them was changed, or a command was stopped between the two: import anew");
  }
  model.data.resize(model.graph.tensors.size());
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (!is_stored(tensor)) continue;
    const auto bytes = stored_bytes(file, tensor.name, stored_as(tensor, graph_path(folder)), tensor.shape);
    model.set<std::byte>(static_cast<ir::TensorId>(i), std::as_bytes(bytes));
  }
  ir::verify(model, graph_path(folder));
  return model;
}

}  // namespace frugal::network
