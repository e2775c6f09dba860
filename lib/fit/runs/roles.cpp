#include "fit/runs/roles.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/error.h"

namespace frugal::fit {

const std::vector<Role>& roles() {
  static const std::vector<Role> table = {
      {variable::size,
       "the model's parameters",
       "parameters",
       &RunScale::size,
       nullptr,
       {"params", "parameters", "n_params", "num_params", "num_parameters", "model_params",
        "model_parameters", "model_size", "size", "N", "m"},
       {{"param", "parameter", "nparam", "numparam", "weight count", "model size", "network size", "size"},
        {"per",  "ratio",  "batch",   "data",   "dataset", "step",  "vocab",  "image",
         "file", "sample", "context", "window", "block",   "patch", "kernel", "id",
         "seed", "lr",     "hidden",  "token",  "memory",  "byte",  "train",  "training"}}},
      {variable::data,
       "examples or tokens trained on",
       "examples or tokens",
       &RunScale::data,
       nullptr,
       {"train_examples", "tokens", "train_tokens", "training_tokens", "num_tokens", "n_tokens", "examples",
        "seen_examples", "examples_seen", "images", "train_images", "samples", "train_samples", "num_samples",
        "dataset_size", "data", "data_size", "D", "n"},
       {{"token", "ntoken", "numtoken", "example", "image", "sample", "sequence", "document", "dataset size",
         "data size", "training data", "train data", "data", "dataset"},
        {"per",        "ratio",  "batch", "unique",   "distinct", "vocab",  "second",     "sec",    "s",
         "throughput", "length", "len",   "context",  "name",     "id",     "eval",       "val",    "test",
         "seed",       "source", "mix",   "quality",  "path",     "repeat", "repetition", "epoch",  "version",
         "loss",       "error",  "acc",   "accuracy", "time",     "order",  "worker",     "size_px"}}},
      {variable::compute,
       "floating-point operations of training",
       "floating-point operations",
       &RunScale::compute,
       nullptr,
       {"compute", "flops", "train_flops", "training_flops", "total_flops", "C"},
       {{"flop", "compute", "pfday", "training operation"},
        {"per",         "second", "sec",   "s",    "inference",  "forward", "utilization",
         "utilisation", "mfu",    "hour",  "gpu",  "throughput", "price",   "cost",
         "optimal",     "token",  "ratio", "rate", "id",         "name"}}},
      {role::error,
       "error or loss",
       "",
       nullptr,
       &Runs::y,
       {"error", "test_error", "val_error", "validation_error", "error_rate", "eval_error", "err", "loss",
        "val_loss", "validation_loss", "test_loss", "eval_loss", "final_loss", "y"},
       {{"val loss", "validation loss", "valid loss", "eval loss", "test loss", "final loss", "loss",
         "test error", "val error", "validation error", "error", "err", "cross entropy", "nll", "bpb",
         "perplexity", "ppl", "wer", "cer"},
        {"std",  "stderr", "sd",        "se",     "sem",   "var",   "variance", "ci",   "low",
         "high", "lower",  "upper",     "min",    "max",   "scale", "type",     "name", "weight",
         "id",   "bar",    "predicted", "fitted", "spike", "step",  "delta",    "dense"}}},
      {variable::unique_data,
       "examples or tokens that are different",
       "different examples or tokens",
       &RunScale::unique_data,
       nullptr,
       {"unique_data", "unique_tokens", "unique_examples", "unique_samples", "U"},
       {{"unique token", "unique example", "unique sample", "unique data", "unique image", "distinct token",
         "distinct example", "distinct data"},
        {"per", "ratio", "vocab", "id"}}},
      {variable::density,
       "share of the weights that pruning left",
       "",
       &RunScale::density,
       nullptr,
       {"density"}},
      {variable::loss,
       "task or training loss: the error is predicted through it, in two steps",
       "",
       nullptr,
       nullptr,
       {}},
      {role::group,
       "series, each fitted on its own; several: a,b; others: every column that is left",
       "",
       nullptr,
       nullptr,
       {"group", "series"}},
      {"weight", "weight in the fit", "", nullptr, &Runs::weight, {"weight", "weights"}},
      {"standard_error",
       "standard error of the error",
       "",
       nullptr,
       &Runs::standard_error,
       {"standard_error", "std_error", "stderr", "error_se", "loss_se", "se", "acc_stderr", "loss_stderr",
        "accuracy_stderr", "error_stderr"}},
      {role::train,
       "1: fitted, 0: held out",
       "",
       nullptr,
       nullptr,
       {"training", "is_train", "train", "split"}},
  };
  return table;
}

const Role& find_role(const std::string& name) {
  const auto found =
      std::find_if(roles().begin(), roles().end(), [&](const Role& one) { return one.name == name; });
  FRUGAL_ASSERT(found != roles().end(), "a role of the list");
  return *found;
}

std::string normal_name(const std::string& name) {
  if (name.size() == 1) return name;
  std::string out;
  for (const char c : name) {
    out += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

const Role* scale_role(const std::string& name) {
  for (const Role& one : roles()) {
    if (one.scale == nullptr) continue;
    if (one.name == name || std::count(one.usual.begin(), one.usual.end(), normal_name(name)) > 0)
      return &one;
  }
  return nullptr;
}

std::vector<std::string> scale_names() {
  std::vector<std::string> names;
  for (const Role& one : roles()) {
    if (one.scale != nullptr) names.emplace_back(one.name);
  }
  return names;
}

double RunScale::*scale_member(const std::string& variable) {
  // A learning curve's one variable is its data.
  const std::string_view name = variable == variable::x ? variable::data : std::string_view(variable);
  for (const Role& one : roles()) {
    if (one.scale != nullptr && one.name == name) return one.scale;
  }
  throw base::UserError(variable, "is no variable of a run's scale", base::suggest(variable, scale_names()));
}

bool is_scale(const std::string& name) {
  const std::vector<std::string> names = scale_names();
  return name == variable::x || std::find(names.begin(), names.end(), name) != names.end();
}

double& RunScale::of(const std::string& variable) {
  for (auto& [name, value] : others) {
    if (name == variable) return value;
  }
  return this->*scale_member(variable);
}
double RunScale::of(const std::string& variable) const { return const_cast<RunScale&>(*this).of(variable); }

void RunScale::set(const std::string& variable, double value) {
  const bool known =
      std::any_of(others.begin(), others.end(), [&](const auto& one) { return one.first == variable; });
  if (!known && !is_scale(variable)) others.emplace_back(variable, 0);
  of(variable) = value;
}

void RunScale::vary(const std::string& variable, double value) {
  if (variable == variable::data) return set_new_data(value);
  of(variable) = value;
}

void RunScale::fill_usual() {
  if (unique_data == 0) unique_data = data;
  if (density == 0) density = 1;
}

}  // namespace frugal::fit
