// Which kernel of lib/ops runs an operator of lib/ir: one table. A new operator that runs on integers is a
// function in kernels.cpp that fills the kernel's arguments, and a line of the table there.
#pragma once

#include <string>

#include "autodiff/backward.h"
#include "ir/model.h"
#include "quant/call.h"

namespace frugal::quant {

std::size_t size_of(ir::DataType type);  // bytes of one number in memory; not of bits

// Throws UserError at "origin: node" where no kernel computes this operator on these types.
Step bind(const ir::Model& model, const ir::Node& node, const std::string& origin);

// The same for some channels at a time, of nodes that passes/channels.h puts into such a loop: the channels
// of what an input gradient gives, or else of what it takes (and gives the sum over). No step of the host.
enum class PartOf { input, output };
Step bind_part(const ir::Model& model, const ir::Node& node, const std::string& origin, PartOf part);

// A trained layer's weights may all grow to 127 (what is there now is checked where kernels are bound).
// Throws UserError at "origin: node" where its sums might not fit int32 then.
void check_trained_sums(const autodiff::TrainingGraph& training, const std::string& origin);

}  // namespace frugal::quant
