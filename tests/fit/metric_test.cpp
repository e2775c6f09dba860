// What is no loss: accuracies that rise with scale, and errors that are predicted through a loss.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/command/fit_report.h"
#include "fit/command/metric_fit.h"
#include "fit/command/run_fit.h"
#include "fit/runs/metric.h"
#include "fit/surface/link.h"
#include "support/test.h"

using namespace frugal;

namespace {

double loss(double size, double data) {
  return 1.7 + 400 / std::pow(size, 0.34) + 1800 / std::pow(data, 0.36);
}
double accuracy(double of_loss) { return 0.2 + 0.65 / (1 + std::exp(2.5 * (of_loss - 2.7))); }

// A grid of runs; cells gives what stands behind size and data.
template <class Cells>
std::string grid(const std::string& header, const Cells& cells) {
  std::string text = header + "\n";
  for (const double size : {2e7, 5e7, 1.2e8, 3e8, 8e8, 2e9}) {
    for (const double data : {1e9, 4e9, 1.6e10, 6.4e10})
      text += std::to_string(size) + "," + std::to_string(data) + "," + cells(loss(size, data)) + "\n";
  }
  return text;
}

fit::FitOutcome fit_text(const std::vector<std::string>& texts, const fit::FitConfig& config = {}) {
  fit::Table table;
  for (const std::string& text : texts)
    fit::append_text(table, text, "runs" + std::to_string(table.files.size()) + ".csv");
  return fit::run_fit(fit::prepare_measurements(table, config, "config"), config, 0, "config");
}

std::string error_of(const std::string& text, const fit::FitConfig& config = {}) {
  try {
    fit_text({text}, config);
  } catch (const base::UserError& error) {
    return std::string(error.what()) + "|" + error.hint();
  }
  return "no error";
}

fit::RunScale scale(double size, double data) {
  fit::RunScale out;
  out.size = size;
  out.data = data;
  out.fill_usual();
  return out;
}

fit::FitConfig quick() {
  fit::FitConfig config;
  config.draws = 60;
  return config;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("whether a metric rises is known by its name, what guessing reaches by its name or its level") {
  using fit::Direction;
  for (const char* name : {"acc", "Accuracy", "val_acc", "acc_norm", "exact_match", "F1", "hellaswag",
                           "arc_easy", "top-1 accuracy (%)"})
    CHECK(fit::direction_of(name) == Direction::rises);
  for (const char* name : {"loss", "val_loss", "Test Error", "perplexity", "results.test_error", "bpb", "y"})
    CHECK(fit::direction_of(name) == Direction::falls);
  for (const char* name : {"metric", "foo"}) CHECK(fit::direction_of(name) == Direction::unknown);
  CHECK(*fit::chance_by_name({"", "arc_easy"}) == 0.25);
  CHECK(*fit::chance_by_name({"PIQA acc"}) == 0.5);
  CHECK(*fit::chance_by_name({"GSM8K"}) == 0);
  CHECK(!fit::chance_by_name({"acc"}));
  CHECK(fit::chance_by_level({0.252, 0.26, 0.31, 0.4, 0.6}) == 0.25);
  CHECK(fit::chance_by_level({0.498, 0.51, 0.53, 0.6, 0.8}) == 0.5);
  CHECK(fit::chance_by_level({0.31, 0.35, 0.42, 0.6}) == 0);
}

TEST_CASE("an accuracy is fitted above chance and predicted within its bounds, in fractions as in per cent") {
  const double right = 1 - accuracy(loss(2e10, 4e11));
  double values[2];
  fit::FitConfig config = quick();
  config.measurements.chance = 0.2;
  for (const bool percent : {false, true}) {
    const fit::FitOutcome outcome =
        fit_text({grid(percent ? "params,tokens,accuracy (%)" : "params,tokens,acc",
                       [&](double l) { return std::to_string((percent ? 100 : 1) * accuracy(l)); })},
                 config);
    const fit::SeriesFit& series = outcome.series[0];
    REQUIRE(series.surface->metric);
    CHECK(series.surface->metric->chance == Approx(0.2));
    CHECK(series.surface->metric->unit == (percent ? 100 : 1));
    const fit::Estimate error = series.surface->predict(scale(2e10, 4e11), 0.95);
    CHECK(error.value == Approx(right).margin(0.03));
    CHECK(error.low < right);
    CHECK(right < error.high);
    const fit::Estimate far = series.surface->predict(scale(1e3, 1e3), 0.9999);
    CHECK(far.high <= 0.8 + 1e-12);
    values[percent] = error.value;
  }
  CHECK(values[0] == Approx(values[1]).epsilon(1e-4));
}

TEST_CASE(
    "what rises with scale without a name that says so is refused; so is an accuracy that leaves no error") {
  const std::string text = grid("params,tokens,metric", [](double l) { return std::to_string(accuracy(l)); });
  fit::FitConfig named = quick();
  named.measurements.columns["error"] = "metric";
  CHECK(has(error_of(text, named), "'metric' rises with scale, which no error does|--set metric=rises"));
  named.measurements.metric = "rises";
  CHECK(error_of(text, named) == "no error");
  CHECK(has(error_of("tokens,acc\n1,0.5\n2,0.75\n4,1\n"), "runs0.csv:4: column 'acc': has no error left"));
  CHECK(has(error_of("tokens,score\n1,150\n2,200\n4,300\n"),
            "must be an accuracy, a fraction or per cent, got 300"));
  fit::FitConfig chance = quick();
  chance.measurements.chance = 0.5;
  CHECK(has(error_of("tokens,loss\n1,3\n2,2\n4,1\n", chance),
            "chance: has no effect: 'loss' is taken for an error"));
}

TEST_CASE(
    "two steps to a downstream error, from one table or two, with one interval through both; a fit file "
    "gives it back") {
  const double right = 1 - accuracy(loss(2e10, 4e11));
  fit::FitConfig config = quick();
  config.measurements.columns["loss"] = "loss";
  const std::string both = grid("params,tokens,loss,error", [](double l) {
    return std::to_string(l) + "," + std::to_string(1 - accuracy(l));
  });
  const std::string losses = grid("params,tokens,loss", [](double l) { return std::to_string(l); });
  std::string pairs = "loss,acc\n";
  for (double l = 2; l < 4.5; l += 0.1) pairs += std::to_string(l) + "," + std::to_string(accuracy(l)) + "\n";
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{both}, std::vector<std::string>{losses, pairs}}) {
    const fit::FitOutcome outcome = fit_text(texts, config);
    const fit::Estimate error = outcome.series[0].surface->predict(scale(2e10, 4e11), 0.95);
    CHECK(error.value == Approx(right).margin(0.03));
    CHECK(error.low < right);
    CHECK(right < error.high);
    nlohmann::ordered_json result;
    fit::add_to_result(outcome, config, result);
    const nlohmann::json file = nlohmann::json::parse(result.dump());
    const auto read = fit::read_surface(config::JsonNode(file["fits"][0], "fit.json"), {0, 60});
    CHECK(read->predict(scale(2e10, 4e11), 0.95).value == error.value);
    CHECK(read->predict(scale(2e10, 4e11), 0.95).low == Approx(error.low).epsilon(1e-9));
  }
  CHECK(has(fit_text({both}, config).series[0].notes[2], "hold-out of the 6 costliest runs"));
}

