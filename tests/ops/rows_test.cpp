// Layers that run row by row give what they give one after the other, and write only where they may.
#include "ops/rows.h"

#include <vector>

#include "support/test.h"

using namespace frugal;

namespace {

// Each number and those above and below it, none of them large.
void sum_of_three(const std::int8_t* x, std::int8_t* y, const ops_window* w) {
  for (std::int32_t row = 0; row < w->out_height; ++row) {
    for (std::int32_t column = 0; column < w->out_width; ++column) {
      int sum = 0;
      for (std::int32_t k = 0; k < 3; ++k) {
        const std::int32_t from = row - w->pad_top + k;
        if (from >= 0 && from < w->in_height) sum += x[from * w->in_width + column];
      }
      y[row * w->out_width + column] = static_cast<std::int8_t>(sum % 11);
    }
  }
}

}  // namespace

TEST_CASE("layers row by row are the layers, and write nothing behind the rows that they keep", "[ops]") {
  constexpr std::int32_t height = 9, width = 2, layers = 3;
  ops_window w{};
  w.in_height = w.out_height = height;
  w.in_width = w.out_width = width;
  w.in_channels = w.out_channels = w.groups = 1;
  w.kernel_height = 3, w.kernel_width = 1, w.pad_top = 1;
  w.stride_height = w.stride_width = w.dilation_height = w.dilation_width = 1;
  std::vector<std::int8_t> x;
  for (int i = 0; i < height * width; ++i) x.push_back(static_cast<std::int8_t>(i * 7 % 10));
  std::vector<std::int8_t> wanted = x, next(x.size());
  for (int layer = 0; layer < layers; ++layer) {
    sum_of_three(wanted.data(), next.data(), &w);
    wanted.swap(next);
  }
  for (const std::int32_t at_once : {1, 2, 4}) {
    INFO(at_once << " rows at once");
    const std::size_t kept = static_cast<std::size_t>(ops_rows_kept(&w, at_once)) * width;
    std::vector<std::int8_t> guard;  // no two bytes alike: moved, they differ
    for (int i = 0; i < 64; ++i) guard.push_back(static_cast<std::int8_t>(i));
    std::vector<std::vector<std::int8_t>> rows(layers, std::vector<std::int8_t>(kept));
    for (auto& one : rows) one.insert(one.end(), guard.begin(), guard.end());
    std::vector<ops_rows_layer> given;
    for (std::size_t layer = 0; layer < layers; ++layer)
      given.push_back({sum_of_three, &w, layer == 0 ? nullptr : rows[layer].data(), at_once});
    std::vector<std::int8_t> y(x.size());
    std::vector<std::int32_t> state(2 * layers);
    ops_run_rows(given.data(), layers, x.data(), y.data(), state.data());
    CHECK(y == wanted);
    for (const auto& one : rows)
      CHECK(std::vector<std::int8_t>(one.begin() + std::ptrdiff_t(kept), one.end()) == guard);
  }
}
