#include "network/activation.h"

namespace frugal::network {
namespace {

struct ActivationName {
  Activation activation;
  const char* name;
};
constexpr ActivationName activations[] = {
    {Activation::relu, "relu"},           {Activation::relu6, "relu6"},     {Activation::h_swish, "h_swish"},
    {Activation::h_sigmoid, "h_sigmoid"}, {Activation::sigmoid, "sigmoid"}, {Activation::tanh, "tanh"}};

}  // namespace

const char* name_of(Activation activation) {
  for (const ActivationName& entry : activations) {
    if (entry.activation == activation) return entry.name;
  }
  return "";
}

std::optional<Activation> activation_named(const std::string& name) {
  if (name.empty()) return Activation::none;
  for (const ActivationName& entry : activations) {
    if (name == entry.name) return entry.activation;
  }
  return std::nullopt;
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const ActivationName& entry : activations) names.emplace_back(entry.name);
  return names;
}

}  // namespace frugal::network
