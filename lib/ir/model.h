// A graph with its numbers: what an importer makes of a file of a trained network.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"

namespace frugal::ir {

struct Model {
  Graph graph;
  // The bytes of each parameter, state and constant, row-major in the tensor's shape; empty for what is given
  // or computed.
  std::vector<std::vector<std::byte>> data;

  template <typename T>
  std::span<const T> values(TensorId id) const {
    const std::vector<std::byte>& bytes = data[static_cast<std::size_t>(id)];
    FRUGAL_ASSERT(bytes.size() % sizeof(T) == 0, "numbers of another type");
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T>
  std::span<T> values(TensorId id) {
    std::vector<std::byte>& bytes = data[static_cast<std::size_t>(id)];
    FRUGAL_ASSERT(bytes.size() % sizeof(T) == 0, "numbers of another type");
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T>
  void set(TensorId id, std::span<const T> values) {
    const auto index = static_cast<std::size_t>(id);
    if (data.size() <= index) data.resize(index + 1);
    data[index].resize(values.size_bytes());
    if (!values.empty()) std::memcpy(data[index].data(), values.data(), values.size_bytes());
  }
};

// The graph is whole (ir/verify.h), and every parameter, state and constant has its bytes. Throws UserError
// at "origin: tensor".
void verify(const Model& model, const std::string& origin);

}  // namespace frugal::ir
