// Seconds of processor time for 72 learning curves of 24 points, each with every one-variable law, the
// rolling hold-outs and the average (fit/curve/curve.h). Prints one JSON object. Not a test: timings live
// here. With a file name as the argument it writes the curves as CSV instead, for another program to fit.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/random.h"
#include "fit/curve/curve.h"

using namespace frugal;

namespace {

struct Runs {
  std::vector<double> x, y;
};

// y = ε∞ + (ε₀ − ε∞) / (1 + x/x₀)^c: from a level before learning through a power law to a floor.
std::vector<Runs> curves_72() {
  std::vector<Runs> curves;
  for (int k = 0; k < 72; ++k) {
    base::Random random(1, "curve/" + std::to_string(k));
    const double chance = 0.9, floor = 0.3 * random.uniform(),
                 onset = std::pow(10.0, 5 + 2 * random.uniform()), exponent = 0.2 + 0.5 * random.uniform();
    Runs& points = curves.emplace_back();
    for (int i = 0; i < 24; ++i) {
      points.x.push_back(1e6 * std::pow(1.3, i));
      points.y.push_back((floor + (chance - floor) * std::pow(1 + points.x.back() / onset, -exponent)) *
                         std::exp(0.01 * random.normal()));
    }
  }
  return curves;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Runs> curves = curves_72();
  if (argc == 2) {
    std::FILE* file = std::fopen(argv[1], "w");
    if (!file) return std::perror(argv[1]), 1;
    std::fprintf(file, "curve,x,y\n");
    for (std::size_t k = 0; k < curves.size(); ++k)
      for (std::size_t i = 0; i < curves[k].x.size(); ++i)
        std::fprintf(file, "%zu,%.17g,%.17g\n", k, curves[k].x[i], curves[k].y[i]);
    return std::fclose(file);
  }
  const std::clock_t start = std::clock();
  double sum = 0;  // of predictions, so that nothing is optimised away
  for (const Runs& points : curves)
    sum += fit::Curve::fit(points.x, points.y).predict(std::vector<double>{points.x.back() * 4}).front().y;
  std::printf("{\"value\": %.6g, \"curves\": %zu, \"sum\": %.9g}\n",
              double(std::clock() - start) / CLOCKS_PER_SEC, curves.size(), sum);
  return 0;
}
