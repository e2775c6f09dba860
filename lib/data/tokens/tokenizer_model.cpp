#include "data/tokens/tokenizer_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <queue>

#include "base/error.h"
#include "data/tokens/tokenizer_text.h"

namespace frugal::data {
namespace {

using base::UserError;

// GPT-2's table: bytes that print stand for themselves, the others for code points from 256 on, in order.
const std::unordered_map<char32_t, unsigned char>& byte_table() {
  static const auto table = [] {
    std::unordered_map<char32_t, unsigned char> made;
    char32_t next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      made[prints ? static_cast<char32_t>(byte) : next++] = static_cast<unsigned char>(byte);
    }
    return made;
  }();
  return table;
}

struct Symbol {
  std::int32_t id;
  int previous, next;  // −1: none
};

struct Candidate {
  std::int32_t rank;
  int at;
  std::int32_t left, right, result;
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : at > other.at;
  }
};

}  // namespace

std::string bytes_of_printable(std::string_view token) {
  std::string bytes;
  for (const char32_t c : to_code_points(token)) {
    const auto found = byte_table().find(c);
    if (found == byte_table().end()) return {};
    bytes += static_cast<char>(found->second);
  }
  return bytes;
}

BytePairModel::BytePairModel(const Vocabulary& vocabulary,
                             const std::vector<std::pair<std::string, std::string>>& merges,
                             std::int32_t unknown, bool ignore_merges, const std::string& origin)
    : ignore_merges_(ignore_merges) {
  std::fill(std::begin(byte_ids_), std::end(byte_ids_), unknown);
  for (const auto& [token, id] : vocabulary) {
    const std::string bytes = bytes_of_printable(token);
    if (bytes.size() == 1) byte_ids_[static_cast<unsigned char>(bytes[0])] = id;
    if (ignore_merges_ && !bytes.empty()) whole_[bytes] = id;
  }
  const auto id_of = [&](const std::string& token, std::size_t rank) {
    const auto found = vocabulary.find(token);
    if (found == vocabulary.end()) {
      throw UserError(fmt::format("{}:/model/merges/{}", origin, rank),
                      fmt::format("'{}' is not in the vocabulary", token),
                      "are vocabulary and merges of one model?");
    }
    return found->second;
  };
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const Merge merge{static_cast<std::int32_t>(rank), id_of(left + right, rank)};
    merges_.try_emplace(pair_key(id_of(left, rank), id_of(right, rank)), merge);
  }
}

void BytePairModel::encode(std::string_view word, std::vector<std::int32_t>& out) const {
  if (ignore_merges_) {
    if (const auto found = whole_.find(std::string(word)); found != whole_.end())
      return out.push_back(found->second);
  }
  std::vector<Symbol> symbols;
  for (const char byte : word) {
    const std::int32_t id = byte_ids_[static_cast<unsigned char>(byte)];
    if (id < 0) continue;
    const int at = static_cast<int>(symbols.size());
    symbols.push_back({id, at - 1, at + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;
  // The lowest rank first, the leftmost of equal ones; what a merge made stale is passed over.
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](int at) {
    if (at < 0 || symbols[static_cast<std::size_t>(at)].next < 0) return;
    const Symbol& left = symbols[static_cast<std::size_t>(at)];
    const Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    const auto found = merges_.find(pair_key(left.id, right.id));
    if (found != merges_.end()) queue.push({found->second.rank, at, left.id, right.id, found->second.result});
  };
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) consider(static_cast<int>(i));
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[static_cast<std::size_t>(best.at)];
    if (left.id != best.left || left.next < 0) continue;
    Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    if (right.id != best.right) continue;
    left.id = best.result;
    left.next = right.next;
    right.id = -1;  // gone
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = best.at;
    consider(left.previous);
    consider(best.at);
  }
  for (int at = 0; at >= 0; at = symbols[static_cast<std::size_t>(at)].next) {
    out.push_back(symbols[static_cast<std::size_t>(at)].id);
  }
}

void WordPieceModel::encode(std::string_view word, std::vector<std::int32_t>& out) const {
  std::vector<std::size_t> ends;  // byte offsets of code point ends
  for (std::size_t i = 1; i <= word.size(); ++i) {
    if (i == word.size() || (static_cast<unsigned char>(word[i]) & 0xC0) != 0x80) ends.push_back(i);
  }
  if (ends.size() > most_characters_) return out.push_back(unknown_);
  const std::size_t before = out.size();
  std::string candidate;
  for (std::size_t start = 0; start < word.size();) {
    std::int32_t found_id = -1;
    std::size_t found_end = start;
    for (auto end = ends.rbegin(); end != ends.rend() && *end > start; ++end) {
      candidate = start > 0 ? prefix_ : std::string();
      candidate.append(word.substr(start, *end - start));
      const auto found = vocabulary_.find(candidate);
      if (found == vocabulary_.end()) continue;
      found_id = found->second;
      found_end = *end;
      break;
    }
    if (found_id < 0) {
      out.resize(before);
      return out.push_back(unknown_);
    }
    out.push_back(found_id);
    start = found_end;
  }
}

}  // namespace frugal::data
