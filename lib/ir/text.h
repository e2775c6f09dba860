// The text form of a graph, for people, for tests and for stopping a compiler after any stage. What is
// written is read back as the same graph:
//
//   graph small {
//     input images: f32[1, 3, 8, 8]
//     parameter stem.weight: f32[4, 3, 3, 3]
//     stem: f32[1, 4, 8, 8] = conv(images, stem.weight) {out_channels = 4, kernel = [3, 3], stride = [1, 1],
//       padding = [1, 1, 1, 1], dilation = [1, 1]}
//     stem.act: i8[1, 4, 8, 8] quantised(scale = [0.1], zero_point = [-128]) = relu6(stem)
//     output stem.act
//   }
//
// Attributes that are as the operator has them by default are left out. "y: … mask y.mask = …" names a mask
// (ir/graph.h). Names with other characters than letters, digits and _ . / : - stand in quotes. # begins a
// comment.
#pragma once

#include <string>

#include "ir/operator.h"

namespace frugal::ir {

std::string to_text(const Graph& graph);

// Throws UserError at "origin:line:column" for what is no graph, and what ir/verify.h finds.
Graph from_text(const std::string& text, const std::string& origin, const OperatorTable& table = operators());

}  // namespace frugal::ir
