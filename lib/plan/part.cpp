#include "plan/part.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace frugal::plan {
namespace {

constexpr Unit unlimited = std::numeric_limits<Unit>::max();

Unit round_up(Unit value, Unit alignment) {
  return alignment == 1 ? value : (value + alignment - 1) / alignment * alignment;
}

const Problem::Item& item_of(const Problem& problem, int item) {
  return problem.items[static_cast<std::size_t>(item)];
}

// [begin, end) of an item's sections in a part's vectors.
struct Span {
  std::size_t begin, end;
};
Span span_of(const Part& part, const Problem::Item& item) {
  return {static_cast<std::size_t>(item.first - part.first),
          static_cast<std::size_t>(item.last - part.first + 1)};
}

Unit highest(const std::vector<Unit>& values, Span span) {
  Unit most = 0;
  for (std::size_t s = span.begin; s < span.end; ++s) most = std::max(most, values[s]);
  return most;
}

bool fills_gap(const Part& part, const Problem::Item& item) {
  const Span span = span_of(part, item);
  Unit floor = unlimited;
  for (std::size_t s = span.begin; s < span.end; ++s) floor = std::min(floor, part.floor[s]);
  return floor >= item.size && round_up(highest(part.top, span), item.alignment) + item.size <= floor;
}

}  // namespace

Part whole(const Problem& problem) {
  Part part;
  part.items.resize(problem.items.size());
  std::iota(part.items.begin(), part.items.end(), 0);
  part.lowest.assign(problem.items.size(), 0);
  part.floor.assign(static_cast<std::size_t>(problem.sections), 0);
  part.top = part.rest = part.floor;
  part.ceiling = problem.capacity;
  for (const Problem::Item& item : problem.items) {
    const Span span = span_of(part, item);
    for (std::size_t s = span.begin; s < span.end; ++s) {
      // Beyond the capacity the sum is only "too much": it must not overflow.
      part.rest[s] = std::min(part.rest[s] + item.size, unlimited / 2);
    }
  }
  return part;
}

bool tighten(const Problem& problem, Part& part, std::vector<double>& failures) {
  const std::size_t sections = part.floor.size();
  thread_local std::vector<Unit> raised;
  part.lowest.resize(part.items.size());
  for (bool moved = true; moved;) {
    raised.assign(sections, unlimited);
    for (std::size_t k = 0; k < part.items.size(); ++k) {
      const Problem::Item& item = item_of(problem, part.items[k]);
      const Span span = span_of(part, item);
      const Unit lowest = round_up(highest(part.floor, span), item.alignment);
      if (lowest > item.latest || lowest > part.ceiling - item.size) {
        for (std::size_t s = span.begin; s < span.end; ++s) {
          if (round_up(part.floor[s], item.alignment) == lowest)
            failures[s + static_cast<std::size_t>(part.first)] += 1;
        }
        return false;
      }
      part.lowest[k] = lowest;
      for (std::size_t s = span.begin; s < span.end; ++s) raised[s] = std::min(raised[s], lowest);
    }
    moved = false;
    for (std::size_t s = 0; s < sections; ++s) {
      if (part.rest[s] == 0) continue;
      moved = moved || raised[s] > part.floor[s];
      part.floor[s] = raised[s];
      if (part.rest[s] > part.ceiling - part.floor[s]) {
        failures[s + static_cast<std::size_t>(part.first)] += 1;
        return false;
      }
    }
  }
  return std::none_of(part.items.begin(), part.items.end(),
                      [&](int i) { return fills_gap(part, item_of(problem, i)); });
}

void put(const Problem& problem, Part& part, std::size_t k) {
  const Problem::Item& item = item_of(problem, part.items[k]);
  const Span span = span_of(part, item);
  for (std::size_t s = span.begin; s < span.end; ++s) {
    part.top[s] = part.floor[s] = part.lowest[k] + item.size;
    part.rest[s] -= item.size;
  }
  part.items.erase(part.items.begin() + static_cast<std::ptrdiff_t>(k));
  part.lowest.erase(part.lowest.begin() + static_cast<std::ptrdiff_t>(k));
}

void lift_spanning(const Problem& problem, Part& part, std::vector<Placement>& placed) {
  for (std::size_t k = 0; k < part.items.size();) {
    const Problem::Item& item = item_of(problem, part.items[k]);
    const Unit offset = part.ceiling - item.size;
    const bool spans = item.last - item.first + 1 == part.sections();
    const bool at_top = offset <= item.latest && offset % item.alignment == 0;
    // What lies above it must be able to move down by its size.
    if (!spans || !at_top || !std::all_of(part.items.begin(), part.items.end(), [&](int other) {
          return item.size % item_of(problem, other).alignment == 0;
        })) {
      ++k;
      continue;
    }
    placed.emplace_back(part.items[k], offset);
    part.ceiling = offset;
    for (Unit& rest : part.rest) rest -= item.size;
    part.items.erase(part.items.begin() + static_cast<std::ptrdiff_t>(k));
    part.lowest.erase(part.lowest.begin() + static_cast<std::ptrdiff_t>(k));
    k = 0;
  }
}

std::vector<Part> split(const Problem& problem, const Part& part) {
  std::vector<std::size_t> order(part.items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(item_of(problem, part.items[a]).first, a) <
           std::pair(item_of(problem, part.items[b]).first, b);
  });
  std::vector<Part> parts;
  int last = -1;
  for (const std::size_t k : order) {
    const Problem::Item& item = item_of(problem, part.items[k]);
    if (parts.empty() || item.first > last) {
      parts.emplace_back();
      parts.back().first = item.first;
      parts.back().ceiling = part.ceiling;
    }
    last = std::max(last, item.last);
    parts.back().items.push_back(part.items[k]);
    parts.back().lowest.push_back(part.lowest[k]);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part& piece = parts[i];
    int end = piece.first;
    for (const int index : piece.items) end = std::max(end, item_of(problem, index).last + 1);
    const auto cut = [&](const std::vector<Unit>& values) {
      return std::vector<Unit>(values.begin() + (piece.first - part.first),
                               values.begin() + (end - part.first));
    };
    piece.floor = cut(part.floor);
    piece.top = cut(part.top);
    piece.rest = cut(part.rest);
  }
  return parts;
}

}  // namespace frugal::plan
