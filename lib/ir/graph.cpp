#include "ir/graph.h"

#include "base/error.h"

namespace frugal::ir {
namespace {

struct TypeName {
  DataType type;
  const char* name;
};
constexpr TypeName types[] = {{DataType::float32, "f32"},
                              {DataType::int8, "i8"},
                              {DataType::int16, "i16"},
                              {DataType::int32, "i32"},
                              {DataType::bit, "bit"}};

}  // namespace

std::int64_t elements(const Dims& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

std::string to_text(const Dims& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

const char* name_of(DataType type) {
  for (const TypeName& entry : types) {
    if (entry.type == type) return entry.name;
  }
  FRUGAL_ASSERT(false, "a data type without its name");
  return "";
}

std::optional<DataType> data_type_named(const std::string& name) {
  for (const TypeName& entry : types) {
    if (name == entry.name) return entry.type;
  }
  return std::nullopt;
}

const char* name_of(Role role) {
  switch (role) {
    case Role::input:
      return "input";
    case Role::parameter:
      return "parameter";
    case Role::state:
      return "state";
    case Role::constant:
      return "constant";
    case Role::value:
      return "value";
  }
  return "";
}

std::int64_t bytes(const Tensor& tensor) {
  const std::int64_t count = elements(tensor.shape);
  switch (tensor.type) {
    case DataType::float32:
    case DataType::int32:
      return 4 * count;
    case DataType::int16:
      return 2 * count;
    case DataType::int8:
      return count;
    case DataType::bit:
      return (count + 7) / 8;
  }
  return 0;
}

NodeRange whole(const Graph& graph) { return {0, static_cast<NodeId>(graph.nodes.size())}; }

}  // namespace frugal::ir
