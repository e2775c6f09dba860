#include "plan/search.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "base/random.h"
#include "plan/known_parts.h"

namespace frugal::plan {
namespace {

constexpr Unit never = std::numeric_limits<Unit>::max();
constexpr std::uint64_t first_run_nodes = 500;

// In which order the items that may lie lowest are tried.
enum class Order { least_waste, longest, largest_area, largest, count };

// 1 1 2 1 1 2 4 ... (Luby, Sinclair, Zuckerman 1993): lengths of runs where some are lucky and none is known.
std::uint64_t luby(std::uint64_t i) {
  std::uint64_t length = 1;
  while (2 * length - 1 < i) length *= 2;
  return 2 * length - 1 == i ? length : luby(i - (length - 1));
}

class Search {
 public:
  Search(const Problem& problem, const SearchLimits& limits)
      : problem_(problem),
        limits_(limits),
        known_(problem),
        noise_(problem.items.size(), 1.0),
        failures_(static_cast<std::size_t>(problem.sections), 1.0) {}

  SearchResult run() {
    SearchResult result;
    Part root = whole(problem_);
    if (!tighten(problem_, root, failures_)) {
      result.answer = Answer::impossible;
      return result;
    }
    constexpr auto orders = static_cast<std::uint64_t>(Order::count);
    for (std::uint64_t turn = 0; nodes_ < limits_.nodes && !out_of_time_; ++turn) {
      order_ = static_cast<Order>(turn % orders);
      weigh_failures_ = turn / orders % 2 == 1;
      if (turn >= orders) disturb(turn);
      end_of_run_ = std::min(limits_.nodes, nodes_ + first_run_nodes * luby(turn / orders + 1));
      placed_.clear();
      result.answer = solve_parts(root);
      if (result.answer != Answer::unknown) break;
    }
    result.nodes = nodes_;
    result.out_of_time = out_of_time_;
    if (result.answer != Answer::fits) return result;
    result.offsets.assign(problem_.items.size(), 0);
    for (const auto& [item, offset] : placed_) result.offsets[static_cast<std::size_t>(item)] = offset;
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;

  const Problem::Item& item(int index) const { return problem_.items[static_cast<std::size_t>(index)]; }

  void disturb(std::uint64_t turn) {
    base::Random random(limits_.seed, "plan " + std::to_string(turn));
    for (double& noise : noise_) noise = 0.85 + 0.3 * random.uniform();
  }

  bool may_go_on() {
    if (nodes_ >= end_of_run_) return false;
    if (limits_.seconds > 0 && nodes_ % 64 == 0) {
      const std::chrono::duration<double> passed = Clock::now() - start_;
      out_of_time_ = out_of_time_ || passed.count() > limits_.seconds;
    }
    return !out_of_time_;
  }

  // Places what is left of a part, piece by piece, the tightest first: it is the likeliest to fail.
  Answer solve_parts(const Part& part) {
    const std::size_t mark = placed_.size();
    std::vector<Part> pieces = split(problem_, part);
    std::vector<std::tuple<Unit, std::size_t, std::size_t>> order;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      Unit slack = never;
      for (int s = 0; s < pieces[i].sections(); ++s) slack = std::min(slack, pieces[i].slack(s));
      order.emplace_back(slack, pieces[i].items.size(), i);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [slack, items, i] : order) {
      Answer answer = solve(pieces[i]);
      if (answer == Answer::fits) continue;
      placed_.resize(mark);
      return answer;
    }
    return Answer::fits;
  }

  // A part in one piece.
  Answer solve(Part& part) {
    const KnownParts::Key key = known_.key(part);
    switch (known_.find(key, part, placed_)) {
      case KnownParts::Found::refuted:
        return Answer::impossible;
      case KnownParts::Found::solved:
        return Answer::fits;
      case KnownParts::Found::nothing:
        break;
    }
    const std::size_t mark = placed_.size();
    const std::size_t items = part.items.size();
    lift_spanning(problem_, part, placed_);
    Answer answer = Answer::fits;
    if (part.items.size() < items) {
      if (!part.items.empty())
        answer = tighten(problem_, part, failures_) ? solve_parts(part) : Answer::impossible;
    } else {
      answer = decide(part);
    }
    if (answer == Answer::fits) {
      known_.solve(key, placed_.data() + mark, placed_.data() + placed_.size());
    } else {
      placed_.resize(mark);
      if (answer == Answer::impossible) known_.refute(key);
    }
    return answer;
  }

