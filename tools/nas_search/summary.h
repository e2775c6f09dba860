// A result in a few lines for people: the network, how good and how fast it is, what to run next. Shown where
// standard output is a terminal; piped, or with --json, the result is JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace frugal::nas_search {

// A line of runs.jsonl; `out` is the run's folder.
std::string lines_of_training(const nlohmann::ordered_json& line, const std::string& out);
std::string lines_of_search(const nlohmann::ordered_json& result, const std::string& out);
// Of a data set, of inputs, or of single images.
std::string lines_of_evaluation(const nlohmann::ordered_json& result);
// `out`: empty where no network was written.
std::string lines_of_derivation(const nlohmann::ordered_json& result, const std::string& out);
// `out`: the table; empty where it was not written.
std::string lines_of_profile(const nlohmann::ordered_json& result, const std::string& out);
std::string lines_of_quantization(const nlohmann::ordered_json& line, const std::string& out);
std::string lines_of_start(const nlohmann::ordered_json& result, const std::string& out);

// Declares --json.
void add_json_flag(CLI::App& command, bool& json);

}  // namespace frugal::nas_search
