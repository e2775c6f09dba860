// The table of fixed growth operators.
#include "grow/operator.h"

namespace frugal::grow {
namespace {

const WidthOperator widths[] = {width::fresh_read, width::exact,   width::lemon,        width::fpi,
                                width::net2net,    width::aki,     width::hypercloning, width::staged,
                                width::pad,        width::pad_zero};
const DepthOperator depths[] = {depth::identity, depth::stack,   depth::interleave,
                                depth::slices,   depth::gradual, depth::mslt};

}  // namespace

std::span<const WidthOperator> width_operators() { return widths; }
std::span<const DepthOperator> depth_operators() { return depths; }

}  // namespace frugal::grow
