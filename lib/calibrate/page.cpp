#include "calibrate/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "report/html.h"
#include "report/svg.h"

namespace frugal::calibrate {
namespace {

using Json = nlohmann::ordered_json;

std::string number(const Json& json, const char* key, const char* format = "{:.4g}") {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return "–";
  return fmt::format(fmt::runtime(format), found->get<double>());
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

std::string error_plot(const Json& layers) {
  report::Plot plot("", {"layer", false, {}, {}}, {"signal over error, dB", false, {}, {}});
  const auto series = [&](const char* key, const char* label, std::size_t color) {
    std::vector<double> x, y;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto found = layers[i].find(key);
      if (found == layers[i].end() || found->is_null()) continue;
      x.push_back(static_cast<double>(i));
      y.push_back(found->get<double>());
    }
    plot.line(label, x, y, report::Plot::color(color));
    plot.points("", x, y, report::Plot::color(color));
  };
  series("snr_db", "activations", 0);
  series("weight_snr_db", "weights", 1);
  return plot.svg();
}

std::vector<std::vector<std::string>> layer_rows(const Json& layers) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Json& layer = layers[i];
    rows.push_back(
        {std::to_string(i), layer["name"], layer["operator"], number(layer, "low"), number(layer, "high"),
         number(layer, "scale"), number(layer, "zero_point", "{:.0f}"),
         layer.contains("clipped") ? fmt::format("{:.3f} %", 100 * layer["clipped"].get<double>()) : "–",
         number(layer, "snr_db", "{:.1f}"), number(layer, "weight_snr_db", "{:.1f}")});
  }
  return rows;
}

}  // namespace

std::string page(const std::string& network, const Json& result) {
  const Json &line = result["quantized"], &layers = result["layers"];
  report::Page page("Quantisation of " + network,
                    fmt::format("calibration by {} over {} images, head {}, rounding {}",
                                line["method"].get<std::string>(), line["calibration_images"].dump(),
                                line["head"].get<std::string>(), line["rounding"].get<std::string>()));
  page.section("Accuracy");
  page.paragraph(fmt::format(
      "{} in float, {} on integers, on {} images of the {} split. Weights take {} bytes.",
      percent(line["float"]["accuracy"]), percent(line["int8"]["accuracy"]), line["int8"]["images"].dump(),
      line["held_out"].get<std::string>(), line["weight_bytes"].dump()));
  if (!line["notes"].empty()) page.list(line["notes"].get<std::vector<std::string>>());
  page.section("Error by layer");
  page.figure(error_plot(layers),
              "Activations on the calibration images, beside those of the float network; the error of all "
              "layers before is in it. Weights beside those in float.");
  page.section("Layers");
  page.table(
      {"#", "name", "operator", "low", "high", "scale", "zero point", "clipped", "SNR, dB", "weights, dB"},
      layer_rows(layers), "Clipped: values of the float network outside what int8 reaches.");
  page.details("The result", line.dump(2));
  return page.text();
}

}  // namespace frugal::calibrate
