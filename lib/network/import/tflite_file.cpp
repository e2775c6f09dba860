#include "network/import/tflite_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::network {
namespace {

constexpr std::size_t most_axes = 8;
constexpr std::int32_t custom_operator = 32;

struct Buffers {
  const FlatFile& file;
  std::vector<FlatTable> tables;

  // Old files hold a buffer's bytes in its table; files above 2 GB say where behind the tables they lie.
  std::span<const unsigned char> bytes(std::uint32_t index, const std::string& tensor) const {
    if (index >= tables.size())
      file.fail(fmt::format("tensor '{}' is in buffer {}, of {}", tensor, index, tables.size()));
    const FlatTable& table = tables[index];
    const auto offset = table.number<std::uint64_t>(1, 0), size = table.number<std::uint64_t>(2, 0);
    if (offset > 1) return {file.at(offset, size), size};
    return table.bytes(0);
  }
};

TfliteTensor read_tensor(const FlatFile& file, const FlatTable& table, const Buffers& buffers) {
  TfliteTensor tensor;
  tensor.name = table.text(3);
  for (const std::int32_t size : table.numbers<std::int32_t>(0)) tensor.shape.push_back(size);
  if (tensor.shape.size() > most_axes)
    file.fail(fmt::format("tensor '{}' has {} axes", tensor.name, tensor.shape.size()));
  tensor.type = static_cast<TfliteType>(table.number<std::uint8_t>(1, 0));
  tensor.data = buffers.bytes(table.number<std::uint32_t>(2, 0), tensor.name);
  if (const auto quantization = table.table(4)) {
    tensor.scale = quantization->numbers<float>(2);
    tensor.zero_point = quantization->numbers<std::int64_t>(3);
    tensor.channel_axis = quantization->number<std::int32_t>(6, 0);
  }
  tensor.is_variable = table.number<std::uint8_t>(5, 0) != 0;
  tensor.is_sparse = table.has(6);
  return tensor;
}

void check_indices(const FlatFile& file, const std::vector<std::int32_t>& indices, std::size_t count,
                   std::int32_t least, const std::string& where) {
  for (const std::int32_t index : indices) {
    if (index < least || (index >= 0 && static_cast<std::size_t>(index) >= count))
      file.fail(fmt::format("{} names tensor {}, of {}", where, index, count));
  }
}

}  // namespace

bool is_tflite(std::span<const unsigned char> bytes) {
  static constexpr unsigned char identifier[] = {'T', 'F', 'L', '3'};
  return bytes.size() >= 8 && std::equal(identifier, identifier + 4, bytes.begin() + 4);
}

std::string name_of(TfliteType type) {
  static const char* const names[] = {"FLOAT32", "FLOAT16",  "INT32",     "UINT8",  "INT64",   "STRING",
                                      "BOOL",    "INT16",    "COMPLEX64", "INT8",   "FLOAT64", "COMPLEX128",
                                      "UINT64",  "RESOURCE", "VARIANT",   "UINT32", "UINT16",  "INT4"};
  const auto index = static_cast<std::size_t>(type);
  return index < std::size(names) ? names[index] : fmt::format("type {}", index);
}

TfliteModel read_tflite(const FlatFile& file) {
  const FlatTable root = file.root();
  const auto version = root.number<std::uint32_t>(0, 0);
  if (version != 3) file.fail(fmt::format("has version {} of the format; 3 is supported", version));

  struct Code {
    std::int32_t code;
    std::string custom;
  };
  std::vector<Code> codes;
  for (const FlatTable& table : root.tables(1)) {
    // Codes above 127 stand in a second field; old files have the first alone.
    const auto old_code = std::int32_t{table.number<std::int8_t>(0, 0)};
    codes.push_back({std::max(old_code, table.number<std::int32_t>(3, 0)), table.text(1)});
  }

  const std::vector<FlatTable> subgraphs = root.tables(2);
  if (subgraphs.size() != 1) file.fail(fmt::format("has {} subgraphs; 1 is supported", subgraphs.size()));
  const FlatTable& graph = subgraphs.front();
  const Buffers buffers{file, root.tables(4)};

  TfliteModel model;
  model.bytes = &file;
  for (const FlatTable& table : graph.tables(0)) model.tensors.push_back(read_tensor(file, table, buffers));
  const std::size_t count = model.tensors.size();
  model.inputs = graph.numbers<std::int32_t>(1);
  model.outputs = graph.numbers<std::int32_t>(2);
  check_indices(file, model.inputs, count, 0, "the list of inputs");
  check_indices(file, model.outputs, count, 0, "the list of outputs");
  for (const FlatTable& table : graph.tables(3)) {
    TfliteOperator op;
    const auto index = table.number<std::uint32_t>(0, 0);
    const std::string where = fmt::format("operator {}", model.operators.size());
    if (index >= codes.size()) file.fail(fmt::format("{} has code {}, of {}", where, index, codes.size()));
    op.code = codes[index].code;
    op.name = op.code == custom_operator ? "custom " + codes[index].custom : tflite_operator_name(op.code);
    op.inputs = table.numbers<std::int32_t>(1);
    op.outputs = table.numbers<std::int32_t>(2);
    check_indices(file, op.inputs, count, -1, where);
    check_indices(file, op.outputs, count, 0, where);
    op.options_kind = table.number<std::uint8_t>(3, 0);
    op.options = table.table(4);
    model.operators.push_back(std::move(op));
  }
  return model;
}

}  // namespace frugal::network
