#include "emit/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "emit/api.h"
#include "emit/tables.h"
#include "ir/operator.h"
#include "passes/channels.h"

namespace frugal::emit {
namespace {

using ir::NodeId;
using ir::TensorId;

std::string c_type(const ir::Tensor& tensor) {
  switch (tensor.type) {
    case ir::DataType::int8:
      return "int8_t";
    case ir::DataType::int16:
      return "int16_t";
    case ir::DataType::int32:
      return "int32_t";
    case ir::DataType::float32:
      return "float";
    default:
      return "uint8_t";
  }
}

class Writer {
 public:
  Writer(const DeviceProgram& program, const SourceConfig& config) : program_(program), config_(config) {}

  Source written() {
    const passes::TrainingStep& step = program_.step();
    std::string inference, forward, backward;
    for (const passes::RowChain& chain : step.by_rows) declare(chain);
    for (const NodeId n : program_.inference()) inference += calls(n, false);
    const auto end = static_cast<NodeId>(program_.graph().nodes.size());
    std::string front;
    for (NodeId n = 0; n < step.forward_end; ++n)
      (step.replay && n < program_.front_end() ? front : forward) += calls(n, true);
    for (NodeId n = step.forward_end; n < end; ++n) backward += calls(n, true);
    ApiText api;
    api.reset = reset();
    api.tables = factory() + tables_.text() + chains_;
    api.inference = inference;
    api.forward = forward;
    api.backward = backward;
    api.image = address(step.image);
    api.image_bytes = ir::bytes(program_.graph().tensor(step.image));
    api.rate = step.rate == ir::none ? "" : address(step.rate);
    api.seed_place = is_read(step.seed) ? address(step.seed) : "";
    api.loss = address(step.loss);
    api.without_floats = step.without_floats;
    if (step.label == ir::none) {
      api.answer = score_answer(api.loss);
    } else {
      api.label = address(step.label);
      api.classes = program_.graph().tensor(step.logits).shape.back();
      api.answer = class_answer(address(step.logits), step.without_floats ? "int32_t" : "float", api.label);
    }
    api.arena_bytes = program_.arena_bytes();
    api.arenas = arenas();
    api.state_bytes = program_.state_bytes();
    api.seed = config_.seed;
    api.network_id = config_.network_id;
    if (step.replay)
      api.replay = {front, address(step.replay->value), fmt::format("state + {}", program_.replay_offset()),
                    step.replay->buffer, step.replay->ratio};
    return {api_header(api), api_code(api)};
  }

 private:
  const ir::Tensor& tensor(TensorId id) const { return program_.graph().tensor(id); }

  bool is_read(TensorId id) const {
    const std::vector<ir::Node>& nodes = program_.graph().nodes;
    return std::any_of(nodes.begin(), nodes.end(), [&](const ir::Node& node) {
      return std::find(node.inputs.begin(), node.inputs.end(), id) != node.inputs.end();
    });
  }

  static std::string name_of(const ArenaPiece& piece) {
    return piece.memory.empty() ? "arena" : "arena_" + piece.memory;
  }

  // "arena + 128", or "arena_DTCM + 128" of several.
  std::string in_arena(std::size_t offset) const {
    const std::vector<ArenaPiece>& pieces = program_.pieces();
    std::size_t last = 0;
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      if (pieces[i].bytes > 0 && pieces[i].begin <= offset) last = i;
    }
    return fmt::format("{} + {}", name_of(pieces[last]), offset - pieces[last].begin);
  }

  // A linker script puts a piece of several where it belongs by its section; one that does not know it has it
  // among all other variables.
  std::string arenas() const {
    std::string text;
    for (const ArenaPiece& piece : program_.pieces()) {
      if (piece.bytes == 0) continue;
      const std::string section =
          piece.memory.empty() ? "" : fmt::format("FRUGAL_SECTION(\".bss.{}\") ", name_of(piece));
      text += fmt::format("static FRUGAL_ALIGNED {}uint8_t {}[{}];\n", section, name_of(piece), piece.bytes);
    }
    return text;
  }

  // "arena + 128", "state + 8", or the name of an array in flash.
  std::string address(TensorId id) {
    const Home& home = program_.home(id);
    switch (home.place) {
      case Place::arena:
        return in_arena(home.offset);
      case Place::state:
        return fmt::format("state + {}", home.offset);
      default:
        return tables_.array(c_type(tensor(id)), program_.numbers(id), tensor(id).name);
    }
  }

