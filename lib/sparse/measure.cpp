#include "sparse/measure.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "quant/ordered.h"

namespace frugal::sparse {
namespace {

using Kind = Part::Kind;

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// What the gain of a part is measured against.
Part base_of(const Part& part, const ContributionSetup& setup) {
  return part.kind == Kind::weights && setup.bias_base > 0 ? Part{Kind::bias, setup.bias_base, 0} : Part{};
}

// The head and the base first, since gains are above them.
std::vector<Part> ordered_parts(const ExtraMemory& memory, const ContributionSetup& setup) {
  std::vector<Part> parts = parts_of(memory, setup);
  const Part base{Kind::bias, setup.bias_base, 0};
  std::stable_partition(parts.begin(), parts.end(),
                        [&](const Part& part) { return part.kind == Kind::head || part == base; });
  return parts;
}

class Measurement {
 public:
  Measurement(Contributions& contributions, const Train& train, const MeasureOptions& options)
      : contributions_(contributions), train_(train), options_(options) {}

  void run(const std::vector<Part>& parts) {
    std::vector<Part> due;
    for (const Part& part : parts) {
      if (contributions_.find(part) == nullptr) due.push_back(part);
    }
    std::vector<Contribution> made(due.size());
    base::Progress bar("contributions", static_cast<std::int64_t>(parts.size()), options_.quiet);
    std::size_t done = parts.size() - due.size();
    quant::in_order(
        due.size(), options_.threads, [&](std::size_t i, std::size_t) { made[i] = measured(due[i]); },
        [&](std::size_t i, std::size_t) {
          take(made[i]);
          bar.update(static_cast<std::int64_t>(++done), describe(made[i].part));
        });
    bar.finish();
  }

 private:
  Contribution measured(const Part& part) const {
    Contribution made;
    made.part = part;
    try {
      made.accuracy = mean_of(train_(scheme_of(part, contributions_.setup)));
    } catch (const base::Failure& failure) {
      made.failed = failure.what();
    }
    return made;
  }

  void take(Contribution& made) {
    if (made.failed.empty()) {
      const Contribution* base = contributions_.find(base_of(made.part, contributions_.setup));
      if (made.part.kind == Kind::head) {
        made.gain = 0;
      } else if (base == nullptr || !std::isfinite(base->accuracy)) {
        made.failed = "what it is measured against failed";
      } else {
        made.gain = made.accuracy - base->accuracy;
      }
    }
    base::append_line(options_.path, to_line(made));
    contributions_.entries.push_back(made);
  }

  Contributions& contributions_;
  const Train& train_;
  const MeasureOptions& options_;
};

}  // namespace

std::size_t training_count(const ExtraMemory& memory, const ContributionSetup& setup) {
  return parts_of(memory, setup).size();
}

Contributions resumed_contributions(const std::string& path, const ContributionSetup& setup) {
  std::string text = std::filesystem::exists(path) ? base::read_text(path) : "";
  const std::size_t end = text.find_last_not_of(" \r\n");
  const std::size_t last = end == std::string::npos ? 0 : text.rfind('\n', end);
  const std::size_t begin = last == std::string::npos || end == std::string::npos ? 0 : last + (last > 0);
  if (!text.empty() && !nlohmann::json::accept(text.substr(begin))) {
    text.resize(begin);
    base::write_text(path, text);
  }
  if (text.find_first_not_of(" \r\n") == std::string::npos) {
    base::write_text(path, to_line(setup) + "\n");
    return {setup, {}};
  }
  Contributions found = parse_contributions(text, path);
  if (to_line(found.setup) != to_line(setup))
    throw base::UserError(path, "was measured with another config or network",
                          "give another --out; its first line says how it was made");
  return found;
}

Contributions measure_contributions(const ExtraMemory& memory, const ContributionSetup& setup,
                                    const Train& train, const MeasureOptions& options) {
  if (!options.resume && std::filesystem::exists(options.path))
    throw base::UserError(options.path, "is there already", "--resume goes on with it");
  Contributions contributions = resumed_contributions(options.path, setup);
  Measurement measurement(contributions, train, options);
  const std::vector<Part> parts = ordered_parts(memory, setup);
  // The gains of the others need these to be there.
  std::vector<Part> first(parts.begin(), parts.begin() + (setup.bias_base > 0 ? 2 : 1));
  measurement.run(first);
  measurement.run(parts);
  return contributions;
}

}  // namespace frugal::sparse
