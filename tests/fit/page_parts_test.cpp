// What predictions are judged by, counted by hand.
#include "fit/command/page_parts.h"

#include <cmath>

#include "support/test.h"

using namespace frugal;

TEST_CASE("errors of predictions are root mean squares over the rows") {
  const std::vector<fit::Judged> rows = {
      {2.0, {2.5, 2.25, 2.75}}, {1.0, {1.0, 0.5, 2.0}}, {4.0, {3.0, 2.0, 8.0}}};
  const fit::Judgement judged = fit::judge(rows);
  CHECK(judged.rmse == Approx(std::sqrt((0.25 + 0 + 1) / 3)));
  CHECK(judged.log_rmse ==
        Approx(std::sqrt((std::pow(std::log(1.25), 2) + std::pow(std::log(0.75), 2)) / 3)));
  CHECK(judged.covered == 2);
  CHECK(judged.mean_log_width == Approx((std::log(2.75 / 2.25) + 2 * std::log(4.0)) / 3));
}
