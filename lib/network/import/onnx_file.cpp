#include "network/import/onnx_file.h"

#include <fmt/format.h>

#include <cstring>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "ir/operator.h"
#include "network/import/protobuf.h"

namespace frugal::network {
namespace {

using FieldKind = ProtoField::Kind;

constexpr std::size_t most_axes = 8;

bool is_read(OnnxType type) { return type == OnnxType::float32 || holds_integers(type); }

// Where a tensor's bytes lie in another file.
struct External {
  std::string location;
  std::uint64_t offset = 0, length = 0;
  bool has_length = false;
};

class Reader {
 public:
  Reader(const std::string& origin, const std::string& folder) : origin_(origin), folder_(folder) {}

  OnnxModel read(std::span<const unsigned char> bytes) {
    OnnxModel model;
    bool has_graph = false;
    ProtoMessage message(bytes, origin_);
    for (ProtoField field; message.next(field);) {
      if (field.number == 7 && field.kind == FieldKind::bytes) {
        read_graph(message.message(field), model);
        has_graph = true;
      } else if (field.number == 8 && field.kind == FieldKind::bytes) {
        read_opset(message.message(field), model);
      }
    }
    if (!has_graph) message.fail("holds no graph");
    std::erase_if(model.inputs, [&](const OnnxValue& v) { return model.initializers.contains(v.name); });
    return model;
  }

 private:
  static void read_opset(ProtoMessage message, OnnxModel& model) {
    std::string domain;
    std::int64_t version = 0;
    for (ProtoField field; message.next(field);) {
      if (field.number == 1) domain = field.text();
      if (field.number == 2) version = field.integer();
    }
    if (domain.empty() || domain == "ai.onnx") model.opset = version;
  }

  void read_graph(ProtoMessage message, OnnxModel& model) {
    for (ProtoField field; message.next(field);) {
      if (field.kind != FieldKind::bytes) continue;
      switch (field.number) {
        case 1:
          model.nodes.push_back(read_node(message.message(field)));
          break;
        case 5: {
          OnnxTensor tensor = read_tensor(message.message(field));
          const std::string name = tensor.name;
          if (!model.initializers.emplace(name, std::move(tensor)).second)
            message.fail(fmt::format("holds the tensor '{}' twice", name));
          break;
        }
        case 11:
          model.inputs.push_back(read_value(message.message(field)));
          break;
        case 12:
          model.outputs.push_back(read_value(message.message(field)));
          break;
        case 15:
          message.fail("holds sparse tensors, which are not supported");
        default:
          break;
      }
    }
  }

  OnnxNode read_node(ProtoMessage message) {
    OnnxNode node;
    for (ProtoField field; message.next(field);) {
      if (field.kind != FieldKind::bytes) continue;
      if (field.number == 1) node.inputs.push_back(field.text());
      if (field.number == 2) node.outputs.push_back(field.text());
      if (field.number == 3) node.name = field.text();
      if (field.number == 4) node.type = field.text();
      if (field.number == 5) node.attributes.push_back(read_attribute(message.message(field)));
      if (field.number == 7) node.domain = field.text();
    }
    return node;
  }

  OnnxAttribute read_attribute(ProtoMessage message) {
    OnnxAttribute attribute;
    for (ProtoField field; message.next(field);) {
      switch (field.number) {
        case 1:
          attribute.name = field.text();
          break;
        case 2:
          attribute.real = field.real();
          break;
        case 3:
          attribute.integer = field.integer();
          break;
        case 4:
          attribute.text = field.text();
          break;
        case 5:
          attribute.tensor = read_tensor(message.message(field));
          break;
        case 6:
        case 11:
          attribute.has_graph = true;  // not looked into: its node is refused
          break;
        case 7:
          message.reals(field, attribute.reals);
          break;
        case 8:
          message.integers(field, attribute.integers);
          break;
        default:
          break;
      }
    }
    return attribute;
  }

  OnnxValue read_value(ProtoMessage message) {
    OnnxValue value;
    for (ProtoField field; message.next(field);) {
      if (field.number == 1) value.name = field.text();
      if (field.number != 2) continue;
      ProtoMessage type = message.message(field);
      for (ProtoField kind; type.next(kind);) {
        if (kind.number != 1) continue;  // tensor_type
        ProtoMessage tensor = type.message(kind);
        for (ProtoField part; tensor.next(part);) {
          if (part.number == 1) value.type = static_cast<OnnxType>(part.integer());
          if (part.number == 2) value.shape = read_shape(tensor.message(part));
        }
      }
    }
    return value;
  }

  static ir::Dims read_shape(ProtoMessage message) {
    ir::Dims shape;
    for (ProtoField field; message.next(field);) {
      if (field.number != 1) continue;
      std::int64_t size = -1;
      ProtoMessage extent = message.message(field);
      for (ProtoField part; extent.next(part);) {
        if (part.number == 1) size = part.integer();
      }
      shape.push_back(size);
      if (shape.size() > most_axes) message.fail("has an input of too many axes");
    }
    return shape;
  }

