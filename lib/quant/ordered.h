// Work on the items of a batch by several threads, whose results are taken up one by one in the order of the
// items: sums of floats then do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <functional>

namespace frugal::quant {

// work(item, worker) runs in parallel, worker in [0, threads); then take(item, worker) runs for the same
// item, one at a time, item 0 first. The first exception of either stops all and is thrown again.
void in_order(std::size_t items, std::size_t threads,
              const std::function<void(std::size_t, std::size_t)>& work,
              const std::function<void(std::size_t, std::size_t)>& take);

}  // namespace frugal::quant