  // What a device has when it is new: the step counter, then the trained numbers but for those of weights of
  // which a part is trained: flash holds these whole.
  std::string factory() const {
    std::string text = "static const FRUGAL_ALIGNED uint8_t factory[] = {";
    std::vector<std::uint8_t> bytes(program_.factory_bytes(), 0);
    std::size_t end = DeviceProgram::counter_bytes;
    for (const passes::Trained& one : program_.step().trained) {
      if (one.whole != one.parameter) continue;
      const auto numbers = program_.numbers(one.parameter);
      std::transform(numbers.begin(), numbers.end(), bytes.begin() + static_cast<std::ptrdiff_t>(end),
                     [](std::byte b) { return static_cast<std::uint8_t>(b); });
      end += plan::aligned(numbers.size(), alignment);
    }
    for (std::size_t i = 0; i < bytes.size(); ++i)
      text += fmt::format("{}{},", i % 24 == 0 ? "\n  " : "", bytes[i]);
    return text + "};\n";
  }

  // C: the state of a new device out of `factory`, run by run, and of whole weights.
  std::string reset() {
    std::string text;
    std::size_t from = 0, at = 0, bytes = DeviceProgram::counter_bytes;
    const auto copy = [&] {
      if (bytes > 0) text += fmt::format("  memcpy(state + {}, factory + {}, {});\n", at, from, bytes);
      from += bytes;
      at += bytes;
      bytes = 0;
    };
    for (const passes::Trained& one : program_.step().trained) {
      const std::size_t size = plan::aligned(program_.numbers(one.parameter).size(), alignment);
      if (one.whole == one.parameter) {
        bytes += size;
        continue;
      }
      copy();
      const ir::Dims& shape = tensor(one.whole).shape;
      const std::int64_t row = shape[one.depthwise ? 0 : 1];
      const quant::Numbers channels{"int32_t", one.channels, {}};
      text +=
          fmt::format("  ops_take_trained({}, (int8_t*)(state + {}), {}, {}, {}, {});\n", address(one.whole),
                      at, ir::elements(shape) / row, row, tables_.array(channels), one.channels.size());
      at += size;
    }
    copy();
    if (program_.replay_bytes() > 0)
      text +=
          fmt::format("  memset(state + {}, 0, {});\n", program_.replay_offset(), program_.replay_bytes());
    return text;
  }

  std::string pointer(const quant::Pointer& pointer, bool with_mask) {
    const bool is_mask = pointer.id != ir::none && tensor(pointer.id).type == ir::DataType::bit;
    if (pointer.id == ir::none || (is_mask && pointer.written && !with_mask)) return "0";
    std::string place = address(pointer.id);
    if (pointer.offset > 0) place += fmt::format(" + {}", pointer.offset);
    const bool in_flash = program_.home(pointer.id).place == Place::flash;
    if (in_flash && pointer.type == c_type(tensor(pointer.id))) return place;
    return fmt::format("({}{}*)(void {}*)({})", pointer.written ? "" : "const ", pointer.type,
                       in_flash ? "const" : "", place);
  }

  std::string argument(const quant::Argument& argument, NodeId node, bool with_mask) {
    if (const auto* tensor = std::get_if<quant::Pointer>(&argument)) return pointer(*tensor, with_mask);
    if (std::holds_alternative<quant::Scratch>(argument))
      return program_.calls(node).scratch_on ? in_arena(program_.scratch_offset(node)) : "0";
    if (const auto* whole = std::get_if<std::int64_t>(&argument)) return literal(*whole);
    if (const auto* real = std::get_if<float>(&argument)) return literal(*real);
    if (const auto* numbers = std::get_if<quant::Numbers>(&argument))
      return numbers->whole.empty() && numbers->real.empty() ? "0" : tables_.array(*numbers);
    if (std::holds_alternative<quant::Part>(argument)) return "&part";
    const auto& made = std::get<quant::Struct>(argument);
    return "&" + tables_.structure(made);
  }

  const ir::Node& node(NodeId n) const { return program_.graph().nodes[static_cast<std::size_t>(n)]; }

