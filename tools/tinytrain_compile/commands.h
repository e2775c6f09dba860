// What the subcommands of tinytrain-compile share: one function each declares its flags and binds its work.
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

namespace frugal::tinytrain_compile {

void add_import(CLI::App& app);
void add_inspect(CLI::App& app);
void add_quantize(CLI::App& app);
void add_adapt(CLI::App& app);
void add_contribute(CLI::App& app);
void add_select(CLI::App& app);
void add_compile(CLI::App& app);
void add_run(CLI::App& app);
void add_export(CLI::App& app);
void add_start(CLI::App& app);
void add_plan(CLI::App& app);

// IN and --weights, as every subcommand takes a network.
inline void add_network_arguments(CLI::App& command, std::string& path, std::string& weights) {
  command
      .add_option("IN", path,
                  "int8 .tflite, .onnx, network.json, tiny-training JSON, or a folder that `import` wrote")
      ->required();
  command.add_option("--weights", weights, "Weights of a JSON (safetensors); else those beside it");
}

}  // namespace frugal::tinytrain_compile
