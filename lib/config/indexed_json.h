// JSON whose objects keep the order of their keys, as nlohmann::ordered_json does, and find a key by its
// hash. There a key is looked for from the first on: reading an object of N keys takes N² steps, which a file
// of others may hold.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <nlohmann/ordered_map.hpp>
#include <unordered_map>
#include <utility>

namespace frugal::config {

template <class Key, class T, class IgnoredLess = std::less<Key>,
          class Allocator = std::allocator<std::pair<const Key, T>>>
class IndexedMap : public nlohmann::ordered_map<Key, T, IgnoredLess, Allocator> {
  using Base = nlohmann::ordered_map<Key, T, IgnoredLess, Allocator>;
  using Container = typename Base::Container;

 public:
  using Base::Base;
  using typename Base::const_iterator;
  using typename Base::iterator;
  using typename Base::size_type;

  std::pair<iterator, bool> emplace(const Key& key, T&& value) {
    const auto found = find(key);
    if (found != this->end()) return {found, false};
    if (!index_.empty()) index_.emplace(key, this->size());
    Container::emplace_back(key, std::move(value));
    if (index_.empty() && this->size() > unindexed) {  // the first time, or after something was taken out
      std::size_t at = 0;
      for (const auto& one : *this) index_.emplace(one.first, at++);
    }
    return {std::prev(this->end()), true};
  }
  T& operator[](const Key& key) { return emplace(key, T{}).first->second; }

  iterator find(const Key& key) { return this->begin() + (std::as_const(*this).find(key) - this->cbegin()); }
  const_iterator find(const Key& key) const {
    if (index_.empty()) return Base::find(key);
    const auto found = index_.find(key);
    return found == index_.end() ? this->end() : this->begin() + static_cast<std::ptrdiff_t>(found->second);
  }
  size_type count(const Key& key) const { return find(key) == this->end() ? 0 : 1; }
  void clear() {
    Container::clear();
    index_.clear();
  }
  template <class Which>
  auto erase(Which&& which) {
    index_.clear();
    return Base::erase(std::forward<Which>(which));
  }

 private:
  static constexpr std::size_t unindexed = 16;

  std::unordered_map<Key, std::size_t> index_;  // where a key stands; empty while there are few
};

using IndexedJson = nlohmann::basic_json<IndexedMap>;

}  // namespace frugal::config
