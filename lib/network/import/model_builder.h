// What importers put a graph with its numbers together with: ir::Builder, the numbers of what each node
// brings, and names that stand once.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ir/builder.h"
#include "ir/model.h"

namespace frugal::network {

// What a file of a network became.
struct Imported {
  ir::Model model;
  std::string format;              // ".tflite", "tiny-training", …
  std::vector<std::string> notes;  // what a user should know about these numbers
  // What images become before they are the input, where the file says it (metadata_of,
  // network/preprocessing.h).
  std::map<std::string, std::string> metadata = {};
};

class ModelBuilder {
 public:
  explicit ModelBuilder(const std::string& graph_name) : graph(graph_name) {}

  ir::Builder graph;

  // `name`, or name_2, name_3 … where it stands already; plain letters, 200 at most.
  std::string unique(const std::string& name);
  // "conv0", "conv1", …: a number for each kind.
  std::string numbered(const std::string& kind);

  // The parameter or state of the node added last, by its place behind what the node computes on.
  ir::TensorId parameter(std::size_t index) const;
  template <typename T>
  void set(ir::TensorId id, std::span<const T> values) {
    model_.set<T>(id, values);
  }
  // Checked by ir/verify.h; errors name `origin`.
  ir::Model finish(const std::vector<ir::TensorId>& outputs, const std::string& origin);

 private:
  ir::Model model_;
  std::set<std::string> names_;
  std::map<std::string, std::int64_t> times_, numbers_;  // of a name, of a kind
};

// One scale and zero point for a whole tensor.
ir::Quantization per_tensor(double scale, std::int64_t zero_point);
// One scale an index of the first axis, zero points 0: weights and biases.
ir::Quantization per_channel(std::vector<double> scale);

// Refuses what is no positive, finite number.
void check_scales(const ir::Builder& graph, std::span<const double> scale, const std::string& of);

// Row-major numbers whose axes are put in another order: axis i of the result is axis order[i] of `values`,
// which have `shape`.
template <typename T>
std::vector<T> transposed(std::span<const T> values, const ir::Dims& shape,
                          const std::vector<std::size_t>& order) {
  const std::size_t rank = shape.size();
  std::vector<std::int64_t> stride(rank, 1), step(rank), size(rank), at(rank, 0);
  for (std::size_t i = rank; i-- > 1;) stride[i - 1] = stride[i] * shape[i];
  for (std::size_t i = 0; i < rank; ++i) {
    step[i] = stride[order[i]];
    size[i] = shape[order[i]];
  }
  std::vector<T> result(values.size());
  std::int64_t from = 0;
  for (T& value : result) {
    value = values[static_cast<std::size_t>(from)];
    for (std::size_t axis = rank; axis-- > 0;) {
      from += step[axis];
      if (++at[axis] < size[axis]) break;
      from -= step[axis] * size[axis];
      at[axis] = 0;
    }
  }
  return result;
}

}  // namespace frugal::network
