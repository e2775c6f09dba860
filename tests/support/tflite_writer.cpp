#include "support/tflite_writer.h"

#include <algorithm>

namespace frugal::test {
namespace {

constexpr std::size_t alignment = 8;

void align(std::string& out) { out.append((alignment - out.size() % alignment) % alignment, '\0'); }

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
void put(std::string& out, std::size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof(T));
}

// An offset counts from where it stands.
void point(std::string& out, std::size_t at, std::size_t target) {
  put(out, at, static_cast<std::uint32_t>(target - at));
}

}  // namespace

Flat Flat::text(const std::string& value) {
  Flat flat(Kind::text);
  flat.count_ = value.size();
  flat.bytes_ = value + '\0';
  return flat;
}

Flat Flat::tables(const std::vector<Flat>& values) {
  Flat flat(Kind::tables);
  flat.elements_ = values;
  return flat;
}

std::size_t Flat::write(std::string& out) const {
  align(out);
  if (kind_ == Kind::tables) {
    const std::size_t start = out.size();
    append(out, static_cast<std::uint32_t>(elements_.size()));
    out.append(4 * elements_.size(), '\0');
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      const std::size_t target = elements_[i].write(out);
      point(out, start + 4 + 4 * i, target);
    }
    return start;
  }
  if (kind_ != Kind::table) {
    append(out, std::uint32_t{0});  // so that the elements behind the count lie on 8 bytes
    const std::size_t start = out.size();
    append(out, static_cast<std::uint32_t>(count_));
    out += bytes_;
    return start;
  }
  // The list of fields, then the table, every field in 8 bytes.
  const int last = fields_.empty() ? -1 : fields_.rbegin()->first;
  const auto list_size = static_cast<std::uint16_t>(4 + 2 * (last + 1));
  const std::size_t list = out.size();
  append(out, list_size);
  append(out, static_cast<std::uint16_t>(8 + 8 * fields_.size()));
  out.append(2 * static_cast<std::size_t>(last + 1), '\0');
  align(out);
  const std::size_t start = out.size();
  append(out, static_cast<std::int32_t>(start - list));
  append(out, std::int32_t{0});
  out.append(8 * fields_.size(), '\0');
  std::uint16_t offset = 8;
  for (const auto& [number, field] : fields_) {
    put(out, list + 4 + 2 * static_cast<std::size_t>(number), offset);
    if (field.child) {
      const std::size_t target = field.child->write(out);
      point(out, start + offset, target);
    } else {
      std::copy(field.bytes.begin(), field.bytes.end(),
                out.begin() + static_cast<std::ptrdiff_t>(start + offset));
    }
    offset += 8;
  }
  return start;
}

std::string Flat::file(const std::string& identifier) const {
  std::string out(4, '\0');
  out += identifier;
  const std::size_t root = write(out);
  point(out, 0, root);
  align(out);
  return out;
}

std::int32_t TfliteWriter::add(const WrittenTensor& tensor) {
  tensors_.push_back(tensor);
  return static_cast<std::int32_t>(tensors_.size() - 1);
}

std::int32_t TfliteWriter::value(const std::string& name, const std::vector<std::int32_t>& shape, float scale,
                                 std::int64_t zero_point) {
  return add({.name = name, .shape = shape, .scale = {scale}, .zero_point = {zero_point}});
}

void TfliteWriter::op(std::int32_t code, const std::vector<std::int32_t>& op_inputs,
                      const std::vector<std::int32_t>& op_outputs, std::uint8_t options_kind,
                      const Flat& options) {
  Flat flat = Flat::table();
  flat.number(0, static_cast<std::uint32_t>(codes_.size()));
  codes_.push_back(code);
  flat.child(1, Flat::numbers(op_inputs)).child(2, Flat::numbers(op_outputs));
  if (options_kind != 0) flat.number(3, options_kind).child(4, options);
  operators_.push_back(flat);
}

