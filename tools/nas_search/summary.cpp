#include "nas_search/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/printable.h"

namespace frugal::nas_search {
namespace {

using Json = nlohmann::ordered_json;

std::string line(const char* what, const std::string& text) {
  return fmt::format("{:<9}{}\n", what, base::printable(text));
}

std::string percent(const Json& share) { return fmt::format("{:.2f} %", 100 * share.get<double>()); }

// 1,234,567 as people say it: 1.23 M.
std::string count(const Json& number) {
  const auto value = number.get<double>();
  if (value >= 1e9) return fmt::format("{:.3g} G", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.3g} M", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.3g} k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

std::string size_of(const Json& network) {
  return fmt::format("{} parameters, {} multiply-adds", count(network["parameters"]), count(network["macs"]));
}

// Of the one key that ends so, or "": error on what was held out.
std::string held_out_error(const Json& line) {
  for (const char* split : {"validation", "test"}) {
    const auto found = line.find(std::string(split) + "_error");
    if (found != line.end() && found->is_number()) return fmt::format("{} error {}", split, percent(*found));
  }
  return "";
}

std::string milliseconds(double ms) { return fmt::format("{:.3g} ms", ms); }

// One number, or one a table.
std::string latency(const Json& json) {
  if (json.is_number()) return milliseconds(json.get<double>());
  std::string text;
  for (const auto& [table, ms] : json.items())
    if (ms.is_number()) text += (text.empty() ? "" : ", ") + milliseconds(ms.get<double>()) + " by " + table;
  return text;
}

std::string on_images(const std::string& folder) {
  return fmt::format("nas-search evaluate {0}/network.json --weights {0}/weights.safetensors --image FILE",
                     folder);
}

}  // namespace

std::string lines_of_training(const Json& run, const std::string& out) {
  std::string text = line("network", fmt::format("{}: {}", run["network"].get<std::string>(), size_of(run)));
  text += line("trained", fmt::format("{} steps of {} images, in {:.0f} s", run["steps"].dump(),
                                      run["train_examples"].dump(), run["run"]["seconds"].get<double>()));
  if (const std::string error = held_out_error(run); !error.empty()) text += line("gives", error);
  return text + line("next", on_images(out));
}

std::string lines_of_search(const Json& result, const std::string& out) {
  std::string text =
      line("searched", fmt::format("10^{:.1f} networks in {} steps", result["log10_networks"].get<double>(),
                                   result["weight_steps"].dump()));
  const Json& targets = result["targets"];
  for (const Json& target : targets) {
    const std::string name = targets.size() > 1 ? target["name"].get<std::string>() + ": " : "";
    text += line("found", name + target["network"].get<std::string>());
    text += line(
        "", size_of(target) +
                (target.contains("latency_ms") ? ", " + latency(target["latency_ms"]) + " predicted" : ""));
    if (target.contains("shared_weights_validation_error"))
      text += line("gives", "validation error " + percent(target["shared_weights_validation_error"]) +
                                " with the search's own weights");
  }
  return text +
         line("next", fmt::format("nas-search train CONFIG.json --set network.file={0}/network.json --set "
                                  "initial_weights={0}/weights.safetensors --out {0}-trained",
                                  out));
}

std::string lines_of_evaluation(const Json& result) {
  std::string text;
  if (result.contains("images")) {
    const auto said = [](const Json& one) {
      return fmt::format("{} {:.1f} %", one["class"].get<std::string>(),
                         100 * one["probability"].get<double>());
    };
    for (const Json& image : result["images"]) {
      std::string answer = image["file"].get<std::string>() + ": " + said(image);
      if (image.contains("next"))
        for (const Json& one : image["next"]) answer += ", " + said(one);
      text += base::printable(answer) + "\n";
    }
    return text;
  }
  text += line("network", size_of(result));
  if (!result.contains("error")) return text;
  text += line("error", fmt::format("{} of {} {} images, loss {:.4g}", percent(result["error"]),
                                    result["examples"].dump(), result["split"].get<std::string>(),
                                    result["loss"].get<double>()));
  if (!result.contains("per_class")) return text;
  std::vector<Json> classes = result["per_class"];
  std::erase_if(classes, [](const Json& one) { return !one["error"].is_number(); });
  std::stable_sort(classes.begin(), classes.end(), [](const Json& a, const Json& b) {
    return a["error"].get<double>() > b["error"].get<double>();
  });
  if (classes.size() > 5) classes.resize(5);
  for (const Json& one : classes)
    text += line("", fmt::format("{} {} of {}", one["class"].get<std::string>(), percent(one["error"]),
                                 one["examples"].dump()));
  return text;
}

std::string lines_of_derivation(const Json& result, const std::string& out) {
  std::string text;
  const bool is_front = result.contains("front");
  for (const Json& network : is_front ? result["front"] : result["networks"]) {
    text += line("network", network["choice"].get<std::string>());
    text += line(
        "", fmt::format(
                "{}, log-probability {:.3f}{}", size_of(network["costs"]),
                network["log_probability"].get<double>(),
                network.contains("latency_ms") ? ", " + latency(network["latency_ms"]) + " predicted" : ""));
    if (network.contains("on_device"))
      text += line("", fmt::format("on {}: {} bytes of SRAM, {} of flash",
                                   network["on_device"]["target"].get<std::string>(),
                                   count(network["on_device"]["device_sram_bytes"]),
                                   count(network["on_device"]["device_flash_bytes"])));
    if (!out.empty() && network.contains("file"))
      text += line("", out + "/" + network["file"].get<std::string>());
  }
  if (result["run"].contains("measured_latency_ms"))
    text += line("measured", latency(result["run"]["measured_latency_ms"]));
  if (out.empty()) return text + line("next", "the same with --out FOLDER writes it");
  return text +
         line("next", fmt::format("nas-search train CONFIG.json --set network.file={0}/{1} --out {0}/trained",
                                  out, is_front ? "network-1.json" : "network.json"));
}

std::string lines_of_profile(const Json& result, const std::string& out) {
  const Json& device = result["device"];
  std::string text =
      line("measured", fmt::format("{} operations on {}, threads: {}, in {}", result["operations"].dump(),
                                   device["device"].get<std::string>(), device["threads"].dump(),
                                   result["runtime"].get<std::string>()));
  const Json& run = result["run"];
  if (run.contains("check") && run["check"].contains("held_out")) {
    const Json& held_out = run["check"]["held_out"];
    text +=
        line("checked", fmt::format("sums are {:.1f} % off on {} whole networks, rank correlation {:.2f}",
                                    100 * held_out["relative_rmse"].get<double>(),
                                    held_out["networks"].dump(), held_out["rank_correlation"].get<double>()));
  }
  if (out.empty()) return text + line("next", "the same with --out TABLE.json writes the table");
  return text + line("next", fmt::format("nas-search search CONFIG.json --set objective.table={} --set "
                                         "objective.metric=latency_ms --out out/search",
                                         out));
}

std::string lines_of_quantization(const Json& result, const std::string& out) {
  std::string text = line(
      "accuracy", fmt::format("{} in float, {} on int8 ({})", percent(result["float"]["accuracy"]),
                              percent(result["int8"]["accuracy"]), result["held_out"].get<std::string>()));
  if (result["onnx_bytes"].is_number())
    text += line("file", fmt::format("{}/model.onnx, {} bytes", out, result["onnx_bytes"].dump()));
  for (const Json& note : result["notes"]) text += line("note", note.get<std::string>());
  return text + line("next", fmt::format("tinytrain-compile inspect {}/model", out));
}

std::string lines_of_start(const Json& result, const std::string& out) {
  const auto measured = result["run"].find("measured_latency_ms");
  return line("network", fmt::format("{}: {}", result["network"].get<std::string>(), size_of(result))) +
         line("gives", "validation error " + percent(result["validation_error"])) +
         line("takes",
              fmt::format("{} predicted{}, at most {} were asked for",
                          latency(result["latency_ms"]["predicted"]),
                          measured == result["run"].end() ? "" : ", " + latency(*measured) + " measured",
                          latency(result["latency_ms"]["at_most"]))) +
         line("file", fmt::format("{0}/network.onnx; {0}/report.html shows how it was found", out)) +
         line("next", on_images(out + "/network"));
}

void add_json_flag(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "JSON on a terminal too");
}

}  // namespace frugal::nas_search