TEST_CASE("a sigmoid is recovered, and refused where nothing rises") {
  std::vector<double> losses, errors;
  for (double l = 2; l < 4.5; l += 0.1) {
    losses.push_back(l);
    errors.push_back(1 - accuracy(l));
  }
  const fit::Link link = fit::fit_sigmoid(losses, errors, 0, 10, 0, "r.csv");
  CHECK(link.sigmoid.lowest == Approx(0.15).margin(1e-3));
  CHECK(link.sigmoid.highest == Approx(0.8).margin(1e-3));
  CHECK(link.sigmoid.steepness == Approx(2.5).margin(1e-2));
  CHECK(link.sigmoid.middle == Approx(2.7).margin(1e-2));
  for (double& error : errors) error = 1 - error;
  CHECK_THROWS_WITH(fit::fit_sigmoid(losses, errors, 0, 0, 0, "r.csv"),
                    Catch::Contains("does not rise with the loss"));
}

TEST_CASE("names of an expression: columns are variables, what is near a name is no parameter") {
  const auto names = [](const std::string& text, const std::vector<std::string>& declared = {}) {
    return fit::names_of_expression(text, {"params", "lr", "batch_size"}, declared, "e").own_variables;
  };
  CHECK(names("E + A/N^alpha + k*log(lr)^2") == std::vector<std::string>{"lr"});
  CHECK(names("E + beta_2*batch_size + c0*lr") == std::vector<std::string>{"batch_size", "lr"});
  CHECK(names("floor + A/N^alpha", {"floor"}).empty());
  CHECK_THROWS_WITH(names("E + A/N^alpha + k*batchsize"),
                    Catch::Contains("'batchsize' is no variable, no column and no declared parameter"));
  CHECK_THROWS_WITH(names("E + A/N^alhpa"), Catch::Contains("'alhpa'"));

  // The law has the column as a variable, from fit to file to prediction.
  std::string text = "params,tokens,lr,loss\n";
  for (const double size : {1e7, 1e8, 1e9}) {
    for (const double data : {1e9, 1e10, 1e11}) {
      for (const double lr : {1e-3, 1e-2, 1e-1})
        text += fmt::format("{},{},{},{}\n", size, data, lr,
                            loss(size, data) + 0.05 * std::pow(std::log10(lr / 1e-2), 2));
    }
  }
  fit::FitConfig config = quick();
  config.expression = "E + A/N^alpha + B/D^beta + k*log(100*lr)^2";
  const fit::FitOutcome outcome = fit_text({text}, config);
  const fit::Surface& surface = *outcome.series[0].surface;
  CHECK(surface.variables() == std::vector<std::string>{"size", "data", "lr"});
  fit::RunScale at = scale(1e9, 1e11);
  at.set("lr", 1e-1);
  const double with_lr = surface.error(at, fit::Surface::estimate, false);
  CHECK(with_lr == Approx(loss(1e9, 1e11) + 0.05).epsilon(1e-3));
  nlohmann::ordered_json result;
  fit::add_to_result(outcome, config, result);
  const nlohmann::json file = nlohmann::json::parse(result.dump());
  CHECK(fit::read_surface(config::JsonNode(file["fits"][0], "fit.json"), {0, 60})
            ->error(at, fit::Surface::estimate, false) == with_lr);
}
