#include "emit/tables.h"

#include <fmt/format.h>

#include <cstring>

#include "base/error.h"

namespace frugal::emit {
namespace {

constexpr std::size_t line_width = 110;

// Numbers between commas, in lines.
class Lines {
 public:
  void add(std::string_view item) {
    if (width_ + item.size() + 2 > line_width) {
      text_ += "\n ";
      width_ = 1;
    }
    text_ += ' ';
    text_ += item;
    text_ += ',';
    width_ += item.size() + 2;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t width_ = line_width;
};

template <typename T>
std::string list_of(std::span<const std::byte> bytes) {
  Lines lines;
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    if constexpr (std::is_same_v<T, float>) {
      lines.add(literal(value));
    } else {
      lines.add(literal(std::int64_t{value}));
    }
  }
  return lines.take();
}

std::string list_of(const std::string& type, std::span<const std::byte> bytes) {
  if (type == "int8_t") return list_of<std::int8_t>(bytes);
  if (type == "uint8_t") return list_of<std::uint8_t>(bytes);
  if (type == "int16_t") return list_of<std::int16_t>(bytes);
  if (type == "int32_t") return list_of<std::int32_t>(bytes);
  FRUGAL_ASSERT(type == "float", "a type without an array in C");
  return list_of<float>(bytes);
}

// Letters, digits and _ of a tensor's name.
std::string identifier(const std::string& name) {
  std::string made;
  for (const char c : name) made += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return made;
}

}  // namespace

std::string literal(float value) {
  if (value == 0) return std::signbit(value) ? "-0.0f" : "0.0f";
  return fmt::format("{:a}f", value);
}

std::string literal(std::int64_t value) {
  return value == INT32_MIN ? "-2147483647 - 1" : fmt::format("{}", value);
}

std::string Tables::named(const std::string& type, const std::string& stem, const std::string& body,
                          bool is_array) {
  const auto [found, is_new] = names_.emplace(type + ":" + body, "");
  if (!is_new) return found->second;
  const int count = used_[stem]++;
  found->second = count == 0 && is_array ? stem : stem + std::to_string(count);
  text_ += fmt::format("static const {}{} {}{} = {{{}}};\n", is_array ? "FRUGAL_ALIGNED " : "", type,
                       found->second, is_array ? "[]" : "", body);
  return found->second;
}

std::string Tables::array(const std::string& type, std::span<const std::byte> bytes,
                          const std::string& name) {
  return named(type, "t_" + identifier(name), list_of(type, bytes), true);
}

std::string Tables::array(const quant::Numbers& numbers) {
  Lines lines;
  for (const float value : numbers.real) lines.add(literal(value));
  for (const std::int64_t value : numbers.whole) lines.add(literal(value));
  return named(numbers.type, "numbers", lines.take(), true);
}

std::string Tables::structure(const quant::Struct& made) {
  std::string body;
  for (const auto& [field, value] : made.fields) {
    body += body.empty() ? "" : ", ";
    body += "." + field + " = ";
    if (const auto* whole = std::get_if<std::int64_t>(&value)) body += literal(*whole);
    if (const auto* real = std::get_if<float>(&value)) body += literal(*real);
    if (const auto* numbers = std::get_if<quant::Numbers>(&value)) body += array(*numbers);
  }
  return named(made.type, made.type.substr(made.type.find('_') + 1), body, false);
}

}  // namespace frugal::emit
