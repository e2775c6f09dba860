// An update scheme: which numbers of an int8 network are trained. As published (Lin et al., NeurIPS 2022,
// section 2.2; the authors' tiny-training): the biases of the last k convolutions, and of some convolutions a
// fraction of the input channels, those whose weights have the largest L2 norm. The head is always trained.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "autodiff/trained_layer.h"
#include "config/json_node.h"

namespace frugal::sparse {

struct UpdateScheme {
  struct Weights {
    std::int64_t layer = 0;  // convolutions count from 0 in the order they run
    double fraction = 1;     // of its input channels (depthwise: of its channels)
  };
  std::int64_t bias_layers = 0;
  std::vector<Weights> weights;
};

// The layers that a scheme counts: convolutions and fully connected layers on integers.
std::vector<ir::NodeId> scheme_layers(const ir::Graph& graph);

// {"bias_layers": 20, "layers": [24, 27], "fractions": [0.25, 0.5]}; a layer by its number or its name. An
// object with such a "scheme" in it (what `select` answers) is read too.
// Throws UserError at the JSON path for what `graph` does not have.
UpdateScheme read_scheme(const config::JsonNode& node, const ir::Graph& graph);
nlohmann::ordered_json to_json(const UpdateScheme& scheme, const ir::Graph& graph);

// Schemes that need no file. Of "bias:k" (the biases of the last k layers), "last:k" (weights and biases of
// the last k layers), "head" and "full". UserError for another text or more layers than there are.
UpdateScheme scheme_named(const std::string& text, const ir::Graph& graph);

// Of a command's line: a file of a scheme, or one that needs none.
UpdateScheme scheme_given(const std::string& text, const ir::Graph& graph);

// What is trained of a model. Channels are chosen by the weights that the model has now.
std::vector<autodiff::TrainedLayer> trained_layers(const ir::Model& model, const UpdateScheme& scheme);

// Memory that training needs beyond inference, in bits, by the published formula (sparse/memory.h).
std::int64_t extra_memory_bits(const ir::Graph& graph, const UpdateScheme& scheme);

}  // namespace frugal::sparse
