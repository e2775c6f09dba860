// How many rows at once: as many as take no more memory than one.
#include "passes/rows.h"

#include <algorithm>

#include "autodiff/backward.h"
#include "emit/arena.h"
#include "ops/ops.h"
#include "plan/peak.h"
#include "sparse/scheme.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;
using passes::RowChain;

TEST_CASE("layers row by row give as many rows at once as take no more memory", "[passes]") {
  const ir::Model model =
      test::tiny_int8_model(4, "float32-half-even", 3, {1, 2, 40, 16}, {.residual = false, .hidden = 24});
  const auto trained = sparse::trained_layers(model, sparse::scheme_named("head", model.graph));
  const passes::TrainingStep step =
      passes::with_updates(autodiff::with_backward(model, trained, "tiny"), {}, "tiny");
  const passes::Measure peak = [needs = emit::needs_of(step, OPS_PLAIN, "tiny")](const auto& tried) {
    return plan::peak_of(emit::blocks_of(tried, needs).blocks).bytes;
  };
  const std::size_t least = peak(passes::with_rows(step, peak));
  int within = 0, last = 0;
  // As where something else is alive elsewhere, so that a chain may take some memory more.
  for (std::size_t floor = least; floor < peak(step); floor += 100) {
    const passes::Measure measure = [&](const auto& tried) { return std::max(floor, peak(tried)); };
    const passes::TrainingStep made = passes::with_rows(step, measure);
    REQUIRE(made.by_rows.size() == 1);
    const RowChain& chain = made.by_rows[0];
    INFO(floor << ": " << chain.at_once << " and " << chain.at_once_within << " rows");
    CHECK(measure(made) == floor);
    within += chain.at_once_within > chain.at_once ? 1 : 0;
    last += chain.at_once > 1 ? 1 : 0;
    for (const auto rows : {&RowChain::at_once, &RowChain::at_once_within}) {
      passes::TrainingStep more = made;
      if ((more.by_rows[0].*rows *= 2) <= 8) CHECK(measure(more) > floor);
    }
  }
  CHECK(within > 0);
  CHECK(last > 0);
}

TEST_CASE("a chain leaves those that it only touches, and takes the place of those that it meets",
          "[passes]") {
  const ir::Model model =
      test::tiny_int8_model(4, "float32-half-even", 3, {1, 2, 40, 16}, {.residual = false, .hidden = 24});
  const auto trained = sparse::trained_layers(model, sparse::scheme_named("head", model.graph));
  const passes::TrainingStep step =
      passes::with_updates(autodiff::with_backward(model, trained, "tiny"), {}, "tiny");
  const auto runs = passes::straight_runs(step);
  const auto longest = std::max_element(runs.begin(), runs.end(), [](const RowChain& a, const RowChain& b) {
    return a.end - a.begin < b.end - b.begin;
  });
  REQUIRE(longest != runs.end());
  REQUIRE(longest->end - longest->begin >= 4);
  const ir::NodeId begin = longest->begin;
  const auto made = [&](int first, int second, int across) {
    return passes::with_rows(step,
                             [=](const passes::TrainingStep& tried) {
                               int bytes = 1000;
                               for (const RowChain& chain : tried.by_rows) {
                                 if (chain.over_input || chain.end - chain.begin != 2) continue;
                                 bytes -= chain.begin == begin       ? first
                                          : chain.begin == begin + 2 ? second
                                          : chain.begin == begin + 1 ? across
                                                                     : 0;
                               }
                               return static_cast<std::size_t>(bytes);
                             })
        .by_rows.size();
  };
  CHECK(made(10, 20, 0) == 2);
  CHECK(made(20, 10, 0) == 2);
  CHECK(made(10, 10, 15) == 1);
}
