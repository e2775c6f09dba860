#include "grow/expand.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/stop.h"
#include "model/transformer/carry.h"
#include "tensor/finite.h"

namespace frugal::grow {
namespace {

using checkpoint::DType;
using model::FileTensor;
using model::HfModel;
using torch::Tensor;

constexpr std::int64_t piece_bytes = 1 << 20;  // stays in a core's own cache until it is written

// Rows of a plain tensor straight from the mapped file to the writer.
template <class T>
void stream(TensorGrowth& growth, const std::vector<const checkpoint::ShardedFile::Place*>& places,
            checkpoint::ShardedWriter& writer, std::vector<unsigned char>& buffer) {
  std::vector<const T*> sources;
  for (const auto* place : places) {
    if (!tensor::all_finite(place->bytes(), place->info->dtype)) {
      throw base::UserError(place->text(), "holds NaN or infinity", "the model's training had diverged");
    }
    sources.push_back(reinterpret_cast<const T*>(place->bytes().data()));
  }
  growth.measure<T>(sources);
  const auto row_bytes = growth.row_size() * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t piece = std::max<std::int64_t>(1, piece_bytes / row_bytes);
  const std::int64_t rows = growth.row_count();
  buffer.resize(static_cast<std::size_t>(std::min(piece, rows) * row_bytes));
  for (std::int64_t begin = 0; begin < rows; begin += piece) {
    const std::int64_t end = std::min(rows, begin + piece);
    // On one thread: to wake another one for a piece takes as long as to make it.
    growth.rows<T>(sources, begin, end, reinterpret_cast<T*>(buffer.data()));
    writer.append(buffer.data(), static_cast<std::size_t>((end - begin) * row_bytes));
  }
}

// True where the tensor could be streamed: one part, as it is used, in the file's own type.
bool try_stream(const HfModel& source, const PlannedGrowth& growth, const FileTensor& tensor, DType type,
                checkpoint::ShardedWriter& writer, std::vector<unsigned char>& buffer) {
  if (tensor.parts.size() != 1 || tensor.transposed || tensor.offset != 0) return false;
  TensorGrowth kernel(growth.plan(), tensor.parts[0]);
  std::vector<const checkpoint::ShardedFile::Place*> places;
  for (const std::string& name : kernel.sources()) {
    places.push_back(source.stored(name).place);
    if (places.back()->info->dtype != type) return false;
  }
  switch (type) {
    case DType::f64:
      stream<double>(kernel, places, writer, buffer);
      break;
    case DType::f32:
      stream<float>(kernel, places, writer, buffer);
      break;
    case DType::bf16:
      stream<c10::BFloat16>(kernel, places, writer, buffer);
      break;
    case DType::f16:
      stream<c10::Half>(kernel, places, writer, buffer);
      break;
    default:
      return false;
  }
  for (const auto* place : places) place->release();
  return true;
}

}  // namespace

void expand_directory(const HfModel& source, const PlannedGrowth& growth, const std::string& folder,
                      const ExpandOptions& options) {
  const auto table = file_tensors(growth.target());
  std::vector<checkpoint::SafetensorsWriter::Entry> entries;
  for (const FileTensor& tensor : table) entries.push_back({tensor.name, options.type, tensor.shape});
  base::make_folder(folder);
  checkpoint::ShardedWriter writer(folder, entries, options.shard_bytes);
  base::Progress progress("grow", static_cast<std::int64_t>(table.size()), options.quiet);
  // Float32 is what 16-bit weights are computed in; a wider file keeps its own.
  const auto type = options.type == DType::f64 ? torch::kFloat64 : torch::kFloat32;
  const auto read = [&](const std::string& name) { return source.read(name, type); };
  std::vector<unsigned char> buffer;
  std::int64_t done = 0;
  for (const FileTensor& tensor : table) {
    base::stop_if_requested();
    if (!try_stream(source, growth, tensor, options.type, writer, buffer)) {
      std::vector<Tensor> parts;
      for (const model::WeightSpec& part : tensor.parts) parts.push_back(growth.weight(part, read));
      const Tensor whole = assemble(tensor, parts).to(tensor::torch_type(options.type)).contiguous();
      writer.append(whole.data_ptr(), whole.nbytes());
    }
    progress.update(++done);
  }
  writer.finish();
  progress.finish();
  model::carry_files(source.folder(), folder, growth.target().hidden_size);
  model::write_config_file(folder, growth.target(), options.type);
}

}  // namespace frugal::grow
