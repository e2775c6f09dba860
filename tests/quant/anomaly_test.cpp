// What is told by scores alone: threshold, AUC, what is found and what is called so wrongly.
#include "quant/anomaly.h"

#include <nlohmann/json.hpp>

#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("scores give a threshold, an AUC and rates", "[quant]") {
  const std::vector<double> training{4, 1, 3, 2, 5, 6, 7, 8, 9, 10};
  const std::vector<double> scores{1, 9.5, 8, 9, 20, 9};
  const std::vector<std::int32_t> labels{0, 0, 1, 1, 1, 0};
  const quant::Detection found = quant::detection(training, scores, labels, 0.9);
  CHECK(found.threshold == 9);  // nine of ten are not above it
  CHECK(*found.detected == Approx(1.0 / 3));
  CHECK(*found.false_alarms == Approx(1.0 / 3));
  // 9 pairs: 8 beats 1; 9 beats 1 and ties with 9; 20 beats all.
  CHECK(*found.auc == Approx((1 + 1 + 0.5 + 3) / 9));
  CHECK(found.right == 1 + 2);
  CHECK(found.count == 6);
  CHECK(found.usual_score == Approx(19.5 / 3));
  CHECK(found.unusual_score == Approx(37.0 / 3));
  CHECK(quant::detection(training, scores, labels, 0.01).threshold == 1);
  CHECK(quant::detection(training, scores, labels, 0.999).threshold == 10);
}

TEST_CASE("without samples of both kinds there is no AUC", "[quant]") {
  const quant::Detection found = quant::detection(std::vector<double>{1}, std::vector<double>{2, 3},
                                                  std::vector<std::int32_t>{0, 0}, 0.5);
  CHECK_FALSE(found.auc);
  CHECK_FALSE(found.detected);
  CHECK(*found.false_alarms == 1);
  CHECK(quant::to_json(found)["auc"].is_null());
}

TEST_CASE("samples held out must be of both kinds", "[quant]") {
  const auto refused = [](const std::vector<std::int32_t>& labels) {
    return test::message_of([&] { quant::require_both_kinds(labels); });
  };
  CHECK(refused({0, 1, 0}) == "no error");
  CHECK(refused({0, 0, 0}).find("anomaly.normal: names the classes of all 3 samples held out") !=
        std::string::npos);
  CHECK(refused({1, 1}).find("anomaly.normal: names no class of the 2 samples held out") !=
        std::string::npos);
}

TEST_CASE("usual classes are those of the data", "[quant]") {
  quant::AnomalyConfig config;
  CHECK_FALSE(config.used());
  config.normal = {2, 3};
  CHECK_NOTHROW(config.check(4));
  CHECK(test::message_of([&] { config.check(3); }).find("anomaly.normal: names class 3 of 3") !=
        std::string::npos);
  quant::Samples samples;
  samples.labels = {0, 2, 3, 1};
  quant::relabel(samples, config);
  CHECK(samples.labels == std::vector<std::int32_t>{1, 0, 0, 1});
}