  Answer decide(const Part& part) {
    if (!may_go_on()) return Answer::unknown;
    ++nodes_;
    const Question question = ask(part);
    const std::size_t mark = placed_.size();
    for (const Choice& choice : choices(part, question)) {
      placed_.emplace_back(choice.item, choice.offset);
      const Answer answer = solve_parts(choice.rest);
      if (answer != Answer::impossible) return answer;
      placed_.resize(mark);
    }
    if (!question.may_rise) return Answer::impossible;
    Part higher = part;
    higher.floor[static_cast<std::size_t>(question.section)] = question.next;
    return tighten(problem_, higher, failures_) ? solve_parts(higher) : Answer::impossible;
  }

  // "Which item lies lowest in this section?"
  struct Question {
    int section = -1;                  // of the part
    std::vector<std::size_t> answers;  // indices of the part's items that can lie on its floor
    Unit next = never;                 // else the floor rises to this
    bool may_rise = false;
  };

  // The section with the fewest answers (in every other run: for the number of times that it was where there
  // was no room; Boussemart, Hemery, Lecoutre, Sais 2004, "Boosting systematic search by weighting
  // constraints"), then the one with the least slack, then the lowest. Asked is only in valleys (sections of
  // one height between higher ones): there an item that can lie no higher than the floor lies on it with all
  // of its length.
  Question ask(const Part& part) const {
    const auto sections = static_cast<std::size_t>(part.sections());
    const std::vector<char> valley = valleys(part);
    const std::vector<Ends> ends = ends_in(part);
    std::vector<Unit> answers(sections, 0), next(sections, never);
    std::vector<char> flat(part.items.size(), 0);
    for (std::size_t k = 0; k < part.items.size(); ++k) {
      const Problem::Item& at = item(part.items[k]);
      const auto begin = static_cast<std::size_t>(at.first - part.first);
      const auto end = static_cast<std::size_t>(at.last - part.first) + 1;
      flat[k] = valley[begin] != 0 && part.lowest[k] == part.floor[begin] ? 1 : 0;
      const Unit height = flat[k] != 0 ? next_rest(part, ends, k) : part.lowest[k];
      for (std::size_t s = begin; s < end; ++s) {
        answers[s] += flat[k];
        next[s] = std::min(next[s], height);
      }
    }
    Question best;
    auto best_rank = std::tuple(std::numeric_limits<double>::infinity(), never, never);
    for (std::size_t s = 0; s < sections; ++s) {
      if (valley[s] == 0) continue;
      const bool may_rise = next[s] != never && part.rest[s] <= part.ceiling - next[s];
      const double weight = weigh_failures_ ? failures_[s + static_cast<std::size_t>(part.first)] : 1.0;
      const auto rank = std::tuple((answers[s] + (may_rise ? 1 : 0)) / weight,
                                   part.slack(static_cast<int>(s)), part.floor[s]);
      if (rank >= best_rank) continue;
      best_rank = rank;
      best.section = static_cast<int>(s);
      best.next = next[s];
      best.may_rise = may_rise;
    }
    FRUGAL_ASSERT(best.section >= 0, "a part without a valley");
    const int section = part.first + best.section;
    for (std::size_t k = 0; k < part.items.size(); ++k) {
      const Problem::Item& at = item(part.items[k]);
      if (flat[k] != 0 && at.first <= section && section <= at.last) best.answers.push_back(k);
    }
    return best;
  }

