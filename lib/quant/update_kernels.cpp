// Trained parameters as steps of a program (passes/updates.h, passes/split_weights.h), for the table of
// kernels.cpp.
#include "ir/integer_scale.h"
#include "ops/integer.h"
#include "quant/binding.h"

namespace frugal::quant {
namespace {

using ir::DataType;

// What an update's attributes say beside the shape.
void describe(const Binding& b, Update& update) {
  const ir::Call call = ir::call_of(b.model.graph, b.node);
  update.how.channels = update.channels.data();
  update.how.storage = call.text("storage") == "nearest" ? OPS_NEAREST : OPS_STOCHASTIC;
  update.how.first = static_cast<std::uint32_t>(call.integer("place"));
}

Update update_of(const Binding& b) {
  const ir::Call call = ir::call_of(b.model.graph, b.node);
  Update update{{}, channels_of(b.node)};
  update.how = ops::update_of(b.input(0).shape, call.flag("depthwise"), update.channels.values().size());
  describe(b, update);
  return update;
}

Step update(const Binding& b) {
  const auto count = static_cast<std::int32_t>(ir::elements(b.input(0).shape));
  switch (b.input(0).type) {
    case DataType::float32:
      return FRUGAL_CALL(ops_update_f32, b.x(0), b.x(1), b.x(2), count);
    case DataType::int8:
      return FRUGAL_CALL(ops_update_i8, b.x(0), b.x(1), b.x(3), b.x(2), b.x(4), update_of(b));
    default:
      b.need(0, DataType::int32);
      Update how = update_of(b);
      how.how.numerator = static_cast<float>(ir::call_of(b.model.graph, b.node).real("numerator"));
      return FRUGAL_CALL(ops_update_i32, b.x(0), b.x(1), b.x(3), b.x(2), b.x(4), how);
  }
}

Step update_integer(const Binding& b) {
  b.need(1, DataType::int16);
  switch (b.input(0).type) {
    case DataType::int8:
      return FRUGAL_CALL(ops_update_mantissas_i8, b.x(0), b.x(1), b.x(2), b.x(3), b.x(4), b.x(5),
                         update_of(b));
    case DataType::int16:
      return FRUGAL_CALL(ops_update_mantissas_i16, b.x(0), b.x(1), b.x(2), b.x(3), b.x(4), b.x(5),
                         update_of(b));
    default:
      b.need(0, DataType::int32);
      return FRUGAL_CALL(ops_update_mantissas_i32, b.x(0), b.x(1), b.x(2), b.x(3), b.x(4), b.x(5),
                         update_of(b));
  }
}

Step conv_weight_update(const Binding& b) {
  const WeightUpdate u = weight_update_of(b);
  return FRUGAL_CALL(ops_conv_weight_update_i8, b.x(0), b.x(1), u.zero, b.x(2), b.x(4), b.x(3), b.x(5),
                     Scratch{}, u.taken, u.window, u.update)
      .with_scratch(u.scratch, [bytes = u.scratch](std::int32_t) { return bytes; });
}

Step with_channels(const Binding& b) {
  b.need(0, DataType::int8);
  const Table<std::int32_t> channels = channels_of(b.node);
  const ir::Dims& shape = b.input(0).shape;
  const auto row =
      static_cast<std::int32_t>(shape[ir::call_of(b.model.graph, b.node).flag("depthwise") ? 0 : 1]);
  const auto rows = static_cast<std::int32_t>(ir::elements(shape)) / row;
  const auto count = static_cast<std::int32_t>(channels.values().size());
  return FRUGAL_CALL(ops_merge_channels, b.x(0), b.x(1), b.y(), rows, row, channels, count);
}

constexpr KernelEntry update_table[] = {{"update", update},
                                        {"update_integer", update_integer},
                                        {"conv_weight_update", conv_weight_update},
                                        {"with_channels", with_channels}};

}  // namespace

WeightUpdate weight_update_of(const Binding& b) {
  b.need(0, DataType::int8);
  b.need(1, DataType::int8);
  const Table<std::int32_t> taken = channels_of(b.node);
  // The trained channels stand apart, or among the others.
  const bool apart = b.input(0).shape[1] != b.input(1).shape[1];
  Update update{{}, apart ? Table<std::int32_t>({}) : taken};
  update.how = ops::update_of(b.input(0).shape, false, update.channels.values().size());
  describe(b, update);
  const ops_window window = ops::window_of(b.node, b.input(1).shape, b.input(2).shape);
  return {window, static_cast<std::int32_t>(ir::zero_point_of(b.input(1))), taken, update,
          ops_conv_weight_update_scratch(&window, update.how.trained)};
}

std::span<const KernelEntry> update_kernels() { return update_table; }

}  // namespace frugal::quant
