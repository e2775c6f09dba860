// From a node of a graph to what its kernel takes (ops/ops.h): windows, scales, the order in which numbers
// lie. The simulation fills the kernels' structures from it, and so does the writer of C.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ops/ops.h"

namespace frugal::ops {

// The window of a convolution, a pool or the gradient of one. `taken`: shape of what the layer takes,
// `given`: of what it gives; a fully connected layer is a 1×1 convolution of one pixel, a global pool a
// window of the image.
ops_window window_of(const ir::Node& node, const ir::Dims& taken, const ir::Dims& given);

// The scales of a layer on integers, with the memory that the kernel's structure points into.
struct Requantize {
  ops_requantize how{};
  std::vector<float> scale;
  std::vector<std::int32_t> multiplier, shift;

  const ops_requantize* pointer();  // with the pointers set; valid until this moves
};
// Of a node with a weight, or, where `weight` is null, of a pool or `requantize`.
Requantize requantize_of(const ir::Node& node, const ir::Tensor& x, const ir::Tensor* weight,
                         const ir::Tensor& y, std::int64_t channels);
// Of a mean over `pixels` in fixed point (ops_mean_i8), with TensorFlow Lite's multiplier where it rounds so.
Requantize mean_of(const ir::Node& node, const ir::Tensor& x, const ir::Tensor& y, std::int64_t pixels);
Requantize product_of(const ir::Node& node, const ir::Tensor& a, const ir::Tensor& b, const ir::Tensor& y);
ops_add add_of(const ir::Node& node, const ir::Tensor& a, const ir::Tensor& b, const ir::Tensor& y);
int rounding_of(const ir::Node& node);

// How the numbers of a parameter lie under the kernels of an update, of which `trained` channels are trained
// (0: all); without channels, storage and place.
ops_update update_of(const ir::Dims& parameter, bool depthwise, std::size_t trained);

// ---- training without floats (ops/integer.h) ----

// The bits by which the sums of a head or of a gradient on integers are shifted: chosen by the number of
// products, so that no sum overflows.
std::int32_t gradient_shift(const ir::Graph& graph, const ir::Node& node);
// What the gradient of an average pool counts in: the pool's pixels, times a power of two where windows at an
// edge have fewer.
std::int32_t pool_unit(const ops_window& window);

// How the elements of a tensor lie in the kernels' memory.
enum class Layout {
  row_major,      // as in the model
  channels_last,  // values: [N, C, H, W] as [H][W][C]
  convolution,    // weights [O, I, kernel…] as [O][kernel…][I]
  depthwise       // weights [C, 1, kernel…] as [kernel…][C]
};
// By what reads or gives it; the same for a parameter and its gradient.
std::vector<Layout> layouts_of(const ir::Graph& graph);

// `to[place of i] = from[i]` for the row-major index i of a tensor of this shape.
std::vector<std::size_t> places(const ir::Dims& shape, Layout layout);

}  // namespace frugal::ops
