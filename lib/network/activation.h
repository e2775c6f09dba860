// The activations that networks of these families use, by the names that their files give them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace frugal::network {

enum class Activation { none, relu, relu6, h_swish, h_sigmoid, sigmoid, tanh };

const char* name_of(
    Activation activation);  // as in the file, and of the operator (lib/ir); "" for none (null)
std::optional<Activation> activation_named(const std::string& name);
std::vector<std::string> activation_names();

}  // namespace frugal::network
