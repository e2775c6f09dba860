#include "ir/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace frugal::ir {
namespace {

bool is_plain(const std::string& name) {
  const auto allowed = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == ':' || c == '-';
  };
  return !name.empty() && name.back() != ':' && std::all_of(name.begin(), name.end(), allowed);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string name_text(const std::string& name) { return is_plain(name) ? name : quoted(name); }

std::string value_text(const AttributeValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value))
    return fmt::format("[{}]", fmt::join(*list, ", "));
  return quoted(std::get<std::string>(value));
}

std::string typed(const Tensor& tensor) {
  std::string text =
      fmt::format("{}: {}{}", name_text(tensor.name), name_of(tensor.type), to_text(tensor.shape));
  if (tensor.quantization) {
    const Quantization& q = *tensor.quantization;
    text += fmt::format(" quantised(scale = [{}], zero_point = [{}]", fmt::join(q.scale, ", "),
                        fmt::join(q.zero_point, ", "));
    if (q.axis != none) text += fmt::format(", axis = {}", q.axis);
    text += ")";
  }
  return text;
}

std::string node_text(const Graph& graph, const Node& node) {
  std::vector<std::string> inputs, attributes;
  for (const TensorId id : node.inputs) inputs.push_back(name_text(graph.tensor(id).name));
  for (std::size_t i = 0; i < node.attributes.size(); ++i) {
    const auto& [name, value] = node.attributes[i];
    const AttributeSpec& spec = node.op->attributes[i];
    if (spec.required || value != spec.otherwise) attributes.push_back(name + " = " + value_text(value));
  }
  std::string text = typed(graph.tensor(node.output));
  if (node.mask != none) text += " mask " + name_text(graph.tensor(node.mask).name);
  text += fmt::format(" = {}({})", node.op->name, fmt::join(inputs, ", "));
  if (!attributes.empty()) text += fmt::format(" {{{}}}", fmt::join(attributes, ", "));
  return text;
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string text = fmt::format("graph {} {{\n", name_text(graph.name));
  std::vector<bool> written(graph.tensors.size(), false);
  const auto declare = [&](TensorId id) {
    if (written[static_cast<std::size_t>(id)]) return;
    written[static_cast<std::size_t>(id)] = true;
    const Tensor& tensor = graph.tensor(id);
    if (tensor.role != Role::value) text += fmt::format("  {} {}\n", name_of(tensor.role), typed(tensor));
  };
  for (const TensorId id : graph.inputs) declare(id);
  for (const Node& node : graph.nodes) {
    for (const TensorId id : node.inputs) declare(id);
    text += "  " + node_text(graph, node) + "\n";
  }
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) declare(static_cast<TensorId>(i));
  for (const TensorId id : graph.outputs)
    text += fmt::format("  output {}\n", name_text(graph.tensor(id).name));
  return text + "}\n";
}

}  // namespace frugal::ir
