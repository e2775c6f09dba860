#include "search/run/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/html.h"
#include "report/svg.h"

namespace frugal::search {
namespace {

std::string text(double x, double y, const std::string& content, int size, const char* anchor = "middle",
                 const char* color = "#222") {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\" text-anchor=\"{}\" fill=\"{}\">{}</text>\n", x, y,
      size, anchor, color, report::escape(content));
}

std::string open(double width, double height) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
      "height=\"{:.0f}\" font-family=\"system-ui, sans-serif\">\n",
      width, height, width, height);
}

// Which colour a candidate has, in both pictures: by its place among all labels of the space.
std::string color_of(const SearchSpace& space, const std::string& label) {
  std::vector<std::string> labels;
  for (const SearchBlock& block : space.blocks()) {
    for (const Candidate& candidate : block.candidates) {
      if (candidate.label == "Z") continue;
      if (std::find(labels.begin(), labels.end(), candidate.label) == labels.end()) {
        labels.push_back(candidate.label);
      }
    }
  }
  if (label == "Z") return "#999999";
  const auto at = std::find(labels.begin(), labels.end(), label) - labels.begin();
  return report::Plot::color(static_cast<std::size_t>(at) + 1);
}

struct Box {
  double width = 20, height = 30;
  std::string label, under, color;
  bool skipped = false;
  int stage = 0;
};

Box box_of(const SearchSpace& space, const SearchBlock& block, std::size_t index) {
  const Candidate& candidate = block.candidates.at(index);
  Box box;
  box.stage = block.stage;
  box.label = candidate.label;
  box.under = std::to_string(block.out.channels);
  box.color = color_of(space, candidate.label);
  if (const auto* bottleneck = candidate.block.as<network::MBConvLayer>()) {
    box.width = std::clamp(18 + 4 * bottleneck->expand_ratio, 20.0, 60.0);
    box.height = std::clamp(14.0 + 12.0 * static_cast<double>(bottleneck->kernel_size), 30.0, 160.0);
  } else if (const auto* conv = candidate.block.as<network::ConvLayer>()) {
    box.width = 30;
    box.height = std::clamp(14.0 + 12.0 * static_cast<double>(conv->kernel_size), 26.0, 160.0);
  } else if (candidate.block.is_zero()) {
    box.skipped = true;
    box.width = 22;
  }
  return box;
}

}  // namespace

std::string network_picture(const SearchSpace& space, const Choice& choice) {
  constexpr double margin = 10, gap = 8, stage_gap = 22, middle = 95, row = 210, wide = 1000;
  std::string body;
  double x = margin, y = middle, right = 0;
  int stage = -1;
  const auto draw = [&](const Box& box) {
    const double space_before = box.stage != stage && stage != -1 ? stage_gap : gap;
    if (x + space_before + box.width > wide) {  // a new line
      x = margin;
      y += row;
    } else if (x > margin) {
      body += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#666\"/>\n",
                          x, y, x + space_before, y);
      if (box.stage != stage && stage != -1) {
        const double bar = x + space_before / 2;
        body += fmt::format(
            "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#bbb\" "
            "stroke-dasharray=\"3 3\"/>\n",
            bar, y - 75, y + 75);
      }
      x += space_before;
    }
    stage = box.stage;
    body += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\" fill=\"{}\" "
        "fill-opacity=\"{}\" stroke=\"{}\"{}/>\n",
        x, y - box.height / 2, box.width, box.height, box.skipped ? "#fff" : box.color,
        box.skipped ? "1" : "0.35", box.color, box.skipped ? " stroke-dasharray=\"2 3\"" : "");
    body += text(x + box.width / 2, y + 4, box.label, 11);
    body += text(x + box.width / 2, y + box.height / 2 + 14, box.under, 10, "middle", "#555");
    x += box.width;
    right = std::max(right, x);
  };
  const auto fixed = [&](const std::string& label, std::int64_t channels, int of_stage) {
    Box box;
    box.label = label;
    box.under = std::to_string(channels);
    box.color = "#777777";
    box.width = std::max(30.0, 7.0 * static_cast<double>(label.size()) + 6);
    box.height = 40;
    box.stage = of_stage;
    draw(box);
  };
  const network::NetworkConfig& frame = space.frame();
  fixed("stem", frame.first_conv.out_channels, -2);
  for (const network::Block& block : frame.blocks) {
    if (const auto* first = block.as<network::MBConvLayer>()) fixed("first", first->out_channels, -2);
  }
  for (std::size_t b = 0; b < space.blocks().size(); ++b) {
    draw(box_of(space, space.blocks()[b], choice.at(b)));
  }
  if (frame.feature_mix_layer) fixed("1x1", frame.feature_mix_layer->out_channels, -3);
  fixed("classes", frame.classifier.out_features, -3);
  return open(std::max(right + margin, 200.0), y + row / 2 + 5) + body + "</svg>\n";
}

std::string path_picture(const SearchSpace& space, const std::vector<PathSnapshot>& path) {
  constexpr double panel = 150, high = 84, gap = 14, columns = 6, top = 34;
  const std::size_t blocks = space.blocks().size();
  const double first = static_cast<double>(path.front().step);
  const double span = std::max(1.0, static_cast<double>(path.back().step) - first);
  std::string body;
  std::vector<std::string> labels;
  for (std::size_t b = 0; b < blocks; ++b) {
    const double left = gap + static_cast<double>(b % static_cast<std::size_t>(columns)) * (panel + gap);
    const std::size_t row = b / static_cast<std::size_t>(columns);
    const double up = top + gap + static_cast<double>(row) * (high + gap + 16);
    body +=
        fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#ccc\"/>\n",
                    left, up, panel, high);
    const SearchBlock& block = space.blocks()[b];
    body +=
        text(left, up - 3, fmt::format("block {}, {} channels", b, block.out.channels), 10, "start", "#555");
    for (std::size_t i = 0; i < block.candidates.size(); ++i) {
      std::string points;
      for (const PathSnapshot& one : path) {
        points += fmt::format("{:.1f},{:.1f} ", left + panel * (static_cast<double>(one.step) - first) / span,
                              up + high * (1 - std::clamp(one.probability[b][i], 0.0, 1.0)));
      }
      const std::string& label = block.candidates[i].label;
      if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
      body += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n",
                          points, color_of(space, label));
    }
  }
  double x = gap;
  for (const std::string& label : labels) {
    body += fmt::format("<rect x=\"{}\" y=\"8\" width=\"14\" height=\"10\" fill=\"{}\"/>\n", x,
                        color_of(space, label));
    body += text(x + 18, 17, label, 11, "start");
    x += 34 + 7 * static_cast<double>(label.size());
  }
  const std::size_t rows =
      (blocks + static_cast<std::size_t>(columns) - 1) / static_cast<std::size_t>(columns);
  return open(columns * (panel + gap) + gap, top + gap + static_cast<double>(rows) * (high + gap + 16)) +
         body + "</svg>\n";
}

}  // namespace frugal::search
