// What the subcommands of nas-search share: one function each declares its flags and binds its work.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "report/result.h"

namespace frugal::nas_search {

void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_network(CLI::App& app);
void add_speed(CLI::App& app);
void add_derive(CLI::App& app);
void add_export(CLI::App& app);
void add_quantize(CLI::App& app);
void add_latency(CLI::App& app);
void add_profile(CLI::App& app);
void add_report(CLI::App& app);
void add_search(CLI::App& app);
void add_start(CLI::App& app);
void add_search_speed(CLI::App& app);

}  // namespace frugal::nas_search
