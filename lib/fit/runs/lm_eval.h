// Results of lm-evaluation-harness: a model's tasks and their metrics, or several models in one file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "config/indexed_json.h"
#include "fit/runs/table.h"

namespace frugal::fit {

bool is_lm_eval(const config::IndexedJson& json);  // of one model
// A list of such results, or an object of them by the models' names.
bool is_lm_eval_of_several(const config::IndexedJson& json);

// A row a task: model, task, and each metric by its name without its filter ("acc,none" is acc). The model's
// parameters are those that the file says, else what the model's name says ("pythia-410m"), which a note
// tells.
// named: the model, where the results do not say.
void add_lm_eval(Table& table, const config::IndexedJson& json, std::size_t file,
                 const std::string& named = "");
void add_lm_eval_of_several(Table& table, const config::IndexedJson& json, std::size_t file);

// The size that a model's name says: "pythia-410m" 4.1e8, "Qwen1.5-0.5B" 5e8; nothing where it says none.
std::optional<double> size_in_name(const std::string& name);

}  // namespace frugal::fit
