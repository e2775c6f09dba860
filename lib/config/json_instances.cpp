// The two types of JSON values that the house uses, instantiated here alone: cmake/core_headers.h says to
// every other unit that they are (about a fifth of what a unit with JSON takes to compile).
#include <nlohmann/json.hpp>

template class nlohmann::basic_json<>;
template class nlohmann::basic_json<nlohmann::ordered_map>;
