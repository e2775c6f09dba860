// A call of a kernel (ops/ops.h), written down once: the simulation runs it, and the compiler writes it as C,
// so that host and device cannot differ in what they pass.
//
//   call("ops_lookup_i8", ops_lookup_i8, Value{x}, Table(table), Value{y}, count)
//
// Each argument stands for a parameter of the kernel; its type comes from there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ir/graph.h"
#include "ops/arguments.h"
#include "ops/integer.h"
#include "quant/program.h"

namespace frugal::quant {

// ---- what is passed ---------------------------------------------------------------------------------------

// The numbers of a tensor, from a byte of it on; ir::none passes a null pointer.
struct Value {
  ir::TensorId id = ir::none;
  std::size_t offset = 0;
};
// Memory that the kernel needs while it runs.
struct Scratch {};
// Some channels of a loop over them (ops/channels.h), which devices run and the host does not.
struct Part {};
// Numbers fixed when the network is compiled; a null pointer where there are none.
template <typename T>
class Table {
 public:
  explicit Table(std::vector<T> values)
      : values_(std::make_shared<const std::vector<T>>(std::move(values))) {}
  const T* data() const { return values_->empty() ? nullptr : values_->data(); }
  const std::vector<T>& values() const { return *values_; }

 private:
  std::shared_ptr<const std::vector<T>> values_;
};
// Scales with the memory that they point into (ops::Requantize).
using Scales = std::shared_ptr<const ops::Requantize>;

// ---- the same as text
// ---------------------------------------------------------------------------------------

struct Numbers {
  std::string type;  // in C: "int8_t", "float"
  std::vector<std::int64_t> whole;
  std::vector<float> real;  // of type "float"
  bool operator==(const Numbers&) const = default;
};
struct Pointer {  // to a tensor's numbers
  ir::TensorId id = ir::none;
  std::size_t offset = 0;
  std::string type;
  bool written = false;  // the kernel writes there
};
struct Struct {  // passed by its address, or by itself
  std::string type;
  std::vector<std::pair<std::string, std::variant<std::int64_t, float, Numbers>>> fields;
  bool by_value = false;
  bool operator==(const Struct&) const = default;
};
using Argument = std::variant<Pointer, Scratch, std::int64_t, float, Numbers, Struct, Part>;

struct Call {
  std::string kernel;
  std::vector<Argument> arguments;
};

Struct struct_of(const ops_window& window);
Struct struct_of(const ops_add& how);
Struct struct_of(const ops_logits& how);
Struct struct_of(const ops_reconstruction& how);
Struct struct_of(const ops_branches& how);
// Only what its rounding reads.
Struct struct_of(const Scales& scales);
// `channels` are what how.channels points to.
struct Update {
  ops_update how{};
  Table<std::int32_t> channels{{}};
};
Struct struct_of(const Update& update);

// ---- a step of a program
// ------------------------------------------------------------------------------------

// What binding a kernel to a node gives: how it runs, the bytes of scratch memory that it needs (on this
// machine; on a device: for a target of ops.h), and the calls it is made of.
struct Step {
  std::function<void(Workspace&)> run;
  std::size_t scratch_bytes = 0;
  std::vector<Call> calls;
  std::function<std::size_t(std::int32_t target)> scratch_on;  // empty: none

  Step with_scratch(std::size_t bytes, std::function<std::size_t(std::int32_t)> on_target) const;
  // Both, one after the other.
  Step then(const Step& other) const;
};

namespace of_call {

template <typename T>
constexpr const char* c_name() {
  using Plain = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<Plain, std::int8_t>) return "int8_t";
  if constexpr (std::is_same_v<Plain, std::uint8_t>) return "uint8_t";
  if constexpr (std::is_same_v<Plain, std::int16_t>) return "int16_t";
  if constexpr (std::is_same_v<Plain, std::int32_t>) return "int32_t";
  if constexpr (std::is_same_v<Plain, std::uint32_t>) return "uint32_t";
  if constexpr (std::is_same_v<Plain, float>) return "float";
  if constexpr (std::is_same_v<Plain, ops_number>) return "ops_number";
}

// What the kernel gets, for a parameter of type P.
template <typename P>
P given(Workspace& space, const Value& value) {
  return value.id == ir::none ? nullptr : reinterpret_cast<P>(space.at<std::byte>(value.id) + value.offset);
}
template <typename P>
P given(Workspace& space, const Scratch&) {
  return static_cast<P>(space.scratch());
}
template <typename P, typename T>
P given(Workspace&, const Table<T>& table) {
  return table.data();
}
template <typename P>
P given(Workspace&, const Scales& scales) {
  return &scales->how;
}
template <typename P>
P given(Workspace&, const Update& update) {
  return &update.how;
}
template <typename P>
P given(Workspace&, const Part&) {
  return nullptr;
}
template <typename P, typename T>
P given(Workspace&, const T& value) {
  if constexpr (std::is_pointer_v<P>) {
    return &value;  // a structure
  } else {
    return value;
  }
}

template <typename P>
Argument written(const Value& value) {
  using Element = std::remove_pointer_t<P>;
  return Pointer{value.id, value.offset, c_name<Element>(), !std::is_const_v<Element>};
}
template <typename P>
Argument written(const Scratch& scratch) {
  return scratch;
}
template <typename P, typename T>
Argument written(const Table<T>& table) {
  Numbers numbers{c_name<T>(), {}, {}};
  if constexpr (std::is_same_v<T, float>) {
    numbers.real = table.values();
  } else {
    numbers.whole.assign(table.values().begin(), table.values().end());
  }
  return numbers;
}
template <typename P>
Argument written(const Part& part) {
  return part;
}
template <typename P, typename T>
Argument written(const T& value) {
  if constexpr (std::is_same_v<T, float>) {
    return value;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(value);
  } else {
    return struct_of(value);
  }
}

}  // namespace of_call

template <typename... Parameters, typename... Arguments>
Step call(const char* name, void (*kernel)(Parameters...), const Arguments&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "an argument for each parameter");
  Step step;
  step.run = [=](Workspace& space) { kernel(of_call::given<Parameters>(space, arguments)...); };
  step.calls.push_back({name, {of_call::written<Parameters>(arguments)...}});
  return step;
}
// The kernel's name is what the device calls.
#define FRUGAL_CALL(kernel, ...) ::frugal::quant::call(#kernel, kernel, __VA_ARGS__)

}  // namespace frugal::quant