  OnnxTensor read_tensor(ProtoMessage message) {
    OnnxTensor tensor;
    std::span<const unsigned char> raw;
    bool has_raw = false, is_external = false;
    External external;
    for (ProtoField field; message.next(field);) {
      switch (field.number) {
        case 1:
          message.integers(field, tensor.shape);
          break;
        case 2:
          tensor.type = static_cast<OnnxType>(field.integer());
          break;
        case 4:
          message.reals(field, tensor.reals);
          break;
        case 5:
        case 7:
          message.integers(field, tensor.integers);
          break;
        case 8:
          tensor.name = field.text();
          break;
        case 9:
          raw = field.bytes;
          has_raw = true;
          break;
        case 13:
          read_external(message.message(field), external);
          break;
        case 14:
          is_external = field.integer() == 1;
          break;
        default:
          break;
      }
    }
    if (is_external) {
      const std::vector<unsigned char> bytes = external_bytes(external, tensor);
      decode(bytes, tensor);
    } else if (has_raw) {
      decode(raw, tensor);
    }
    check(tensor);
    return tensor;
  }

  static void read_external(ProtoMessage message, External& external) {
    std::string key, value;
    for (ProtoField field; message.next(field);) {
      if (field.number == 1) key = field.text();
      if (field.number == 2) value = field.text();
    }
    if (key == "location") external.location = value;
    if (key == "offset") external.offset = std::strtoull(value.c_str(), nullptr, 10);
    if (key == "length") {
      external.length = std::strtoull(value.c_str(), nullptr, 10);
      external.has_length = true;
    }
  }

  [[noreturn]] void fail(const OnnxTensor& tensor, const std::string& message,
                         const std::string& hint = "") const {
    throw base::UserError(fmt::format("{}: tensor '{}'", origin_, tensor.name), message, hint);
  }

  std::vector<unsigned char> external_bytes(const External& external, const OnnxTensor& tensor) const {
    // A file beside this one, by its plain name.
    const std::string& name = external.location;
    const bool plain = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                       name.find('\0') == std::string::npos;
    if (folder_.empty() || !plain)
      fail(tensor, fmt::format("lies in another file, '{}'", name),
           "only a file beside the .onnx file is read");
    const base::MappedFile file(folder_ + "/" + name);
    const std::uint64_t length = external.has_length ? external.length : file.size() - external.offset;
    if (external.offset > file.size() || length > file.size() - external.offset) {
      fail(tensor, fmt::format("lies at bytes [{}, {} + {}) of '{}', which has {}", external.offset,
                               external.offset, length, name, file.size()));
    }
    return {file.data() + external.offset, file.data() + external.offset + length};
  }

  template <typename T>
  static void append(std::span<const unsigned char> raw, std::vector<std::int64_t>& values) {
    for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, raw.data() + at, sizeof(T));
      values.push_back(value);
    }
  }

  void decode(std::span<const unsigned char> raw, OnnxTensor& tensor) const {
    std::size_t size = 4;
    switch (tensor.type) {
      case OnnxType::float32:
        tensor.reals.resize(raw.size() / 4);
        if (!tensor.reals.empty()) std::memcpy(tensor.reals.data(), raw.data(), 4 * tensor.reals.size());
        break;
      case OnnxType::uint8:
        append<std::uint8_t>(raw, tensor.integers);
        size = 1;
        break;
      case OnnxType::int8:
        append<std::int8_t>(raw, tensor.integers);
        size = 1;
        break;
      case OnnxType::int32:
        append<std::int32_t>(raw, tensor.integers);
        break;
      case OnnxType::int64:
        append<std::int64_t>(raw, tensor.integers);
        size = 8;
        break;
      default:
        size = 1;
    }
    if (raw.size() % size != 0) fail(tensor, fmt::format("has {} bytes", raw.size()));
  }

  // As many numbers as its shape says. An empty tensor ([0]) is none.
  void check(OnnxTensor& tensor) const {
    std::int64_t count = 1;
    for (const std::int64_t size : tensor.shape) {
      const bool fits = size >= 0 && (size == 0 || count <= ir::most_elements / size);
      if (!fits || tensor.shape.size() > most_axes)
        fail(tensor, fmt::format("has the shape {}", ir::to_text(tensor.shape)));
      count *= size;
    }
    if (!is_read(tensor.type)) {
      // Refused where a node computes with it, by its type; a flag of a Dropout may stay.
      tensor.reals.clear();
      tensor.integers.clear();
      return;
    }
    const std::size_t given = tensor.type == OnnxType::float32 ? tensor.reals.size() : tensor.integers.size();
    if (given != static_cast<std::size_t>(count)) {
      fail(tensor, fmt::format("has {} numbers for the shape {}", given, ir::to_text(tensor.shape)));
    }
  }

  const std::string& origin_;
  const std::string& folder_;
};

}  // namespace

std::string name_of(OnnxType type) {
  static const char* const names[] = {"no type", "FLOAT", "UINT8",  "INT8", "UINT16",  "INT16",
                                      "INT32",   "INT64", "STRING", "BOOL", "FLOAT16", "DOUBLE"};
  const auto index = static_cast<std::size_t>(type);
  return index < std::size(names) ? names[index] : fmt::format("type {}", index);
}

bool holds_integers(OnnxType type) {
  return type == OnnxType::uint8 || type == OnnxType::int8 || type == OnnxType::int32 ||
         type == OnnxType::int64;
}

const OnnxAttribute* OnnxNode::find(const std::string& attribute) const {
  for (const OnnxAttribute& one : attributes) {
    if (one.name == attribute) return &one;
  }
  return nullptr;
}

bool is_onnx(std::span<const unsigned char> bytes) {
  // Field 1, a small number (ir_version).
  return bytes.size() > 16 && bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 0x40;
}

OnnxModel read_onnx(std::span<const unsigned char> bytes, const std::string& origin,
                    const std::string& folder) {
  return Reader(origin, folder).read(bytes);
}

}  // namespace frugal::network
