#include "grow/expand.h"

#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

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
constexpr std::int64_t pieces_worth_a_thread = 4;

// make(piece, buffer) of each piece, on all threads where there are enough of them. The first exception ends
// all and is thrown again.
void side_by_side(std::int64_t pieces,
                  const std::function<void(std::int64_t, std::vector<unsigned char>&)>& make) {
  std::atomic<std::int64_t> next = 0;
  std::exception_ptr failed;
  std::mutex one_at_a_time;
  const auto work = [&] {
    try {
      std::vector<unsigned char> buffer;
      for (std::int64_t piece = next++; piece < pieces; piece = next++) make(piece, buffer);
    } catch (...) {
      next = pieces;
      const std::scoped_lock lock(one_at_a_time);
      if (!failed) failed = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    const std::int64_t threads =
        std::min<std::int64_t>(torch::get_num_threads(), pieces / pieces_worth_a_thread);
    for (std::int64_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  if (failed) std::rethrow_exception(failed);
}

// Rows of a plain tensor straight from the mapped file to the writer. Each depends on nothing but its number.
template <class T>
void stream(TensorGrowth& growth, const std::vector<const checkpoint::ShardedFile::Place*>& places,
            checkpoint::ShardedWriter& writer) {
  std::vector<const T*> sources;
  for (const auto* place : places) {
    const std::span<const unsigned char> bytes = place->bytes();
    const auto count = static_cast<std::int64_t>(bytes.size());
    std::atomic<bool> finite = true;
    side_by_side((count + piece_bytes - 1) / piece_bytes, [&](std::int64_t number, auto&) {
      const std::int64_t begin = number * piece_bytes, end = std::min(count, begin + piece_bytes);
      const auto part = bytes.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      if (!tensor::all_finite(part, place->info->dtype)) finite = false;
    });
    if (!finite) {
      throw base::UserError(place->text(), "holds NaN or infinity", "the model's training had diverged");
    }
    sources.push_back(reinterpret_cast<const T*>(place->bytes().data()));
  }
  growth.measure<T>(sources);
  const auto row_bytes = growth.row_size() * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t piece = std::max<std::int64_t>(1, piece_bytes / row_bytes), rows = growth.row_count();
  const auto parts = writer.in_parts(static_cast<std::uint64_t>(rows * row_bytes));
  side_by_side((rows + piece - 1) / piece, [&](std::int64_t number, std::vector<unsigned char>& buffer) {
    const std::int64_t begin = number * piece, end = std::min(rows, begin + piece);
    const auto bytes = static_cast<std::size_t>((end - begin) * row_bytes);
    buffer.resize(std::max(buffer.size(), bytes));
    growth.rows<T>(sources, begin, end, reinterpret_cast<T*>(buffer.data()));
    parts.put(static_cast<std::uint64_t>(begin * row_bytes), buffer.data(), bytes);
  });
}

// True where the tensor could be streamed: one part, as it is used, in the file's own type.
bool try_stream(const HfModel& source, const PlannedGrowth& growth, const FileTensor& tensor, DType type,
                checkpoint::ShardedWriter& writer) {
  if (tensor.parts.size() != 1 || tensor.transposed || tensor.offset != 0) return false;
  TensorGrowth kernel(growth.plan(), tensor.parts[0]);
  std::vector<const checkpoint::ShardedFile::Place*> places;
  for (const std::string& name : kernel.sources()) {
    places.push_back(source.stored(name).place);
    if (places.back()->info->dtype != type) return false;
  }
  switch (type) {
    case DType::f64:
      stream<double>(kernel, places, writer);
      break;
    case DType::f32:
      stream<float>(kernel, places, writer);
      break;
    case DType::bf16:
      stream<c10::BFloat16>(kernel, places, writer);
      break;
    case DType::f16:
      stream<c10::Half>(kernel, places, writer);
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
  std::int64_t done = 0;
  for (const FileTensor& tensor : table) {
    base::stop_if_requested();
    if (!try_stream(source, growth, tensor, options.type, writer)) {
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
