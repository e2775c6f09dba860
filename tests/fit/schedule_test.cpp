// Learning-rate schedules and their areas, tables of checkpoints, and the annealing law with its intervals.
#include "fit/schedule/annealing_fit.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "fit/schedule/resample.h"
#include "fit/schedule/shape.h"
#include "support/test.h"

using namespace frugal;

namespace {

constexpr fit::AnnealingLaw truth = {2.5, 0.6, 0.4, 15, 100};

// A run of checkpoints every 20 steps; noise: of ln L, half of each passed on to the next.
fit::TrainingCurve curve_of(const std::string& name, const std::string& shape,
                            const fit::AnnealingLaw& law = truth, double noise = 0, std::uint64_t seed = 0) {
  fit::TrainingCurve curve;
  curve.name = name;
  curve.rates = fit::read_shape(shape, "--schedule");
  for (double step = 20; step <= curve.rates.end(); step += 20) curve.steps.push_back(step);
  const auto area = curve.rates.areas(curve.steps), annealed = curve.rates.annealed(curve.steps, law.memory);
  base::Random random(seed, name);
  double error = 0;
  for (std::size_t i = 0; i < area.size(); ++i) {
    error = 0.5 * error + noise * std::sqrt(0.75) * random.normal();
    curve.loss.push_back(law.loss(area[i], annealed[i]) * std::exp(error));
  }
  return curve;
}

const std::string constant = "constant:peak=1e-3,warmup=100,steps=4000",
                  cosine = "cosine:peak=1e-3,warmup=100,steps=4000,final=1e-4",
                  decayed = "wsd:peak=1e-3,warmup=100,steps=4000,final=1e-4",
                  longer = "cosine:peak=1e-3,warmup=100,steps=8000,final=1e-4";

fit::Estimate predicted(const fit::AnnealingFit& fitted, const std::string& shape, double coverage = 0.95) {
  const fit::Rates rates = fit::read_shape(shape, "--schedule");
  const double end = rates.end();
  return fit::predict(fitted, rates, {&end, 1}, coverage).front();
}

double true_loss(const std::string& shape, const fit::AnnealingLaw& law = truth) {
  return curve_of("", shape, law).loss.back();
}

bool has(const std::vector<std::string>& notes, const std::string& text) {
  for (const auto& note : notes)
    if (note.find(text) != std::string::npos) return true;
  return false;
}

std::string message_of(const std::string& csv, const fit::ScheduleConfig& config = {}) {
  fit::Table table;
  fit::append_csv(table, csv, "c.csv");
  try {
    fit::read_training_curves(table, {}, config, "config");
  } catch (const base::UserError& error) {
    return error.place() + ": " + error.message() + " | " + error.hint();
  }
  return "";
}

std::string shape_error(const std::string& text) {
  try {
    fit::read_shape(text, "--schedule");
  } catch (const base::UserError& error) {
    return error.message() + " | " + error.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("the areas of a schedule are the plain sums over its steps") {
  for (const std::string& shape : {cosine, decayed, std::string("linear:peak=1,steps=300"), constant}) {
    const fit::Rates rates = fit::read_shape(shape, "");
    const double memory = 37;
    std::vector<double> steps;
    std::vector<double> area, annealed;
    double sum = 0, momentum = 0, gained = 0;
    for (int i = 1; i <= rates.end(); ++i) {
      sum += rates.at(i);
      // What rises in the warm-up is no negative annealing.
      const double fall = i > rates.warmup_end() ? rates.at(i - 1) - rates.at(i) : 0;
      momentum = std::exp(-1 / memory) * momentum + fall;
      gained += momentum;
      if (i % 70 != 0) continue;
      steps.push_back(i);
      area.push_back(sum);
      annealed.push_back(gained);
    }
    const auto by_area = rates.areas(steps), by_annealing = rates.annealed(steps, memory);
    for (std::size_t k = 0; k < steps.size(); ++k) {
      CHECK(by_area[k] == Approx(area[k]).epsilon(1e-7));
      CHECK(by_annealing[k] == Approx(annealed[k]).epsilon(1e-4).margin(1e-9));
    }
  }
}

TEST_CASE("a cosine falls from the end of its warm-up to its end") {
  const fit::Rates rates = fit::read_shape("cosine:peak=1,warmup=100,steps=1100,final=0.2", "");
  CHECK(rates.end() == 1100);
  CHECK(rates.at(100) == Approx(1));
  CHECK(rates.at(350) == Approx(0.2 + 0.4 * (1 + std::sqrt(0.5))).epsilon(1e-3));
  CHECK(rates.at(600) == Approx(0.6).epsilon(1e-3));
  CHECK(rates.at(1100) == Approx(0.2));
}

TEST_CASE("a rate is known between its knots, before the first and at the end of the warm-up") {
  const fit::Rates rising({{10, 1e-4}, {20, 2e-4}, {100, 1e-3}, {200, 1e-3}, {300, 0}});
  CHECK(rising.at(0) == 0);
  CHECK(rising.at(5) == Approx(5e-5));
  CHECK(rising.at(250) == Approx(5e-4));
  CHECK(rising.at(400) == 0);
  CHECK(rising.warmup_end() == 100);
  CHECK(rising.changes());
  const fit::Rates level({{10, 1e-3}, {20, 1e-3}});
  CHECK(level.at(0) == 1e-3);
  CHECK(level.warmup_end() == 0);
  CHECK_FALSE(level.changes());
  // Not 1e-3 of it: rounding in a log.
  CHECK_FALSE(fit::Rates({{10, 1e-3}, {20, 1.0005e-3}, {30, 1e-3}}).changes());
}

TEST_CASE("a simplified schedule has fewer knots and the same areas") {
  std::vector<fit::Knot> knots;
  const fit::Rates shape = fit::read_shape(decayed, "");
  for (int i = 0; i <= 4000; ++i) knots.push_back({double(i), shape.at(i)});
  const fit::Rates all(knots);
  const std::vector<double> steps = {1000, 3100, 3500, 4000};
  const fit::Rates few = all.simplified(steps, 1e-4);
  CHECK(few.knots().size() < 20);
  CHECK(few.warmup_end() == all.warmup_end());
  const auto a = all.annealed(steps, 50), b = few.annealed(steps, 50), s = all.areas(steps),
             t = few.areas(steps);
  for (std::size_t k = 0; k < steps.size(); ++k) {
    CHECK(b[k] == Approx(a[k]).epsilon(1e-3).margin(1e-6));
    CHECK(t[k] == Approx(s[k]).epsilon(1e-4));
  }
}

TEST_CASE("schedules in words, and what is wrong with one") {
  const fit::Rates wsd = fit::read_shape("wsd:peak=1,warmup=10,steps=100,decay=30,final=0.1", "");
  CHECK(wsd.at(5) == Approx(0.5));
  CHECK(wsd.at(70) == 1);
  CHECK(wsd.at(85) == Approx(0.55));
  CHECK(wsd.at(100) == Approx(0.1));
  CHECK(fit::read_shape("cosine:peak=1,steps=100", "").at(50) == Approx(0.5).epsilon(1e-4));
  CHECK(fit::read_shape("linear:peak=1,steps=10k", "").at(2500) == Approx(0.75));
  const fit::Rates on = fit::continued(fit::read_shape("constant:peak=1,steps=100", ""),
                                       fit::read_continuation("continue:steps=50,final=0", ""));
  CHECK(on.end() == 150);
  CHECK(on.at(125) == Approx(0.5));
  CHECK(shape_error("cosin:peak=1,steps=10").find("did you mean 'cosine'") != std::string::npos);
  CHECK(shape_error("cosine:steps=10").find("needs 'peak'") != std::string::npos);
  CHECK(shape_error("cosine:peak=1,step=10").find("did you mean 'steps'") != std::string::npos);
  CHECK(shape_error("constant:peak=1,steps=10,final=0").find("has no 'final'") != std::string::npos);
  CHECK(shape_error("cosine:peak=1,steps=10,warmup=10").find("warmup must be less than steps") !=
        std::string::npos);
  CHECK(shape_error("cosine:peak=1,steps=10,final=2").find("at most the peak") != std::string::npos);
  CHECK(shape_error("wsd:peak=1,steps=10,decay=11").find("decay must be") != std::string::npos);
  CHECK(shape_error("cosine:peak=x,steps=10").find("peak must be a number") != std::string::npos);
  CHECK(shape_error("cosine:peak=1,peak=2").find("given twice") != std::string::npos);
}

TEST_CASE("a table of checkpoints: columns by their names, runs by name or file, and what it lacks") {
  fit::Table table;
  fit::append_csv(
      table, "run,step,learning_rate,val_loss\na,10,0.1,3\nb,10,0.1,3.1\na,20,0.05,2\nb,20,,2.5\n", "c.csv");
  const auto read = fit::read_training_curves(table, {}, {}, "config");
  REQUIRE(read.curves.size() == 2);
  CHECK(read.loss == "val_loss");
  CHECK(read.curves[0].name == "a");
  CHECK(read.curves[0].rates.at(15) == Approx(0.075));
  CHECK(read.curves[1].rates.at(20) == 0.1);  // a row without a rate still has a loss
  fit::Table files;
  fit::append_csv(files, "step,lr,loss\n10,0.1,3\n20,0.1,2\n", "out/one/events.csv");
  fit::append_csv(files, "step,lr,loss\n10,0.1,3\n20,0.1,2\n", "out/two/events.csv");
  const auto by_file = fit::read_training_curves(files, {}, {}, "config").curves;
  REQUIRE(by_file.size() == 2);
  CHECK(by_file[0].name == "one");
  CHECK(by_file[1].name == "two");

  CHECK(message_of("run,step,loss\na,1,2\na,2,1\n").find("no column for the learning rate") !=
        std::string::npos);
  CHECK(message_of("run,lr,loss\na,1,2\na,2,1\n").find("no column for the step") != std::string::npos);
  CHECK(message_of("run,step,lr,loss\na,20,1,2\na,10,1,1\n")
            .find("c.csv:3: column 'step': steps must rise within a run") == 0);
  CHECK(message_of("step,lr,loss\n10,1,2\n10,1,1\n").find("a column that names the run") !=
        std::string::npos);
  CHECK(
      message_of("run,step,lr,loss\na,10,-1,2\n").find("the learning rate must be a number >= 0, got '-1'") !=
      std::string::npos);
  CHECK(message_of("run,step,lr,loss\na,10,1,0\n").find("the loss must be a number > 0, got '0'") !=
        std::string::npos);
  CHECK(message_of("run,step,lr,loss\na,10,0,3\n").find("is 0 in every row") != std::string::npos);
  CHECK(message_of("run,step,lr,accuracy\na,10,1,0.3\n").find("rises: the annealing law is of a loss") !=
        std::string::npos);
  CHECK(message_of("run,params,step,lr,loss\na,1e6,10,1,3\nb,2e6,10,1,3\n").find("runs of several sizes") !=
        std::string::npos);
  fit::ScheduleConfig given;
  given.given["all"] = "cosine:peak=1,steps=15";
  CHECK(message_of("run,step,loss\na,10,3\na,20,2\n", given)
            .find("ends at step 15, but run 'a' has a loss at step 20") != std::string::npos);
  given.given = {{"c", "cosine:peak=1,steps=50"}, {"all", "cosine:peak=1,steps=50"}};
  CHECK(message_of("run,step,loss\na,10,3\na,20,2\n", given).find("no run 'c'") != std::string::npos);
  given.given = {{"all", "cosine:peak=1,steps=50"}};
  CHECK(message_of("run,step,loss\na,10,3\na,20,2\n", given).empty());
}

TEST_CASE("a law that holds exactly is recovered, and other schedules and lengths follow") {
  const auto fitted =
      fit::fit_annealing({curve_of("constant", constant), curve_of("cosine", cosine)}, {100, 0});
  CHECK(fitted.effect == fit::AnnealingEffect::fitted);
  for (std::size_t p = 0; p < 5; ++p)
    CHECK(fitted.law.values()[p] == Approx(truth.values()[p]).epsilon(0.002));
  CHECK(has(fitted.notes, "of 400 checkpoints lie in a warm-up"));
  for (const std::string& shape : {decayed, longer}) {
    const fit::Estimate e = predicted(fitted, shape);
    CHECK(e.value == Approx(true_loss(shape)).epsilon(1e-4));
    CHECK(std::log(e.high / e.low) < 0.002);
  }
}

TEST_CASE("one cosine run alone tells its own law where there is no noise, and says that it is one") {
  const auto fitted = fit::fit_annealing({curve_of("cosine", cosine)}, {20, 0});
  CHECK(predicted(fitted, longer).value == Approx(true_loss(longer)).epsilon(1e-3));
  CHECK(has(fitted.notes, "one run"));
}

TEST_CASE("intervals hold a checkpoint of another schedule about as often as they say", "[slow]") {
  int held = 0, narrow = 0;
  constexpr int seeds = 40;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto fitted = fit::fit_annealing(
        {curve_of("constant", constant, truth, 0.005, seed), curve_of("cosine", cosine, truth, 0.005, seed)},
        {100, seed});
    const fit::Estimate e = predicted(fitted, decayed);
    base::Random random(seed, "another");
    const double measured = true_loss(decayed) * std::exp(0.005 * random.normal());
    held += e.low <= measured && measured <= e.high ? 1 : 0;
    narrow += std::log(e.high / e.low) < 0.08 ? 1 : 0;
  }
  CHECK(held >= 36);
  CHECK(narrow >= 36);
}

TEST_CASE("neighbouring checkpoints are resampled together where their residuals are alike") {
  const auto alike = fit::fit_annealing(
      {curve_of("constant", constant, truth, 0.005, 1), curve_of("cosine", cosine, truth, 0.005, 1)},
      {10, 0});
  CHECK(alike.correlation == Approx(0.5).margin(0.15));
  CHECK(alike.block > 3);
}

TEST_CASE("residuals that are put back where they were give the same law again") {
  const std::vector<fit::SchedulePoints> runs = {
      fit::points_of(curve_of("constant", constant, truth, 0.01, 4)),
      fit::points_of(curve_of("cosine", cosine, truth, 0.01, 4))};
  const fit::Fitted fitted = fit::fit_where_seen(runs, 0);
  const fit::AnnealingLaw again = fit::resample(runs, fitted, 0, 1000, 1, 1).front();  // a block holds a run
  for (std::size_t p = 0; p < 5; ++p)
    CHECK(again.values()[p] == Approx(fitted.minimum.law.values()[p]).epsilon(1e-4));
}

TEST_CASE("constant learning rates say nothing of annealing, and a schedule that falls is refused") {
  const auto fitted = fit::fit_annealing({curve_of("a", constant)}, {20, 0});
  CHECK(fitted.effect == fit::AnnealingEffect::not_varied);
  CHECK(fitted.law.strength == 0);
  CHECK(has(fitted.notes, "C) is not identified"));
  CHECK(predicted(fitted, "constant:peak=1e-3,warmup=100,steps=8000").value ==
        Approx(true_loss("constant:peak=1e-3,warmup=100,steps=8000")).epsilon(1e-3));
  CHECK_THROWS_AS(predicted(fitted, cosine), base::UserError);
}

TEST_CASE("a schedule without an effect is said to have none") {
  fit::AnnealingLaw without = truth;
  without.strength = 0;
  const auto fitted = fit::fit_annealing(
      {curve_of("constant", constant, without, 0.005, 2), curve_of("cosine", cosine, without, 0.005, 2)},
      {20, 0});
  CHECK(fitted.effect == fit::AnnealingEffect::none_seen);
  CHECK(has(fitted.notes, "C = 0"));
  CHECK(predicted(fitted, decayed).value == Approx(true_loss(decayed, without)).epsilon(0.01));
}

TEST_CASE("spikes of the loss do not move the law") {
  auto spiked = curve_of("cosine", cosine, truth, 0.001, 3);
  for (const std::size_t i : {40, 90, 140}) spiked.loss[i] *= 1.5;
  const auto level = curve_of("constant", constant, truth, 0.001, 3);
  const auto clean = fit::fit_annealing({level, curve_of("cosine", cosine, truth, 0.001, 3)}, {20, 0}),
             fitted = fit::fit_annealing({level, spiked}, {20, 0});
  CHECK(predicted(fitted, decayed).value == Approx(predicted(clean, decayed).value).epsilon(0.002));
  CHECK(fitted.noise < 0.003);
}

TEST_CASE("early training that follows no power law is left out where the runs' ends ask for it") {
  auto a = curve_of("constant", constant), b = curve_of("cosine", cosine);
  for (auto* curve : {&a, &b})
    for (std::size_t i = 0; i < 20; ++i) curve->loss[i] *= 1 + 0.3 * (20.0 - double(i)) / 20;
  const auto fitted = fit::fit_annealing({a, b}, {20, 0});
  CHECK(fitted.from > 0);
  CHECK(has(fitted.notes, "early points"));
  CHECK(predicted(fitted, decayed).value == Approx(true_loss(decayed)).epsilon(0.003));
}

TEST_CASE("a floor that the checkpoints do not show is said to be unknown") {
  fit::AnnealingLaw without = truth;
  without.floor = 1e-9;
  const auto fitted = fit::fit_annealing(
      {curve_of("constant", constant, without, 0.005, 4), curve_of("cosine", cosine, without, 0.005, 4)},
      {40, 0});
  CHECK(has(fitted.notes, "the floor L0 is not identified"));
  CHECK_FALSE(
      has(fit::fit_annealing({curve_of("constant", constant), curve_of("cosine", cosine)}, {40, 0}).notes,
          "the floor L0"));
}

TEST_CASE("few checkpoints are refused, a thousand are averaged") {
  auto few = curve_of("a", cosine);
  few.steps.resize(10);
  few.loss.resize(10);
  CHECK_THROWS_AS(fit::fit_annealing({few}, {10, 0}), base::UserError);
  const auto many = fit::points_of(curve_of("a", "cosine:peak=1e-3,warmup=100,steps=40000"), 200);
  CHECK(many.count() == 200);
  CHECK(many.of_run == 1995);
}
