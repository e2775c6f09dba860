// Whether a graph is whole: what every pass, importer and reader of the text form leaves behind.
#pragma once

#include <string>

#include "ir/graph.h"

namespace frugal::ir {

// Throws UserError at "origin: node" naming the first thing that is wrong: an input that is read before it is
// there, a name that stands twice, a shape, type or parameter that the operator's rule does not give,
// attributes that are incomplete or out of range, a quantisation with a scale that is no positive number.
void verify(const Graph& graph, const std::string& origin);

}  // namespace frugal::ir
