#include "calibrate/config.h"

#include "ir/operator.h"

namespace frugal::calibrate {

void CalibrationConfig::visit(config::Visitor& v) {
  v.field("images", images, config::at_least(1),
          "training images that ranges are taken from, of all classes");
  v.choice("method", method, quant::calibration_names(),
           "range of an activation: all that was seen, all but the tails, or the least squared error");
  v.field("percentile", percentile, config::between(50, 100),
          "of the method percentile: values beyond it, and below 100 minus it, are clipped");
}

void QuantizeConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people; stands in the result");
  v.field("seed", seed, config::at_least(0), "chooses the calibration images");
  v.field("threads", threads, config::between(0, 4096), "0: all cores");
  v.field("network", network,
          "trained network in float: network.json, .onnx, or a folder that holds network.json");
  v.field("weights", weights, "weights of a JSON (safetensors); empty: those beside it");
  v.object("data", data, "what it was trained on, with the same mean and std");
  v.object("calibration", calibration, "how the ranges of activations are found");
  v.choice("head", head, {"fp32", "int8"},
           "the last fully connected layer: in float, as adapt trains it, or on integers");
  v.choice("rounding", rounding, ir::rounding_names(), "how sums become int8 (docs/tinytrain.md)");
  v.field("evaluate_images", evaluate_images, config::at_least(0),
          "at most so many held-out images for accuracy; 0: all");
}

}  // namespace frugal::calibrate
