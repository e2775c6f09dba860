// What a search found: the chosen networks taken out of the supernet with their weights, and how search.json
// describes them.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/run/command.h"

namespace frugal::search {

struct FoundNetwork {
  network::NetworkConfig network;
  train::Metrics metrics;  // {"loss", "error"} on the held-out images
};

// Writes network.json and weights.safetensors of a path into `folder`, batch norm's averages taken again.
FoundNetwork write_network(const Supernet& net, const Choice& choice, const std::string& folder,
                           const data::ImageSet& training, const data::ImageSet& held_out,
                           const SearchConfig& config);

// One entry of "targets": its costs, its limits, and every candidate's probability.
nlohmann::ordered_json describe_target(const Strategy& strategy, const SearchSpace& space,
                                       const Choice& choice, const FoundNetwork& found);

// Every network's cost on every device.
nlohmann::ordered_json cross_table(const std::vector<std::unique_ptr<Strategy>>& strategies,
                                   const std::vector<Choice>& choices);

}  // namespace frugal::search
