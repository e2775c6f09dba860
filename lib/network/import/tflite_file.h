// TensorFlow Lite's files (.tflite) as plain data: the tensors and operators of their one subgraph. Read over
// network/import/flatbuffer.h; field numbers are those of tensorflow/lite/schema/schema.fbs (version 3).
// What the operators mean is network/import/tflite.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "network/import/flatbuffer.h"

namespace frugal::network {

enum class TfliteType : std::uint8_t { float32 = 0, int32 = 2, uint8 = 3, int64 = 4, int16 = 7, int8 = 9 };
std::string name_of(TfliteType type);  // "INT8"; "type 31" where it is unknown

struct TfliteTensor {
  std::string name;
  TfliteType type = TfliteType::float32;
  std::vector<std::int64_t> shape;      // batch first, channels last
  std::span<const unsigned char> data;  // of a constant; empty for what is given or computed
  std::vector<float> scale;             // none, one, or one a channel
  std::vector<std::int64_t> zero_point;
  std::int64_t channel_axis = 0;  // that the scales belong to
  bool is_variable = false, is_sparse = false;
};

struct TfliteOperator {
  std::int32_t code = 0;
  std::string name;                           // "CONV_2D"; of a custom one its own
  std::vector<std::int32_t> inputs, outputs;  // tensors; −1: left out. All are tensors of the file.
  std::uint8_t options_kind = 0;
  std::optional<FlatTable> options;
};

struct TfliteModel {
  const FlatFile* bytes = nullptr;  // what it was read from
  std::vector<TfliteTensor> tensors;
  std::vector<TfliteOperator> operators;  // in the order in which they run
  std::vector<std::int32_t> inputs, outputs;
};

bool is_tflite(std::span<const unsigned char> bytes);  // by its identifier

// Refers to the bytes of `file`. Throws UserError where the file is no whole .tflite file: cut off, offsets
// outside it, tensors or buffers that do not exist, more than one subgraph.
TfliteModel read_tflite(const FlatFile& file);

// The name of a builtin operator: "CONV_2D"; "operator code 9999" where it is unknown.
std::string tflite_operator_name(std::int32_t code);

}  // namespace frugal::network
