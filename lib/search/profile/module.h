// A piece of a network as it is deployed, for measuring: evaluation mode, batch norm folded into the
// convolution before it, no dropout. Weights are made up: time does not depend on them.
#pragma once

#include <torch/types.h>

#include <functional>

#include "search/cost/table_key.h"

namespace frugal::search {

using Forward = std::function<torch::Tensor(const torch::Tensor&)>;

Forward deployed(const Piece& piece, bool channels_last);
Forward deployed(const network::NetworkConfig& network,
                 bool channels_last);  // all pieces, one after the other

// A made-up input [batch, C, H, W] in that memory order.
torch::Tensor made_up_input(const network::Shape& shape, std::int64_t batch, bool channels_last);

}  // namespace frugal::search
