#include "plan/block_file.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/file.h"

namespace frugal::plan {
namespace {

using Fields = std::vector<std::string>;

const std::vector<std::string> columns = {"id", "lower", "upper", "size", "alignment", "offset"};
constexpr std::int64_t most_steps = std::numeric_limits<ir::NodeId>::max();
constexpr std::int64_t most_bytes = std::int64_t{1} << 48;

Fields fields_of(const std::string& line) {
  Fields fields(1);
  for (const char c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else if (c != ' ' && c != '\t' && c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

class Reader {
 public:
  Reader(const std::string& text, const std::string& origin) : text_(text), origin_(origin) {}

  std::vector<Block> read() {
    for (std::size_t begin = 0, end = 0; begin < text_.size(); begin = end + 1) {
      end = std::min(text_.find('\n', begin), text_.size());
      ++line_;
      const Fields fields = fields_of(text_.substr(begin, end - begin));
      if (fields.size() == 1 && fields[0].empty()) continue;
      if (width_ == 0) {
        read_header(fields);
      } else {
        read_block(fields);
      }
    }
    if (blocks_.empty()) throw base::UserError(origin_, "has no blocks", header_hint);
    return std::move(blocks_);
  }

 private:
  static constexpr const char* header_hint = "a line 'id,lower,upper,size', then one a block";

  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    throw base::UserError(origin_ + ":" + std::to_string(line_), message, hint);
  }

  void read_header(const Fields& fields) {
    width_ = fields.size();
    for (std::size_t i = 0; i < width_; ++i) {
      const std::string name = fields[i] == "name" ? "id" : fields[i];
      if (std::find(columns.begin(), columns.end(), name) == columns.end())
        fail("unknown column '" + fields[i] + "'", base::suggest(fields[i], columns));
      if (!at_.emplace(name, i).second) fail("column '" + fields[i] + "' stands twice");
    }
    for (const std::string& name : columns) {
      if (name != "alignment" && name != "offset" && at_.count(name) == 0)
        fail("column '" + name + "' is missing", header_hint);
    }
  }

  std::int64_t number(const Fields& fields, const std::string& column, std::int64_t low,
                      std::int64_t high) const {
    const std::string& text = fields[at_.at(column)];
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      fail(column + " must be a whole number, got '" + text + "'");
    if (value < low || value > high)
      fail(column + " must be " + std::to_string(low) + " to " + std::to_string(high) + ", got " + text);
    return value;
  }

  void read_block(const Fields& fields) {
    if (fields.size() != width_)
      fail("has " + std::to_string(fields.size()) + " fields, the header " + std::to_string(width_));
    Block block;
    block.name = fields[at_.at("id")];
    if (block.name.empty()) fail("a block without an id");
    const auto [before, is_new] = line_of_.emplace(block.name, line_);
    if (!is_new) fail("id '" + block.name + "' stands in line " + std::to_string(before->second) + " too");
    const std::int64_t lower = number(fields, "lower", 0, most_steps);
    const std::int64_t upper = number(fields, "upper", 0, most_steps);
    if (upper <= lower)
      fail("upper must be above lower: block '" + block.name + "' is needed from " + std::to_string(lower) +
               " to before " + std::to_string(upper),
           "upper is the first step at which it is not needed any more");
    block.first = static_cast<ir::NodeId>(lower);
    block.last = static_cast<ir::NodeId>(upper - 1);
    block.bytes = static_cast<std::size_t>(number(fields, "size", 0, most_bytes));
    if (at_.count("alignment") > 0)
      block.alignment = static_cast<std::size_t>(number(fields, "alignment", 1, 1 << 20));
    blocks_.push_back(std::move(block));
  }

  const std::string &text_, &origin_;
  std::size_t line_ = 0, width_ = 0;
  std::map<std::string, std::size_t> at_;       // column: its place in a line
  std::map<std::string, std::size_t> line_of_;  // of an id
  std::vector<Block> blocks_;
};

// A line a block, and behind it what `place` says of it.
template <typename Place>
std::string to_csv(const std::vector<Block>& blocks, const std::string& column, Place place) {
  const bool with_alignment =
      std::any_of(blocks.begin(), blocks.end(), [](const Block& block) { return block.alignment != 1; });
  std::string text = "id,lower,upper,size," + std::string(with_alignment ? "alignment," : "") + column + "\n";
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    text += (block.name.empty() ? std::to_string(i) : block.name) + "," + std::to_string(block.first) + "," +
            std::to_string(static_cast<std::int64_t>(block.last) + 1) + "," + std::to_string(block.bytes) +
            ",";
    if (with_alignment) text += std::to_string(block.alignment) + ",";
    text += place(i) + "\n";
  }
  return text;
}

}  // namespace

std::vector<Block> parse_blocks(const std::string& text, const std::string& origin) {
  return Reader(text, origin).read();
}

std::vector<Block> read_blocks(const std::string& path) {
  return parse_blocks(base::read_text(path), path == "-" ? "standard input" : path);
}

std::string to_csv(const std::vector<Block>& blocks, const Arena& arena) {
  return to_csv(blocks, "offset", [&](std::size_t i) { return std::to_string(arena.offsets[i]); });
}

std::string to_csv(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                   const RegionPlan& plan) {
  return to_csv(blocks, "region,offset", [&](std::size_t i) {
    if (plan.region[i] == no_region) return std::string(",");
    return regions[plan.region[i]].name + "," + std::to_string(plan.offsets[i]);
  });
}

}  // namespace frugal::plan