std::string TfliteWriter::file() const {
  std::vector<Flat> buffers{Flat::table()}, tensors, codes;  // buffer 0 is empty
  for (const WrittenTensor& written : tensors_) {
    Flat tensor = Flat::table();
    tensor.child(0, Flat::numbers(written.shape)).number(1, static_cast<std::int8_t>(written.kind));
    if (!written.data.empty()) {
      tensor.number(2, static_cast<std::uint32_t>(buffers.size()));
      const std::vector<char> bytes(written.data.begin(), written.data.end());
      buffers.push_back(Flat::table().child(0, Flat::numbers(bytes)));
    }
    tensor.child(3, Flat::text(written.name));
    if (!written.scale.empty()) {
      tensor.child(4, Flat::table()
                          .child(2, Flat::numbers(written.scale))
                          .child(3, Flat::numbers(written.zero_point))
                          .number(6, written.axis));
    }
    if (written.is_variable) tensor.number(5, std::int8_t{1});
    tensors.push_back(tensor);
  }
  for (const std::int32_t code : codes_) {
    codes.push_back(Flat::table().number(0, static_cast<std::int8_t>(std::min(code, 127))).number(3, code));
  }
  const Flat graph = Flat::table()
                         .child(0, Flat::tables(tensors))
                         .child(1, Flat::numbers(inputs))
                         .child(2, Flat::numbers(outputs))
                         .child(3, Flat::tables(operators_))
                         .child(4, Flat::text("main"));
  return Flat::table()
      .number(0, version)
      .child(1, Flat::tables(codes))
      .child(2, Flat::tables(std::vector<Flat>(static_cast<std::size_t>(subgraphs), graph)))
      .child(3, Flat::text("written for a test"))
      .child(4, Flat::tables(buffers))
      .file("TFL3");
}

Flat conv_options(int padding, int stride, int activation, int dilation) {
  return Flat::table()
      .number(0, static_cast<std::int8_t>(padding))
      .number(1, stride)
      .number(2, stride)
      .number(3, static_cast<std::int8_t>(activation))
      .number(4, dilation)
      .number(5, dilation);
}

Flat depthwise_options(int padding, int stride, int activation, int dilation) {
  return Flat::table()
      .number(0, static_cast<std::int8_t>(padding))
      .number(1, stride)
      .number(2, stride)
      .number(3, 1)
      .number(4, static_cast<std::int8_t>(activation))
      .number(5, dilation)
      .number(6, dilation);
}

Flat pool_options(int padding, int stride, int height, int width, int activation) {
  return Flat::table()
      .number(0, static_cast<std::int8_t>(padding))
      .number(1, stride)
      .number(2, stride)
      .number(3, width)
      .number(4, height)
      .number(5, static_cast<std::int8_t>(activation));
}

