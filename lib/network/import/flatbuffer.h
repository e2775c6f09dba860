// Google's FlatBuffers, read in place: tables whose fields are found through a list of offsets ("vtable"),
// and vectors. Every offset, length and vtable is checked against the file before it is followed, nothing
// recurses, and all that is read of a file is bounded by its size: a file cannot make one small vector count
// a million times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace frugal::network {

class FlatTable;

class FlatFile {
 public:
  // origin: the file, for messages. The bytes outlive this.
  FlatFile(std::span<const unsigned char> bytes, std::string origin);

  FlatTable root() const;
  // UserError at the file: "is no whole …".
  [[noreturn]] void fail(const std::string& what) const;
  const std::string& origin() const { return origin_; }

  // `count` bytes from `position`; refuses what is not in the file.
  const unsigned char* at(std::uint64_t position, std::uint64_t count) const;
  template <typename T>
  T number(std::uint64_t position) const {
    T value;
    std::memcpy(&value, at(position, sizeof(T)), sizeof(T));
    return value;
  }
  // Counts bytes that are copied out of the file; refuses where they are many times the file.
  void charge(std::uint64_t bytes) const;

 private:
  std::span<const unsigned char> bytes_;
  std::string origin_;
  mutable std::uint64_t left_;
};

// Fields have the numbers of their order in the schema.
class FlatTable {
 public:
  FlatTable(const FlatFile& file, std::uint64_t position);

  template <typename T>
  T number(int field, T otherwise) const {
    const std::uint64_t position = place(field, sizeof(T));
    return position == 0 ? otherwise : file_->number<T>(position);
  }
  bool has(int field) const { return place(field, 1) != 0; }
  std::string text(int field) const;  // empty where it is absent
  std::optional<FlatTable> table(int field) const;
  std::vector<FlatTable> tables(int field) const;
  template <typename T>
  std::vector<T> numbers(int field) const {
    const std::span<const unsigned char> bytes = vector(field, sizeof(T));
    file_->charge(bytes.size());
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  // The bytes of a vector, in the file.
  std::span<const unsigned char> bytes(int field) const { return vector(field, 1); }

 private:
  // Where a field stands in the file; 0 where the table has none.
  std::uint64_t place(int field, std::uint64_t size) const;
  std::uint64_t target(std::uint64_t position) const;  // of the offset that stands there
  std::span<const unsigned char> vector(int field, std::uint64_t element_size) const;

  const FlatFile* file_;
  std::uint64_t position_, vtable_;
  std::uint16_t vtable_size_, table_size_;
};

}  // namespace frugal::network
