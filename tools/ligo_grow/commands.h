// What the subcommands of ligo-grow share: one function each declares its flags and binds its work.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "report/result.h"

namespace frugal::ligo_grow {

void add_grow(CLI::App& app);
void add_inspect(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_learn(CLI::App& app);
void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_compare(CLI::App& app);

}  // namespace frugal::ligo_grow
