#include "plan/picture.h"

#include <algorithm>
#include <numeric>

#include "report/svg.h"

namespace frugal::plan {
namespace {

constexpr const char* grey = "#b9b9b9";
constexpr double kilobyte = 1024;

std::string label_of(const std::vector<Block>& blocks, std::size_t i) {
  const std::string name = blocks[i].name.empty() ? "block " + std::to_string(i) : blocks[i].name;
  return name + ": " + std::to_string(blocks[i].bytes) + " bytes";
}

void draw(report::Plot& plot, const std::string& name, const std::vector<Block>& blocks, const Arena& arena,
          const std::vector<std::size_t>& drawn, const std::string& color) {
  std::vector<double> left, right, low, high;
  std::vector<std::string> texts;
  for (const std::size_t i : drawn) {
    left.push_back(blocks[i].first);
    right.push_back(static_cast<double>(blocks[i].last) + 1);
    low.push_back(static_cast<double>(arena.offsets[i]) / kilobyte);
    high.push_back(static_cast<double>(arena.offsets[i] + blocks[i].bytes) / kilobyte);
    texts.push_back(label_of(blocks, i));
  }
  if (!drawn.empty()) plot.boxes(name, left, right, low, high, color, texts);
}

// The most bytes alive at each step where that changes, as a line of steps.
void draw_alive(report::Plot& plot, const std::vector<Block>& blocks) {
  std::vector<ir::NodeId> steps;
  for (const Block& block : blocks) {
    if (block.bytes == 0) continue;
    steps.push_back(block.first);
    steps.push_back(block.last + 1);
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  std::vector<double> x, y;
  for (std::size_t s = 0; s + 1 < steps.size(); ++s) {
    std::size_t alive = 0;
    for (const Block& block : blocks) {
      if (block.first <= steps[s] && steps[s] <= block.last) alive += block.bytes;
    }
    for (const ir::NodeId end : {steps[s], steps[s + 1]}) {
      x.push_back(end);
      y.push_back(static_cast<double>(alive) / kilobyte);
    }
  }
  plot.line("alive", x, y, "#1b1b1b");
}

}  // namespace

std::string picture(const std::vector<Block>& blocks, const Arena& arena, const PictureOptions& options) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].bytes > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  const std::size_t named = std::min(options.named, order.size());
  report::Plot plot(options.title, {"step", false, {}, {}}, {"place in memory, KB", false, 0, {}});
  const std::vector<std::size_t> others(order.begin() + static_cast<std::ptrdiff_t>(named), order.end());
  draw(plot, named > 0 ? "others" : "", blocks, arena, others, grey);
  for (std::size_t k = 0; k < named; ++k)
    draw(plot, label_of(blocks, order[k]), blocks, arena, {order[k]}, report::Plot::color(k));
  if (!order.empty()) draw_alive(plot, blocks);
  if (options.capacity)
    plot.horizontal("capacity", static_cast<double>(*options.capacity) / kilobyte, report::Plot::color(5));
  return plot.svg(960, 430);
}

}  // namespace frugal::plan
