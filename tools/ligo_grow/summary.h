// A result in a few lines for people: what came of it, how far it is from what it started from, what to run
// next. Shown where standard output is a terminal; piped, or with --json, the result is JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::ligo_grow {

std::string lines_of_growth(const nlohmann::ordered_json& result, const std::string& out);
std::string lines_of_model(const nlohmann::ordered_json& result, const std::string& folder);
// Of train and learn: a line of runs.jsonl; staged training has its own shape.
std::string lines_of_run(const nlohmann::ordered_json& line, const std::string& out);
// These lines, or JSON.
void write_run(const nlohmann::ordered_json& line, const std::string& out, bool json);

}  // namespace frugal::ligo_grow
