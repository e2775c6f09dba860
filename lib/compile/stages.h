// From a network and an update scheme to a program for a device, stage by stage, each of which can be
// printed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "autodiff/backward.h"
#include "compile/config.h"
#include "compile/optimize.h"
#include "emit/device_program.h"
#include "emit/source.h"
#include "ir/model.h"
#include "passes/updates.h"
#include "sparse/scheme.h"

namespace frugal::compile {

struct Stages {
  std::vector<std::string> notes;  // of the import
  ir::Model start;                 // the network as it begins to learn, its head as it is trained
  sparse::UpdateScheme scheme;
  autodiff::TrainingGraph training;
  std::optional<quant::ReplayPlan> replay;
  passes::TrainingStep step;  // behind all passes
  std::vector<PassReport> passes;
};

// What is replayed of old examples, where the config asks for it.
std::optional<quant::ReplayPlan> replay_of(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                           const CompileConfig& config);

// Up to what the text of a stage needs; the rest stays empty. Throws UserError for what cannot be read, has
// no layers on integers, or cannot be trained so.
Stages make_stages(const CompileConfig& config, const std::string& stage = "c");
// Of a network that was read, or made, already; config.network is its name in messages.
Stages make_stages(const ir::Model& network, const CompileConfig& config, const std::string& stage = "c");
// The same of the network of `made` under another scheme.
passes::TrainingStep step_of(const Stages& made, const sparse::UpdateScheme& scheme,
                             const CompileConfig& config);

// Of a stage ("forward", "backward", "optimized", "plan", "c"): a graph as ir/text.h reads it, the blocks of
// the arena as plan/block_file.h does, or frugal_model.c.
std::string text_of(const std::string& stage, const Stages& stages, const CompileConfig& config);

emit::SourceConfig source_config(const passes::TrainingStep& step, const CompileConfig& config);

// Of the network, what is trained of it, and its numbers: a saved state of another one is refused.
std::uint32_t network_id(const passes::TrainingStep& step);

}  // namespace frugal::compile
