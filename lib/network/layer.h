// What a block of network.json can run besides its shortcut: one class a kind of layer, which is read from
// the file, written to it, and lowered to operators (lib/ir). Everything else about it (shapes, counts,
// memory, latency pieces, ONNX, training) follows from those operators.
//
// A new kind is one file in lib/network/ and one line in the table of layer.cpp; docs/adding.md says
// what it may need besides.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "ir/ids.h"

namespace frugal::config {
class JsonNode;
}

namespace frugal::network {

class Lowering;  // network/lower.h

// An image, or a map of features.
struct Shape {
  std::int64_t channels = 0, height = 0, width = 0;
  bool operator==(const Shape&) const = default;
};
std::string to_text(const Shape& shape);  // "16x28x28"

class Layer {
 public:
  virtual ~Layer() = default;

  virtual const char* name() const = 0;  // of its kind, as in the file
  virtual nlohmann::ordered_json to_json() const = 0;
  virtual std::int64_t channels_before() const = 0;  // that it takes; 0: any number
  virtual std::int64_t channels_after(std::int64_t in_channels) const = 0;
  // Appends its operators to the graph; their names start with `name`, as the names of its tensors in a file
  // of weights do. Returns what it gives. Throws UserError where it does not fit what comes before.
  virtual ir::TensorId lower(Lowering& lowering, ir::TensorId x, const std::string& name) const = 0;
  // All that its time depends on, in one line: its key in a latency table of our own.
  virtual std::string latency_key(const Shape& in, const Shape& out) const = 0;
  virtual bool is_free() const { return false; }  // computes nothing
  virtual bool is_zero() const { return false; }  // gives nothing: its block is the shortcut alone
};

struct LayerKind {
  const char* name;
  std::shared_ptr<const Layer> (*read)(const config::JsonNode& node);  // UserError with the place
};
using LayerKinds = std::vector<LayerKind>;
const LayerKinds& layer_kinds();

std::shared_ptr<const Layer> read_layer(const config::JsonNode& node,
                                        const LayerKinds& kinds = layer_kinds());

}  // namespace frugal::network
