// Activations of one number on int8 as tables of 256 entries, made when a network is loaded or compiled.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace frugal::ops {

// "h_swish", "h_sigmoid", "sigmoid", "tanh".
bool has_activation_table(const std::string& op);

// For stored numbers −128 to 127 of x: round(f(s_x·(q − z_x)) / s_y) + z_y, halves to the even number,
// clamped.
std::array<std::int8_t, 256> activation_table(const std::string& op, const ir::Tensor& x,
                                              const ir::Tensor& y);

// The slope of that by x's stored number, before it is rounded; 0 where it was clamped.
std::vector<double> activation_slopes(const std::string& op, const ir::Tensor& x, const ir::Tensor& y);

}  // namespace frugal::ops