  std::int64_t rows_at_once(const passes::RowChain& chain, NodeId n) const {
    if (n == chain.begin) return program_.graph().tensor(node(n).output).shape[2];  // N, C, H, W
    return n + 1 == chain.end ? chain.at_once : chain.at_once_within;
  }

  // A function a layer, and the table of layers, for ops_run_rows.
  void declare(const passes::RowChain& chain) {
    std::string layers;
    for (NodeId n = chain.begin; n < chain.end; ++n) {
      const quant::Call& call = program_.calls(n).calls.at(0);
      std::string window;
      std::vector<std::string> arguments;
      for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const auto* tensor = std::get_if<quant::Pointer>(&call.arguments[i]);
        const auto* made = std::get_if<quant::Struct>(&call.arguments[i]);
        std::string text = argument(call.arguments[i], n, false);
        if (tensor != nullptr && tensor->id == node(n).inputs[0]) text = "x";
        if (tensor != nullptr && tensor->id == node(n).output) text = "y";
        if (made != nullptr && made->type == "ops_window") {
          window = text;
          text = "window";
        }
        arguments.push_back(text);
      }
      chains_ += fmt::format(
          "static void row_of_{}(const int8_t* x, int8_t* y, const ops_window* window) {{\n"
          "  {}({});\n}}\n",
          n, call.kernel, fmt::join(arguments, ", "));
      layers += fmt::format("  {{row_of_{}, {}, {}, {}}},\n", n, window,
                            n == chain.begin ? "0" : fmt::format("(int8_t*)({})", address(node(n).inputs[0])),
                            rows_at_once(chain, n));
    }
    chains_ += fmt::format("static const ops_rows_layer rows_{}[] = {{\n{}}};\n", chain.begin, layers);
  }

  std::string calls(std::size_t number) {
    const passes::RowChain& chain = program_.step().by_rows[number];
    const ir::Node &first = node(chain.begin), &last = node(chain.end - 1);
    return fmt::format(
        "  /* {} to {}, row by row */\n  ops_run_rows(rows_{}, {}, (const int8_t*)({}), (int8_t*)({}), "
        "(int32_t*)(void*)({}));\n  FRUGAL_MARK({});\n",
        program_.graph().name_of(first), program_.graph().name_of(last), chain.begin, chain.end - chain.begin,
        address(first.inputs[0]), address(last.output), in_arena(program_.chain_offset(number)),
        chain.end - 1);
  }

  std::string calls(NodeId n, bool with_mask) {
    const std::size_t chain = chain_of(program_.step(), n);
    if (chain != ArenaBlocks::none) return n == program_.step().by_rows[chain].begin ? calls(chain) : "";
    const std::size_t loop = loop_of(program_.step(), n);
    if (loop != ArenaBlocks::none)
      return n == program_.step().by_channels[loop].begin ? loop_over_channels(loop) : "";
    return calls_of(n, with_mask) + fmt::format("  FRUGAL_MARK({});\n", n);
  }

  std::string loop_over_channels(std::size_t number) {
    const passes::ChannelLoop& loop = program_.step().by_channels[number];
    const std::int64_t all = passes::channels_of(program_.step(), loop);
    std::string text = fmt::format(
        "  for (ops_part part = ops_first_part({0}, {1}); part.count > 0; part = ops_next_part(part, {0}, "
        "{1})) {{\n",
        all, loop.at_once);
    for (NodeId n = loop.begin; n < loop.end; ++n) text += calls_of(n, true);
    return text + fmt::format("  }}\n  FRUGAL_MARK({});\n", loop.end - 1);
  }

  std::string calls_of(NodeId n, bool with_mask) {
    std::string text = fmt::format("  /* {}: {} */\n", program_.graph().name_of(node(n)), node(n).op->name);
    for (const quant::Call& call : program_.calls(n).calls) {
      std::vector<std::string> arguments;
      for (const quant::Argument& one : call.arguments) arguments.push_back(argument(one, n, with_mask));
      text += fmt::format("  {}({});\n", call.kernel, fmt::join(arguments, ", "));
    }
    return text;
  }

  const DeviceProgram& program_;
  SourceConfig config_;
  Tables tables_;
  std::string chains_;  // C: functions and tables of layers that run row by row
};

}  // namespace

Source write_source(const DeviceProgram& program, const SourceConfig& config) {
  return Writer(program, config).written();
}

}  // namespace frugal::emit
