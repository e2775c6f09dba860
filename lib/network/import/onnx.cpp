#include "network/import/onnx.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "network/import/onnx_lowering.h"

namespace frugal::network {
namespace {

using Kind = OnnxState::Kind;

const std::vector<OnnxRule>& rules() {
  static const std::vector<OnnxRule> all = [] {
    std::vector<OnnxRule> rules;
    for (const auto family : {onnx_layers, onnx_operators, onnx_shapes, onnx_quantized}) {
      for (const OnnxRule& rule : family()) rules.push_back(rule);
    }
    return rules;
  }();
  return all;
}

std::string supported() {
  std::vector<std::string> names;
  for (const OnnxRule& rule : rules()) names.emplace_back(rule.type);
  std::sort(names.begin(), names.end());
  return fmt::format("supported are {}", fmt::join(names, ", "));
}

// PyTorch's names are paths: "/b1/body/body.0/Conv" is b1.body.0. Of what stands behind the last slash only
// the operator's own name is left out.
std::string path_name(const std::string& name, const std::string& type) {
  if (!name.starts_with("/")) return name;
  std::vector<std::string> parts;
  for (std::size_t at = 1; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    const std::string part = name.substr(at, end - at);
    at = end + 1;
    if (end == name.size() && part.starts_with(type) && !parts.empty()) break;
    if (!parts.empty() && part.starts_with(parts.back() + ".")) parts.pop_back();
    parts.push_back(part);
  }
  return fmt::format("{}", fmt::join(parts, "."));
}

}  // namespace

OnnxLowering::OnnxLowering(const OnnxModel& file, const std::string& name, std::string origin)
    : file_(file), origin_(std::move(origin)), builder_(name), done_(file.nodes.size(), false) {
  for (std::size_t i = 0; i < file.nodes.size(); ++i) {
    for (const std::string& input : file.nodes[i].inputs) readers_[input].push_back(i);
  }
  for (const OnnxValue& output : file.outputs) is_output_[output.name] = true;
  std::uint64_t numbers = 0;
  for (const auto& [key, tensor] : file.initializers) numbers += tensor.reals.size() + tensor.integers.size();
  numbers_left_ = 8 * numbers + 65536;
}

void OnnxLowering::charge(std::uint64_t numbers) {
  if (numbers > numbers_left_) fail("uses the same numbers again and again");
  numbers_left_ -= numbers;
}

std::string OnnxLowering::place() const {
  const OnnxNode& now = node();
  const std::string& name = now.name.empty() && !now.outputs.empty() ? now.outputs.front() : now.name;
  return fmt::format("{}: node {} ({}, '{}')", origin_, at_, now.type, name);
}

void OnnxLowering::fail(const std::string& message, const std::string& hint) const {
  throw base::UserError(place(), message, hint);
}

void OnnxLowering::read_inputs() {
  if (file_.inputs.empty()) throw base::UserError(origin_, "has no input");
  for (const OnnxValue& value : file_.inputs) {
    const std::string where = fmt::format("{}: input '{}'", origin_, value.name);
    const bool is_real = value.type == OnnxType::float32;
    const bool is_token = value.type == OnnxType::int64 || value.type == OnnxType::int32;
    if (!is_real && !is_token && value.type != OnnxType::int8 && value.type != OnnxType::uint8)
      throw base::UserError(where, fmt::format("is {}", name_of(value.type)),
                            "FLOAT, INT8 and UINT8 are supported, and INT32 and INT64 for token numbers");
    ir::Dims shape = value.shape;
    if (shape.size() < 2) throw base::UserError(where, "needs a batch as its first axis, and others behind");
    if (shape[0] <= 0) shape[0] = 1;
    try {
      ir::check_size(shape);
    } catch (const ir::RuleError&) {
      throw base::UserError(where, fmt::format("has the shape {}", ir::to_text(value.shape)),
                            "only the batch may have any size; the tensor stays below 2^31 elements");
    }
    builder_.graph.at(where);
    const ir::TensorId id =
        builder_.graph.input(builder_.unique(value.name.empty() ? "input" : value.name), shape,
                             is_token ? ir::DataType::int32 : ir::DataType::float32);
    // The scale of whole numbers is known at the DequantizeLinear that reads them.
    set(value.name, {.kind = is_token ? Kind::token : is_real ? Kind::real : Kind::stored, .id = id});
    if (value.type == OnnxType::uint8)
      note(fmt::format("input '{}' is uint8 in the file: here it takes what is 128 lower", value.name));
  }
}

Imported OnnxLowering::run() {
  if (file_.opset < 7 || file_.opset > 64)
    throw base::UserError(origin_, fmt::format("has operator set {}", file_.opset),
                          "7 and later are supported");
  read_inputs();
  for (at_ = 0; at_ < file_.nodes.size(); ++at_) {
    if (done_[at_]) continue;
    builder_.graph.at(place());
    const bool own_domain = node().domain.empty() || node().domain == "ai.onnx";
    const bool qdq = node().type == "QuantizeLinear" || node().type == "DequantizeLinear";
    const auto rule = std::find_if(rules().begin(), rules().end(),
                                   [&](const OnnxRule& one) { return one.type == node().type; });
    if (rule == rules().end() || (!own_domain && !(qdq && node().domain == "com.microsoft")))
      fail(own_domain ? "is not supported" : fmt::format("of '{}' is not supported", node().domain),
           supported());
    if (node().outputs.empty()) fail("has no output");
    rule->lower(*this);
  }
  std::vector<ir::TensorId> outputs;
  for (const OnnxValue& value : file_.outputs) {
    const std::string where = fmt::format("{}: output '{}'", origin_, value.name);
    OnnxState* state = find(value.name);
    if (state == nullptr) throw base::UserError(where, "is given by no node");
    if (state->is_constant()) throw base::UserError(where, "is a constant");
    if (!state->padding.empty()) throw base::UserError(where, "is padded, and no convolution follows");
    builder_.graph.at(where);
    if (state->kind == Kind::stored && !builder_.graph.graph().tensor(state->id).quantization)
      throw base::UserError(where, "is an input that nothing computes on");
    outputs.push_back(state->kind == Kind::stored ? state->id : to_real(*state, value.name));
  }
  return {builder_.finish(outputs, origin_), "ONNX", notes_};
}

std::int64_t OnnxLowering::integer(const char* name, std::int64_t otherwise) const {
  const OnnxAttribute* found = node().find(name);
  return found == nullptr ? otherwise : found->integer;
}

float OnnxLowering::real(const char* name, float otherwise) const {
  const OnnxAttribute* found = node().find(name);
  return found == nullptr ? otherwise : found->real;
}

std::vector<std::int64_t> OnnxLowering::integers(const char* name,
                                                 const std::vector<std::int64_t>& otherwise) const {
  const OnnxAttribute* found = node().find(name);
  return found == nullptr ? otherwise : found->integers;
}

OnnxState* OnnxLowering::find(const std::string& value) {
  const auto found = values_.find(value);
  if (found != values_.end()) return &found->second;
  const auto constant = file_.initializers.find(value);
  if (constant == file_.initializers.end()) return nullptr;
  OnnxState state{.kind = Kind::constant};
  state.numbers = std::shared_ptr<const OnnxTensor>(std::shared_ptr<void>(), &constant->second);
  return &values_.emplace(value, std::move(state)).first->second;
}

void OnnxLowering::set(const std::string& value, OnnxState state) {
  if (find(value) != nullptr || !values_.emplace(value, std::move(state)).second)
    throw base::UserError(origin_, fmt::format("gives '{}' twice", value));
}

bool OnnxLowering::has_input(std::size_t place) const {
  return place < node().inputs.size() && !node().inputs[place].empty();
}

OnnxState& OnnxLowering::input(std::size_t place) {
  if (!has_input(place)) fail(fmt::format("has no input {}", place));
  OnnxState* state = find(node().inputs[place]);
  if (state == nullptr) {
    fail(fmt::format("reads '{}' before a node gives it", node().inputs[place]),
         "nodes must stand in an order in which they can run, without a circle");
  }
  return *state;
}

ir::TensorId OnnxLowering::to_real(OnnxState& state, const std::string& value) {
  switch (state.kind) {
    case Kind::real:
      return state.id;
    case Kind::quantised:
      if (state.as_real == ir::none) {
        const std::string name = builder_.unique(builder_.graph.graph().tensor(state.id).name + ".f32");
        state.as_real = builder_.graph.add("dequantize", name, {state.id});
      }
      return state.as_real;
    case Kind::token:
      builder_.graph.fail(fmt::format("takes '{}', which holds whole numbers", value),
                          "token numbers may go into an embedding (Gather) alone");
    case Kind::stored:
      builder_.graph.fail(fmt::format("takes '{}', which is quantised", value),
                          "a DequantizeLinear must stand between");
    default:
      builder_.graph.fail(fmt::format("takes the constant '{}', which is not supported here", value));
  }
}

ir::TensorId OnnxLowering::padded_real_input(std::size_t place) {
  return to_real(input(place), node().inputs[place]);
}

ir::TensorId OnnxLowering::real_input(std::size_t place) {
  if (!input(place).padding.empty())
    fail("takes what a Pad gives", "a Pad is supported where convolutions follow it");
  return padded_real_input(place);
}

bool OnnxLowering::is_quantised(std::size_t place) { return input(place).kind == Kind::quantised; }

const OnnxTensor& OnnxLowering::constant(std::size_t place) {
  const OnnxState& state = input(place);
  if (!state.is_constant()) {
    fail(fmt::format("computes '{}', which is not supported here", node().inputs[place]),
         "a constant is needed");
  }
  return *state.numbers;
}

std::vector<float> OnnxLowering::real_numbers(std::size_t place) {
  const OnnxTensor& tensor = constant(place);
  const OnnxState& state = input(place);
  charge(tensor.reals.size() + tensor.integers.size());
  if (state.kind == Kind::constant) {
    if (tensor.type != OnnxType::float32)
      fail(fmt::format("takes '{}', which is {}", tensor.name, name_of(tensor.type)),
           "FLOAT is supported here");
    return tensor.reals;
  }
  const ir::Quantization& q = state.quantization;
  std::int64_t inner = 1;  // elements that share an index of the axis
  for (std::size_t i = static_cast<std::size_t>(q.axis + 1); q.axis != ir::none && i < tensor.shape.size();
       ++i)
    inner *= tensor.shape[i];
  std::vector<float> reals;
  for (std::size_t i = 0; i < tensor.integers.size(); ++i) {
    const std::size_t one = q.axis == ir::none ? 0 : (i / static_cast<std::size_t>(inner)) % q.scale.size();
    reals.push_back(static_cast<float>(q.scale[one]) *
                    static_cast<float>(tensor.integers[i] - q.zero_point[one]));
  }
  return reals;
}

const std::vector<std::int64_t>& OnnxLowering::whole_numbers(std::size_t place) {
  const OnnxTensor& tensor = constant(place);
  if (input(place).kind != Kind::constant || !holds_integers(tensor.type))
    fail(fmt::format("needs whole numbers in '{}'", node().inputs[place]));
  return tensor.integers;
}

std::vector<std::size_t> OnnxLowering::readers() const {
  const std::string& value = file_.nodes[at_].outputs.front();
  const auto found = readers_.find(value);
  if (is_output_.contains(value) || found == readers_.end()) return {};
  return found->second;
}

void OnnxLowering::take_over(std::size_t index, OnnxState state) {
  done_[index] = true;
  set(output_of(index), std::move(state));
}

void OnnxLowering::give(OnnxState state) { set(node().outputs.front(), std::move(state)); }

void OnnxLowering::give_real(ir::TensorId id) { give({.kind = Kind::real, .id = id}); }

void OnnxLowering::give_stored(ir::TensorId id, const OnnxAhead& ahead) {
  builder_.graph.store_as(id, ir::DataType::int8, ahead.quantization);
  for (const std::size_t taken : ahead.activations) done_[taken] = true;
  for (const std::size_t quantizer : ahead.quantizers) {
    done_[quantizer] = true;
    set(output_of(quantizer), {.kind = Kind::stored, .id = id});
  }
}

void OnnxLowering::give_like(ir::TensorId id, const OnnxState& like) {
  if (like.kind != Kind::real && like.kind != Kind::token) {
    const auto& quantization = builder_.graph.graph().tensor(like.id).quantization;
    if (!quantization) fail("takes an input that is quantised, before its DequantizeLinear");
    builder_.graph.store_as(id, ir::DataType::int8, ir::Quantization(*quantization));
  }
  give({.kind = like.kind, .id = id});
}

void OnnxLowering::give_constant(OnnxTensor numbers) {
  OnnxState state{.kind = Kind::constant};
  state.numbers = std::make_shared<const OnnxTensor>(std::move(numbers));
  give(std::move(state));
}

std::string OnnxLowering::name_for(const std::string& kind, const std::string& weight) {
  static const std::string ends[] = {"_quantized", ".weight"};
  std::string name = weight;
  if (name.ends_with(ends[0])) name.resize(name.size() - ends[0].size());
  if (name.ends_with(ends[1])) return builder_.unique(name.substr(0, name.size() - ends[1].size()));
  name = path_name(node().name.empty() ? node().outputs.front() : node().name, node().type);
  const bool has_letter =
      std::any_of(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c); });
  return has_letter ? builder_.unique(name) : builder_.numbered(kind);
}

ir::Attributes onnx_integers(const std::vector<std::int64_t>& clamp) {
  return {{"rounding", std::string("float32-half-even")}, {"clamp", clamp}};
}

Imported import_onnx(std::span<const unsigned char> bytes, const std::string& name, const std::string& origin,
                     const std::string& folder) {
  const OnnxModel model = read_onnx(bytes, origin, folder);
  return OnnxLowering(model, name, origin).run();
}

}  // namespace frugal::network
