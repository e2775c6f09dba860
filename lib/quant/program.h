// A graph made ready to run over the kernels of lib/ops, one image at a time: the simulation of what a device
// computes, bit for bit.
//
// Values lie as the kernels want them (ops/arguments.h). Parameters are shared by all workers and stand in
// Parameters; each worker has a Workspace for what is computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/model.h"
#include "ops/arguments.h"

namespace frugal::quant {

// The numbers that are there from the start, in the kernels' layout.
class Parameters {
 public:
  Parameters(const ir::Model& model, const std::vector<ops::Layout>& layouts);

  template <typename T>
  std::span<T> values(ir::TensorId id) {
    std::vector<std::byte>& bytes = data_[static_cast<std::size_t>(id)];
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T>
  std::span<const T> values(ir::TensorId id) const {
    const std::vector<std::byte>& bytes = data_[static_cast<std::size_t>(id)];
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  const std::byte* at(ir::TensorId id) const { return data_[static_cast<std::size_t>(id)].data(); }

  // Between here and row-major order: back into the model, or from bytes in it.
  void store(ir::Model& model, ir::TensorId id) const;
  void load(const ir::Model& model, ir::TensorId id, std::span<const std::byte> bytes);

 private:
  std::vector<std::vector<std::byte>> data_;
  std::vector<ops::Layout> layouts_;
};

class Program;

// The memory of one worker.
class Workspace {
 public:
  Workspace(const Program& program, const Parameters& parameters);

  template <typename T>
  T* at(ir::TensorId id) {
    return reinterpret_cast<T*>(tensors_[static_cast<std::size_t>(id)]);
  }
  template <typename T>
  const T* at(ir::TensorId id) const {
    return reinterpret_cast<const T*>(tensors_[static_cast<std::size_t>(id)]);
  }
  void* scratch() { return scratch_.data(); }

 private:
  std::vector<std::byte*> tensors_;  // parameters are only read through it
  std::vector<std::max_align_t> memory_, scratch_;
};

class Program {
 public:
  // Throws UserError at "origin: node" for an operator without a kernel for its types, for a graph that is
  // not of one image, and for a layer whose sums may not fit int32. Values share memory where their lifetimes
  // allow it, so that after a run only inputs and outputs of the graph are there; `keep_all` for those who
  // look at all.
  enum class Memory { shared, keep_all };
  Program(const ir::Model& model, const std::string& origin, Memory memory = Memory::shared);

  const ir::Graph& graph() const { return graph_; }
  const std::vector<ops::Layout>& layouts() const { return layouts_; }
  std::size_t value_bytes() const { return value_bytes_; }  // of a workspace
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  std::size_t offset(ir::TensorId id) const { return offsets_[static_cast<std::size_t>(id)]; }

  // Runs nodes [begin, end).
  void run(Workspace& workspace, ir::NodeRange range) const;

  // Copies values of an input into a workspace, or of any tensor out of it, row-major in its shape.
  template <typename T>
  void put(Workspace& workspace, ir::TensorId id, std::span<const T> values) const {
    const std::vector<std::size_t>& to = input_places_.at(id);
    for (std::size_t i = 0; i < to.size(); ++i) workspace.at<T>(id)[to[i]] = values[i];
  }
  // The same of bytes as the tensor stores its numbers: int8 or int32.
  void put_bytes(Workspace& workspace, ir::TensorId id, std::span<const std::int8_t> bytes) const;
  template <typename T>
  std::vector<T> get(const Workspace& workspace, ir::TensorId id) const {
    FRUGAL_ASSERT(is_kept(id), "a tensor whose memory another one may have taken: keep_all");
    const std::vector<std::size_t> from = places_of(id);
    std::vector<T> values(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) values[i] = workspace.at<T>(id)[from[i]];
    return values;
  }

 private:
  bool is_kept(ir::TensorId id) const;
  std::vector<std::size_t> places_of(ir::TensorId id) const;

  ir::Graph graph_;
  std::vector<ops::Layout> layouts_;
  std::vector<std::function<void(Workspace&)>> steps_;
  std::vector<std::size_t> offsets_;
  std::map<ir::TensorId, std::vector<std::size_t>> input_places_;
  std::size_t value_bytes_ = 0, scratch_bytes_ = 0;
  Memory memory_;
};

}  // namespace frugal::quant
