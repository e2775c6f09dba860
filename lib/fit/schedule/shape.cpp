#include "fit/schedule/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "base/error.h"
#include "fit/runs/number.h"

namespace frugal::fit {
namespace {

using base::UserError;

constexpr const char* example = "for example cosine:peak=3e-4,warmup=500,steps=20000,final=3e-5";
constexpr int cosine_knots = 256;

// name:key=value,key=value
struct Spoken {
  std::string name;
  std::map<std::string, std::string> values;
};

Spoken read_spoken(const std::string& text, const std::string& place) {
  Spoken out;
  const std::size_t colon = std::min(text.find(':'), text.size());
  out.name = text.substr(0, colon);
  for (std::size_t start = colon + 1; start < text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string one = text.substr(start, end - start);
    start = end + 1;
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos)
      throw UserError(place, fmt::format("'{}' is not name=value", one), example);
    if (!out.values.emplace(one.substr(0, equals), one.substr(equals + 1)).second)
      throw UserError(place, fmt::format("'{}' is given twice", one.substr(0, equals)));
  }
  return out;
}

void check_names(const Spoken& given, const std::vector<std::string>& known, const std::string& place) {
  for (const auto& [name, value] : given.values) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string hint = base::suggest(name, known);
    if (hint.empty()) hint = fmt::format("it has {}", fmt::join(known, ", "));
    throw UserError(place, fmt::format("a {} schedule has no '{}'", given.name, name), hint);
  }
}

double number_of(const Spoken& given, const std::string& key, double otherwise, const std::string& place) {
  const auto found = given.values.find(key);
  if (found == given.values.end()) {
    if (std::isfinite(otherwise)) return otherwise;
    throw UserError(place, fmt::format("a {} schedule needs '{}'", given.name, key), example);
  }
  const WrittenNumber read = read_number(found->second);
  if (read.problem != WrittenNumber::Problem::none || !std::isfinite(read.value) || read.value < 0)
    throw UserError(place, fmt::format("{} must be a number >= 0, got '{}'", key, found->second), example);
  return read.value;
}

}  // namespace

Rates read_shape(const std::string& text, const std::string& place) {
  static const std::vector<std::string> shapes = {"constant", "cosine", "linear", "wsd"};
  const Spoken given = read_spoken(text, place);
  const std::string& shape = given.name;
  if (std::find(shapes.begin(), shapes.end(), shape) == shapes.end()) {
    std::string hint = base::suggest(shape, shapes);
    throw UserError(place,
                    fmt::format("must be a schedule (one of {}), got '{}'", fmt::join(shapes, ", "), shape),
                    hint.empty() ? example : hint);
  }
  std::vector<std::string> known = {"peak", "steps", "warmup"};
  if (shape != "constant") known.emplace_back("final");
  if (shape == "wsd") known.emplace_back("decay");
  check_names(given, known, place);
  const double peak = number_of(given, "peak", NAN, place), steps = number_of(given, "steps", NAN, place),
               warmup = number_of(given, "warmup", 0, place), last = number_of(given, "final", 0, place);
  if (!(peak > 0)) throw UserError(place, "peak must be > 0, got 0", example);
  if (!(steps >= 1)) throw UserError(place, fmt::format("steps must be >= 1, got {:g}", steps), example);
  if (!(warmup < steps))
    throw UserError(place, fmt::format("warmup must be less than steps ({:g}), got {:g}", steps, warmup));
  if (last > peak)
    throw UserError(place, fmt::format("final must be at most the peak ({:g}), got {:g}", peak, last));
  std::vector<Knot> knots;
  if (warmup > 0) knots.push_back({0, 0});
  knots.push_back({warmup, peak});
  if (shape == "cosine") {
    for (int k = 1; k < cosine_knots; ++k) {
      const double t = double(k) / cosine_knots;
      knots.push_back(
          {warmup + t * (steps - warmup), last + (peak - last) * (1 + std::cos(std::numbers::pi * t)) / 2});
    }
  }
  if (shape == "wsd") {
    double decay = number_of(given, "decay", 0.2, place);
    if (decay < 1) decay *= steps;
    if (!(decay > 0 && decay <= steps - warmup))
      throw UserError(
          place, fmt::format("decay must be steps after the warm-up, or a share of all steps below 1, got {}",
                             given.values.at("decay")));
    if (decay < steps - warmup) knots.push_back({steps - decay, peak});
  }
  knots.push_back({steps, shape == "constant" ? peak : last});
  return Rates(std::move(knots));
}

bool is_continuation(const std::string& text) { return text == "continue" || text.starts_with("continue:"); }

Continuation read_continuation(const std::string& text, const std::string& place) {
  Spoken given = read_spoken(text, place);
  given.name = "continued";
  check_names(given, {"run", "steps", "final"}, place);
  Continuation out;
  if (const auto run = given.values.find("run"); run != given.values.end()) out.run = run->second;
  out.steps = number_of(given, "steps", NAN, place);
  if (!(out.steps >= 1)) throw UserError(place, fmt::format("steps must be >= 1, got {:g}", out.steps));
  out.falls = given.values.count("final") > 0;
  out.final_rate = number_of(given, "final", 0, place);
  return out;
}

Rates continued(const Rates& rates, const Continuation& how) {
  std::vector<Knot> knots = rates.knots();
  const Knot last = knots.back();
  knots.push_back({last.step + how.steps, how.falls ? how.final_rate : last.rate});
  return Rates(std::move(knots));
}

}  // namespace frugal::fit