  static std::vector<char> valleys(const Part& part) {
    const std::size_t sections = part.floor.size();
    std::vector<char> valley(sections, 0);
    for (std::size_t begin = 0, end = 0; begin < sections; begin = end) {
      const Unit floor = part.floor[begin];
      while (end < sections && part.floor[end] == floor) ++end;
      const bool left = begin == 0 || part.floor[begin - 1] > floor;
      const bool right = end == sections || part.floor[end] > floor;
      if (left && right)
        std::fill(valley.begin() + static_cast<std::ptrdiff_t>(begin),
                  valley.begin() + static_cast<std::ptrdiff_t>(end), char{1});
    }
    return valley;
  }

  // In each section, the lowest height at which an item could end if it lay where it is lowest, and which
  // item that is; and the lowest of the others.
  struct Ends {
    Unit least = never, next = never;
    std::size_t of = 0;
  };
  std::vector<Ends> ends_in(const Part& part) const {
    std::vector<Ends> ends(part.floor.size());
    for (std::size_t k = 0; k < part.items.size(); ++k) {
      const Problem::Item& at = item(part.items[k]);
      const Unit end = part.lowest[k] + at.size;
      for (int section = at.first; section <= at.last; ++section) {
        Ends& here = ends[static_cast<std::size_t>(section - part.first)];
        if (end < here.least) {
          here = {end, here.least, k};
        } else {
          here.next = std::min(here.next, end);
        }
      }
    }
    return ends;
  }

  // The lowest height above its floor at which an item can rest: on top of another one.
  Unit next_rest(const Part& part, const std::vector<Ends>& ends, std::size_t k) const {
    const Problem::Item& at = item(part.items[k]);
    Unit next = never;
    for (int section = at.first; section <= at.last; ++section) {
      const Ends& here = ends[static_cast<std::size_t>(section - part.first)];
      next = std::min(next, here.of == k ? here.next : here.least);
    }
    if (next == never) return never;
    return (next + at.alignment - 1) / at.alignment * at.alignment;
  }

  struct Choice {
    int item = 0;
    Unit offset = 0;
    Part rest;
    double rank = 0;
  };

  // What is left after each answer that is not refuted at once, in the order to be tried.
  std::vector<Choice> choices(const Part& part, const Question& question) {
    std::vector<Choice> result;
    std::vector<int> tried;  // kinds
    for (const std::size_t k : question.answers) {
      const int kind = known_.kind(part.items[k]);
      if (std::find(tried.begin(), tried.end(), kind) != tried.end()) continue;
      tried.push_back(kind);
      Choice choice{part.items[k], part.lowest[k], part, 0};
      put(problem_, choice.rest, k);
      if (!tighten(problem_, choice.rest, failures_)) continue;
      choice.rank = rank(part, choice);
      result.push_back(std::move(choice));
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const Choice& a, const Choice& b) { return a.rank < b.rank; });
    return result;
  }

  double rank(const Part& part, const Choice& choice) const {
    const Problem::Item& at = item(choice.item);
    const double noise = noise_[static_cast<std::size_t>(choice.item)];
    const double length = at.last - at.first + 1;
    switch (order_) {
      case Order::longest:
        return -noise * length;
      case Order::largest_area:
        return -noise * length * at.size;
      case Order::largest:
        return -noise * at.size;
      case Order::least_waste:
      case Order::count:
        break;
    }
    double waste = 0;
    for (std::size_t s = 0; s < part.floor.size(); ++s) {
      if (choice.rest.rest[s] > 0)
        waste += choice.rest.floor[s] + choice.rest.rest[s] - part.floor[s] - part.rest[s];
    }
    return noise * waste - 1e-6 * length * at.size;
  }

  const Problem& problem_;
  const SearchLimits limits_;
  KnownParts known_;
  std::vector<double> noise_;  // by item: what its rank is multiplied by
  Order order_ = Order::least_waste;
  std::vector<double> failures_;  // by section, 1 more than those seen
  bool weigh_failures_ = false;
  std::vector<Placement> placed_;
  std::uint64_t nodes_ = 0, end_of_run_ = 0;
  const Clock::time_point start_ = Clock::now();
  bool out_of_time_ = false;
};

}  // namespace

SearchResult search(const Problem& problem, const SearchLimits& limits) {
  return Search(problem, limits).run();
}

}  // namespace frugal::plan
