#include "ir/graph.h"

#include "base/error.h"

namespace frugal::ir {
namespace {

struct TypeName {
  DataType type;
  const char* name;
  std::int64_t bytes;
};
constexpr TypeName types[] = {{DataType::float32, "f32", 4},
                              {DataType::int8, "i8", 1},
                              {DataType::int16, "i16", 2},
                              {DataType::int32, "i32", 4}};

const TypeName& entry_of(DataType type) {
  for (const TypeName& entry : types) {
    if (entry.type == type) return entry;
  }
  FRUGAL_ASSERT(false, "a data type without its name");
  return types[0];
}

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

const char* name_of(DataType type) { return entry_of(type).name; }
std::int64_t bytes_of(DataType type) { return entry_of(type).bytes; }

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
    case Role::value:
      return "value";
  }
  return "";
}

TensorId Graph::find(const std::string& tensor_name) const {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == tensor_name) return static_cast<TensorId>(i);
  }
  return none;
}

NodeRange whole(const Graph& graph) { return {0, static_cast<NodeId>(graph.nodes.size())}; }

}  // namespace frugal::ir
