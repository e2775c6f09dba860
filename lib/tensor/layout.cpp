#include "tensor/layout.h"

namespace frugal::tensor {

bool is_channels_last(const torch::Tensor& x) {
  return x.dim() == 4 && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor channels_last(const torch::Tensor& x) {
  const torch::Tensor dense = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const std::int64_t channels = x.size(1), height = x.size(2), width = x.size(3);
  const c10::DimVector strides = {height * width * channels, 1, width * channels, channels};
  if (dense.strides() == c10::IntArrayRef(strides)) return dense;
  return dense.as_strided(dense.sizes(), strides);
}

}  // namespace frugal::tensor