TfliteWriter small_tflite() {
  TfliteWriter w;
  const auto image = w.value("image", {-1, 5, 4, 2}, 0.5F, 3);
  std::vector<std::int8_t> conv_weight(3 * 3 * 3 * 2), depthwise_weight(3 * 3 * 3), dense_weight(2 * 3);
  for (std::size_t i = 0; i < conv_weight.size(); ++i) conv_weight[i] = static_cast<std::int8_t>(i);
  for (std::size_t i = 0; i < depthwise_weight.size(); ++i)
    depthwise_weight[i] = static_cast<std::int8_t>(-i);
  for (std::size_t i = 0; i < dense_weight.size(); ++i) dense_weight[i] = static_cast<std::int8_t>(10 * i);
  const auto k = w.add({.name = "conv/w",
                        .shape = {3, 3, 3, 2},
                        .scale = {0.25F, 0.5F, 1},
                        .zero_point = {0, 0, 0},
                        .data = bytes_of(conv_weight)});
  const auto b = w.add({.name = "conv/b",
                        .shape = {3},
                        .kind = TensorKind::int32,
                        .data = bytes_of(std::vector<std::int32_t>{7, -8, 9})});
  const auto d = w.add({.name = "depthwise/w",
                        .shape = {1, 3, 3, 3},
                        .scale = {0.25F, 0.5F, 1},
                        .zero_point = {0, 0, 0},
                        .axis = 3,
                        .data = bytes_of(depthwise_weight)});
  const auto f = w.add({.name = "dense/w",
                        .shape = {2, 3},
                        .scale = {0.125F},
                        .zero_point = {0},
                        .data = bytes_of(dense_weight)});
  const auto g = w.add({.name = "dense/b",
                        .shape = {2},
                        .kind = TensorKind::int32,
                        .data = bytes_of(std::vector<std::int32_t>{1, 2})});
  const auto conv = w.value("conv", {1, 3, 2, 3}, 0.1F, -128), deep = w.value("deep", {1, 3, 2, 3}, 0.2F, 4);
  const auto sum = w.value("sum", {1, 3, 2, 3}, 0.3F, 5), pool = w.value("pool", {1, 1, 1, 3}, 0.3F, 5);
  const auto flat = w.value("flat", {1, 3}, 0.3F, 5), dense = w.value("dense", {1, 2}, 0.4F, 6);
  const auto soft = w.value("soft", {1, 2}, 1.0F / 256, -128);
  w.op(3, {image, k, b}, {conv}, 1, conv_options(same, 2, 1));
  w.op(4, {conv, d, -1}, {deep}, 2, depthwise_options(same, 1));
  w.op(0, {conv, deep}, {sum}, 11, Flat::table().number(0, std::int8_t{3}));
  w.op(1, {sum}, {pool}, 5, pool_options(valid, 1, 3, 2));
  w.op(22, {pool}, {flat});
  w.op(9, {flat, f, g}, {dense}, 8);
  w.op(25, {dense}, {soft}, 9, Flat::table().number(0, 1.0F));
  w.inputs = {image};
  w.outputs = {soft};
  return w;
}

TfliteWriter float_image_tflite() {
  TfliteWriter w;
  const auto floats = w.add({.name = "image", .shape = {1, 4, 4, 1}, .kind = TensorKind::float32});
  const auto image = w.value("image8", {1, 4, 4, 1}), padded = w.value("padded", {1, 7, 6, 1});
  const auto sides = w.add({.name = "sides",
                            .shape = {4, 2},
                            .kind = TensorKind::int32,
                            .data = bytes_of(std::vector<std::int32_t>{0, 0, 1, 2, 2, 0, 0, 0})});
  const auto k = w.add({.name = "w",
                        .shape = {2, 2, 2, 1},
                        .scale = {0.25F},
                        .zero_point = {0},
                        .data = bytes_of(std::vector<std::int8_t>{1, 2, 3, 4, 5, 6, 7, 8})});
  const auto conv = w.value("conv", {1, 6, 5, 2}, 0.1F, -20), pool = w.value("pool", {1, 3, 2, 2}, 0.1F, -20);
  const auto relu = w.value("relu", {1, 3, 2, 2}, 0.1F, -20), mean = w.value("mean", {1, 2}, 0.2F, 1);
  const auto axes = w.add({.name = "axes",
                           .shape = {2},
                           .kind = TensorKind::int32,
                           .data = bytes_of(std::vector<std::int32_t>{1, -2})});
  const auto out = w.add({.name = "out", .shape = {1, 2}, .kind = TensorKind::float32});
  w.op(114, {floats}, {image});
  w.op(34, {image, sides}, {padded});
  w.op(3, {padded, k}, {conv}, 1, conv_options(valid, 1, 3));
  w.op(17, {conv}, {pool}, 5, pool_options(valid, 2, 2, 2));
  w.op(19, {pool}, {relu});
  w.op(40, {relu, axes}, {mean}, 27, Flat::table().number(0, std::int8_t{0}));
  w.op(6, {mean}, {out});
  w.inputs = {floats};
  w.outputs = {out};
  return w;
}

std::map<std::string, std::string> tflite_seeds() {
  return {{"small", small_tflite().file()}, {"float_image", float_image_tflite().file()}};
}

}  // namespace frugal::test
