#include "checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/error.h"
#include "base/json_depth.h"
#include "base/pages.h"

namespace frugal::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors are little-endian, and so must the host be");

using base::UserError;
using Json = nlohmann::json;

// The format's own limit on the header.
constexpr std::uint64_t max_header_bytes = 100'000'000;

// Elements of a shape; refuses products that overflow.
std::uint64_t count_of(const std::vector<std::int64_t>& shape, const std::string& place) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw UserError(place, "has a negative extent in its shape");
    const auto wide = static_cast<std::uint64_t>(extent);
    if (wide != 0 && count > std::numeric_limits<std::int64_t>::max() / wide / 8) {
      throw UserError(place, "has a shape that is larger than any file");
    }
    count *= wide;
  }
  return count;
}

TensorInfo read_entry(const std::string& name, const Json& entry, const std::string& place,
                      std::uint64_t data_bytes) {
  const auto bad = [&](const std::string& what) { throw UserError(place, what); };
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    bad("needs dtype, shape and data_offsets in the header");
  }
  TensorInfo info;
  info.name = name;
  if (!entry["dtype"].is_string()) bad("has a dtype that is not text");
  info.dtype = dtype_named(entry["dtype"].get<std::string>(), place);
  if (!entry["shape"].is_array()) bad("has a shape that is not a list");
  for (const Json& extent : entry["shape"]) {
    if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > std::uint64_t{1} << 62) {
      bad("has a shape that is not a list of whole numbers");
    }
    info.shape.push_back(extent.get<std::int64_t>());
  }
  const Json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    bad("has data_offsets that are not two whole numbers");
  }
  info.begin = offsets[0].get<std::uint64_t>();
  info.end = offsets[1].get<std::uint64_t>();
  if (info.begin > info.end || info.end > data_bytes) {
    throw UserError(
        place, fmt::format("has bytes {} to {}, but the file holds {}", info.begin, info.end, data_bytes),
        "the file is cut short; copy it again");
  }
  const std::uint64_t expected = count_of(info.shape, place) * size_of(info.dtype);
  if (info.end - info.begin != expected) {
    bad(fmt::format("has {} bytes, but its shape needs {}", info.end - info.begin, expected));
  }
  return info;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : TensorFile(path), file_(path) {
  const auto cut_short = [&](const std::string& what) {
    return UserError(path_, what, "is it a safetensors file, and copied to its end?");
  };
  if (file_.size() < 8)
    throw cut_short(fmt::format("has {} bytes; a safetensors file has at least 8", file_.size()));
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file_.data(), 8);
  if (header_bytes > max_header_bytes || header_bytes > file_.size() - 8) {
    throw cut_short(
        fmt::format("says its header has {} bytes, but {} follow", header_bytes, file_.size() - 8));
  }
  const char* text = reinterpret_cast<const char*>(file_.data()) + 8;
  base::refuse_deep_json({text, static_cast<std::size_t>(header_bytes)}, path_);
  data_start_ = 8 + header_bytes;
  const std::uint64_t data_bytes = file_.size() - data_start_;
  const auto read = [&](const std::string& name, const Json& entry) {
    if (name != "__metadata__") {
      tensors_.push_back(read_entry(name, entry, path_ + ":" + name, data_bytes));
      return;
    }
    if (!entry.is_object()) throw UserError(path_ + ":__metadata__", "is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) throw UserError(path_ + ":__metadata__/" + key, "is not text");
      metadata_[key] = value.get<std::string>();
    }
  };
  // Each entry is read where it ends and not kept: of 100,000 a tree would take most of the time.
  std::string name;
  std::exception_ptr wrong;  // of the first entry; said where the whole is JSON
  const auto take = [&](int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (depth != 1 || event == Event::object_start || event == Event::array_start) return true;
    if (event == Event::key) {
      name = value.get<std::string>();
      return true;
    }
    try {
      if (!wrong) read(name, value);
    } catch (const UserError&) {
      wrong = std::current_exception();
    }
    return false;
  };
  const Json header = Json::parse(text, text + header_bytes, take, false);
  if (!header.is_object()) throw cut_short("has a header that is not a JSON object");
  if (wrong) std::rethrow_exception(wrong);

  std::vector<const TensorInfo*> by_offset;
  for (const TensorInfo& tensor : tensors_) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    if (by_offset[i]->begin < by_offset[i - 1]->end) {
      throw UserError(path_ + ":" + by_offset[i]->name, "overlaps with " + by_offset[i - 1]->name);
    }
  }
  sort();
}

std::span<const unsigned char> SafetensorsFile::bytes(const TensorInfo& tensor) const {
  return {file_.data() + data_start_ + tensor.begin, static_cast<std::size_t>(tensor.end - tensor.begin)};
}

void SafetensorsFile::release(const TensorInfo& tensor) const {
  base::release_pages(bytes(tensor).data(), bytes(tensor).size());
}

SafetensorsWriter::SafetensorsWriter(const std::string& path, const std::vector<Entry>& entries,
                                     const Metadata& metadata)
    : file_(path) {
  // In the order given, one at a time: JSON that keeps an order looks through all keys for each.
  std::string text = "{";
  std::unordered_set<std::string> names;
  const auto add = [&text](const std::string& key, const nlohmann::ordered_json& value) {
    text += (text.size() > 1 ? "," : "") + nlohmann::ordered_json(key).dump() + ":" + value.dump();
  };
  if (!metadata.empty()) add("__metadata__", metadata);
  for (const Entry& entry : entries) {
    FRUGAL_ASSERT(names.insert(entry.name).second, "a tensor is declared twice: " + entry.name);
    const std::uint64_t bytes = count_of(entry.shape, path + ":" + entry.name) * size_of(entry.dtype);
    add(entry.name, {{"dtype", name_of(entry.dtype)},
                     {"shape", entry.shape},
                     {"data_offsets", {expected_, expected_ + bytes}}});
    expected_ += bytes;
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');  // so that the data part is aligned to 8 bytes
  const std::uint64_t length = text.size();
  file_.write(&length, 8);
  file_.write(text.data(), text.size());
  header_ = 8 + length;
}

SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::append(const void* bytes, std::size_t count) { put(reserve(count), bytes, count); }

std::uint64_t SafetensorsWriter::reserve(std::uint64_t count) {
  FRUGAL_ASSERT(written_ + count <= expected_, "more bytes than the tensors declared");
  written_ += count;
  return written_ - count;
}

void SafetensorsWriter::put(std::uint64_t place, const void* bytes, std::size_t count) {
  file_.write_at(header_ + place, bytes, count);
}

void SafetensorsWriter::finish() {
  FRUGAL_ASSERT(written_ == expected_, "fewer bytes than the tensors declared");
  file_.commit();
}

}  // namespace frugal::checkpoint
