#include "search/profile/networks.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace frugal::search {

std::vector<network::NetworkConfig> sample_networks(const SearchSpace& space, std::int64_t count,
                                                    std::uint64_t seed) {
  base::Random random(seed, "profile.networks");
  std::vector<network::NetworkConfig> networks;
  for (std::int64_t n = 0; n < count; ++n) {
    Choice choice;
    for (const SearchBlock& block : space.blocks()) {
      choice.push_back(static_cast<std::size_t>(random.below(block.candidates.size())));
    }
    networks.push_back(space.network(choice));
  }
  return networks;
}

std::vector<network::NetworkConfig> covering_networks(const SearchSpace& space, std::uint64_t seed) {
  constexpr int sets = 3;
  base::Random random(seed, "profile.covering");
  std::size_t most = 0;
  for (const SearchBlock& block : space.blocks()) most = std::max(most, block.candidates.size());
  std::vector<network::NetworkConfig> networks;
  for (int set = 0; set < sets; ++set) {
    std::vector<std::vector<std::size_t>> orders;  // by block: its candidates, shuffled
    for (const SearchBlock& block : space.blocks()) {
      std::vector<std::size_t> order(block.candidates.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      for (std::size_t i = order.size(); i > 1; --i) {
        std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
      }
      orders.push_back(std::move(order));
    }
    for (std::size_t n = 0; n < most; ++n) {
      Choice choice;
      for (const auto& order : orders) choice.push_back(order[n % order.size()]);
      networks.push_back(space.network(choice));
    }
  }
  return networks;
}

}  // namespace frugal::search
