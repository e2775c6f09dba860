#include "quant/program.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "plan/lifetimes.h"
#include "plan/plan.h"
#include "quant/kernels.h"

namespace frugal::quant {
namespace {

constexpr std::size_t alignment = alignof(std::max_align_t);

}  // namespace

Parameters::Parameters(const ir::Model& model, const std::vector<ops::Layout>& layouts)
    : data_(model.data), layouts_(layouts) {
  data_.resize(model.graph.tensors.size());
  for (std::size_t i = 0; i < model.data.size(); ++i) {
    if (!data_[i].empty() && layouts[i] != ops::Layout::row_major)
      load(model, static_cast<ir::TensorId>(i), model.data[i]);
  }
}

void Parameters::load(const ir::Model& model, ir::TensorId id, std::span<const std::byte> bytes) {
  const auto i = static_cast<std::size_t>(id);
  const ir::Tensor& tensor = model.graph.tensors[i];
  const std::size_t size = size_of(tensor.type);
  FRUGAL_ASSERT(bytes.size() == data_[i].size(), "numbers of another shape");
  const std::vector<std::size_t> to = ops::places(tensor.shape, layouts_[i]);
  for (std::size_t k = 0; k < to.size(); ++k)
    std::copy_n(bytes.data() + k * size, size, data_[i].data() + to[k] * size);
}

void Parameters::store(ir::Model& model, ir::TensorId id) const {
  const auto i = static_cast<std::size_t>(id);
  const ir::Tensor& tensor = model.graph.tensors[i];
  const std::size_t size = size_of(tensor.type);
  const std::vector<std::size_t> from = ops::places(tensor.shape, layouts_[i]);
  for (std::size_t k = 0; k < from.size(); ++k)
    std::copy_n(data_[i].data() + from[k] * size, size, model.data[i].data() + k * size);
}

Workspace::Workspace(const Program& program, const Parameters& parameters)
    : tensors_(program.graph().tensors.size(), nullptr),
      memory_(program.value_bytes() / sizeof(std::max_align_t) + 1),
      scratch_(program.scratch_bytes() / sizeof(std::max_align_t) + 1) {
  auto* memory = reinterpret_cast<std::byte*>(memory_.data());
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const auto id = static_cast<ir::TensorId>(i);
    const ir::Role role = program.graph().tensors[i].role;
    const bool value = role == ir::Role::input || role == ir::Role::value;
    // Parameters are written by no step: bind() only reads them.
    tensors_[i] = value ? memory + program.offset(id) : const_cast<std::byte*>(parameters.at(id));
  }
}

Program::Program(const ir::Model& model, const std::string& origin, Memory memory)
    : graph_(model.graph), layouts_(ops::layouts_of(model.graph)), memory_(memory) {
  for (const ir::TensorId id : graph_.inputs) {
    const ir::Tensor& tensor = graph_.tensor(id);
    if (tensor.shape.size() > 1 && tensor.shape[0] != 1)
      throw base::UserError(origin + ": " + tensor.name, "is not of one image");
    input_places_.emplace(id, ops::places(tensor.shape, layouts_[static_cast<std::size_t>(id)]));
  }
  std::vector<plan::Block> blocks = plan::lifetimes(graph_, alignment);
  if (memory == Memory::keep_all) {
    for (plan::Block& block : blocks) {
      block.first = 0;
      block.last = ir::whole(graph_).end;
    }
  }
  plan::Arena arena = plan::place(blocks).arena;
  offsets_ = std::move(arena.offsets);
  value_bytes_ = arena.bytes;
  for (const ir::Node& node : graph_.nodes) {
    Step step = bind(model, node, origin);
    scratch_bytes_ = std::max(scratch_bytes_, step.scratch_bytes);
    steps_.push_back(std::move(step.run));
  }
}

void Program::run(Workspace& workspace, ir::NodeRange range) const {
  for (ir::NodeId n = range.begin; n < range.end; ++n) steps_[static_cast<std::size_t>(n)](workspace);
}

void Program::put_bytes(Workspace& workspace, ir::TensorId id, std::span<const std::int8_t> bytes) const {
  if (graph_.tensor(id).type == ir::DataType::int8) return put<std::int8_t>(workspace, id, bytes);
  std::vector<std::int32_t> numbers(bytes.size() / sizeof(std::int32_t));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(std::int32_t));
  put<std::int32_t>(workspace, id, numbers);
}

bool Program::is_kept(ir::TensorId id) const {
  const auto& outputs = graph_.outputs;
  return memory_ == Memory::keep_all || graph_.tensor(id).role != ir::Role::value ||
         std::find(outputs.begin(), outputs.end(), id) != outputs.end();
}

std::vector<std::size_t> Program::places_of(ir::TensorId id) const {
  const auto found = input_places_.find(id);
  if (found != input_places_.end()) return found->second;
  return ops::places(graph_.tensor(id).shape, layouts_[static_cast<std::size_t>(id)]);
}

}  // namespace frugal::quant
