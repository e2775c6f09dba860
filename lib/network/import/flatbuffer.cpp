#include "network/import/flatbuffer.h"

#include <bit>

#include "base/error.h"

namespace frugal::network {

static_assert(std::endian::native == std::endian::little, "FlatBuffers are little-endian");

FlatFile::FlatFile(std::span<const unsigned char> bytes, std::string origin)
    : bytes_(bytes), origin_(std::move(origin)), left_(8 * std::uint64_t{bytes.size()} + 4096) {}

void FlatFile::fail(const std::string& what) const {
  throw base::UserError(origin_, what, "the file is cut off or was changed");
}

const unsigned char* FlatFile::at(std::uint64_t position, std::uint64_t count) const {
  if (position > bytes_.size() || count > bytes_.size() - position) {
    fail("points at byte " + std::to_string(position) + ", but has " + std::to_string(bytes_.size()));
  }
  return bytes_.data() + position;
}

void FlatFile::charge(std::uint64_t bytes) const {
  if (bytes > left_) fail("uses the same bytes again and again");
  left_ -= bytes;
}

FlatTable FlatFile::root() const { return {*this, number<std::uint32_t>(0)}; }

FlatTable::FlatTable(const FlatFile& file, std::uint64_t position) : file_(&file), position_(position) {
  file.charge(sizeof(std::uint32_t));
  const auto back = file.number<std::int32_t>(position);
  const std::int64_t vtable = static_cast<std::int64_t>(position) - back;
  if (vtable < 0) file.fail("has a table whose list of fields lies before the file");
  vtable_ = static_cast<std::uint64_t>(vtable);
  vtable_size_ = file.number<std::uint16_t>(vtable_);
  table_size_ = file.number<std::uint16_t>(vtable_ + 2);
  if (vtable_size_ < 4 || table_size_ < 4) file.fail("has a table without its list of fields");
  file.at(vtable_, vtable_size_);
  file.at(position_, table_size_);
}

std::uint64_t FlatTable::place(int field, std::uint64_t size) const {
  const std::uint64_t entry = 4 + 2 * static_cast<std::uint64_t>(field);
  if (entry + 2 > vtable_size_) return 0;
  const auto offset = file_->number<std::uint16_t>(vtable_ + entry);
  if (offset == 0) return 0;
  if (offset < 4 || offset + size > table_size_) file_->fail("has a field outside its table");
  return position_ + offset;
}

std::uint64_t FlatTable::target(std::uint64_t position) const {
  return position + file_->number<std::uint32_t>(position);
}

std::span<const unsigned char> FlatTable::vector(int field, std::uint64_t element_size) const {
  const std::uint64_t position = place(field, sizeof(std::uint32_t));
  if (position == 0) return {};
  const std::uint64_t start = target(position);
  const std::uint64_t size = file_->number<std::uint32_t>(start) * element_size;
  return {file_->at(start + sizeof(std::uint32_t), size), size};
}

std::string FlatTable::text(int field) const {
  const std::span<const unsigned char> found = vector(field, 1);
  file_->charge(found.size());
  return {reinterpret_cast<const char*>(found.data()), found.size()};
}

std::optional<FlatTable> FlatTable::table(int field) const {
  const std::uint64_t position = place(field, sizeof(std::uint32_t));
  if (position == 0) return std::nullopt;
  return FlatTable(*file_, target(position));
}

std::vector<FlatTable> FlatTable::tables(int field) const {
  const std::span<const unsigned char> offsets = vector(field, sizeof(std::uint32_t));
  std::vector<FlatTable> found;
  if (offsets.empty()) return found;
  const std::uint64_t first = target(place(field, sizeof(std::uint32_t))) + sizeof(std::uint32_t);
  found.reserve(offsets.size() / sizeof(std::uint32_t));
  for (std::uint64_t at = first; at < first + offsets.size(); at += sizeof(std::uint32_t)) {
    found.emplace_back(*file_, target(at));
  }
  return found;
}

}  // namespace frugal::network
