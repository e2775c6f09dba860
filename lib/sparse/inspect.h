// What `inspect` says of a network before anything is trained: memory and compute layer by layer, and what a
// training step costs under update schemes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace frugal::sparse {

// {"name", "format", "notes", "layers": […], "totals": {…}} of what network/import/load.h reads, and
// "schemes" where some are named (sparse::scheme_given). Throws UserError that names the file and place, and
// for schemes of a network without layers on integers.
nlohmann::ordered_json inspect(const std::string& path, const std::string& weights,
                               const std::vector<std::string>& schemes);

// The same for people: a line a layer; where schemes were named, a line a layer of one or a line each of
// several.
std::string inspection_table(const nlohmann::ordered_json& inspection);

}  // namespace frugal::sparse
