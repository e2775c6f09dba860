// How many rows at once: as many as take no more memory than one.
#include "passes/rows.h"

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
