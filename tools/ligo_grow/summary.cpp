#include "ligo_grow/summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/terminal.h"
#include "report/result.h"

namespace frugal::ligo_grow {
namespace {

using Json = nlohmann::ordered_json;

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string sizes_of(const Json& model) {
  return fmt::format("{} wide, {} layers, {} heads of {}, FFN {}", model["hidden_size"].get<std::int64_t>(),
                     model["layers"].get<std::int64_t>(), model["heads"].get<std::int64_t>(),
                     model["head_dim"].get<std::int64_t>(), model["ffn_size"].get<std::int64_t>());
}

std::string type_of(const Json& result) {
  const auto name = result["dtype"].get<std::string>();
  return name == "F32" ? "float32" : name == "F64" ? "float64" : name == "F16" ? "fp16" : "bf16";
}

std::string line(const char* what, const std::string& text) { return fmt::format("{:<6}{}\n", what, text); }

}  // namespace

std::string lines_of_growth(const Json& result, const std::string& out) {
  const Json &from = result["source"], &to = result["target"];
  std::string text =
      line("grew", fmt::format("{}: {}", from["model_type"].get<std::string>(), sizes_of(from))) +
      line("to", fmt::format("{}; {} -> {} parameters, {}", sizes_of(to),
                             grouped(from["parameters"].get<std::int64_t>()),
                             grouped(to["parameters"].get<std::int64_t>()), type_of(result)));
  text += line("kept", result["keeps"].get<std::string>() +
                           (result.contains("promised") ? fmt::format(" (the operator promises {})",
                                                                      result["promised"].get<std::string>())
                                                        : ""));
  if (result.contains("difference_at_start")) {
    const Json& difference = result["difference_at_start"];
    text += line("off",
                 fmt::format("outputs differ by at most {:.2g}; the largest is {:.3g}, its rounding {:.2g}",
                             difference["largest"].get<double>(), difference["largest_output"].get<double>(),
                             difference["rounding"].get<double>()));
  }
  if (result.contains("dropped"))
    text += line("left", fmt::format("{} tensors without a place", result["dropped"].size()));
  if (result.contains("schedule")) text += line("train", result["schedule"].get<std::string>());
  return text + line("next", fmt::format("ligo-grow train CONFIG.json --set model.path={} --out {}-trained",
                                         out, out));
}

std::string lines_of_model(const Json& result, const std::string& folder) {
  const Json& model = result["model"];
  std::string text =
      line("is", fmt::format("{}: {}", model["model_type"].get<std::string>(), sizes_of(model))) +
      line("has", fmt::format("{} parameters, {}, norm {}", grouped(model["parameters"].get<std::int64_t>()),
                              type_of(result), model["norm"].get<std::string>()));
  for (const Json& warning : result["warnings"]) text += line("but", warning.get<std::string>());
  return text + line("next", fmt::format("ligo-grow grow {} --set target.hidden_size={} --out {}-large",
                                         folder, 2 * model["hidden_size"].get<std::int64_t>(), folder));
}

std::string lines_of_run(const Json& run, const std::string& out) {
  const auto number = [&](const char* key) {
    return run.contains(key) && run[key].is_number() ? run[key].get<double>() : 0;
  };
  std::string text;
  if (run.contains("stages")) {
    text += line("ran", fmt::format("{} stages", run["stages"].size()));
  } else {
    text += line("ran", fmt::format("{} steps, {} parameters", grouped(run.value("steps", std::int64_t{0})),
                                    grouped(run.value("parameters", std::int64_t{0}))));
    text += line("from", fmt::format("loss {:.4f}", number("start_loss")));
  }
  text += line("to", fmt::format("loss {:.4f}, {:.3g} FLOPs", number("loss"), number("compute")));
  const std::string model =
      run.contains("model") && run["model"].is_string() ? run["model"].get<std::string>() : out;
  return text + line("next", fmt::format("ligo-grow inspect {}", model));
}

void write_run(const Json& run, const std::string& out, bool json) {
  base::write_text("-", cli::for_people(json) ? lines_of_run(run, out) : report::to_line(run) + "\n");
}

}  // namespace frugal::ligo_grow
