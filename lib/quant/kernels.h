// Which kernel of lib/ops runs an operator of lib/ir: one table. A new operator that runs on integers is a
// function in kernels.cpp that fills the kernel's arguments, and a line of the table there.
#pragma once

#include <functional>
#include <string>

#include "ir/model.h"
#include "quant/program.h"

namespace frugal::quant {

// What binding a kernel to a node gives: the step, and the bytes of scratch memory that it needs.
struct Step {
  std::function<void(Workspace&)> run;
  std::size_t scratch_bytes = 0;
};

std::size_t size_of(ir::DataType type);  // bytes of one number in memory; not of bits

// Throws UserError at "origin: node" where no kernel computes this operator on these types.
Step bind(const ir::Model& model, const ir::Node& node, const std::string& origin);

}  // namespace frugal::quant
