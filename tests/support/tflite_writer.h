// Writes small .tflite files for tests and as seeds of the fuzzer: FlatBuffers from the first byte to the
// last, with whatever in them a test wants.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace frugal::test {

// A value in a FlatBuffer: a table, a vector of numbers, a vector of tables or a text.
class Flat {
 public:
  static Flat table() { return Flat(Kind::table); }
  static Flat text(const std::string& value);
  template <typename T>
  static Flat numbers(const std::vector<T>& values) {
    Flat vector(Kind::numbers);
    vector.count_ = values.size();
    vector.bytes_.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return vector;
  }
  static Flat tables(const std::vector<Flat>& values);

  // Fields of a table, by their number in the schema.
  template <typename T>
  Flat& number(int field, T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    fields_[field] = {bytes, nullptr};
    return *this;
  }
  Flat& child(int field, const Flat& value) {
    fields_[field] = {"", std::make_shared<Flat>(value)};
    return *this;
  }

  // A whole file with this table as its root.
  std::string file(const std::string& identifier) const;

 private:
  enum class Kind { table, numbers, tables, text };
  struct Field {
    std::string bytes;
    std::shared_ptr<Flat> child;
  };
  explicit Flat(Kind kind) : kind_(kind) {}
  std::size_t write(std::string& out) const;  // where it starts

  Kind kind_;
  std::map<int, Field> fields_;
  std::vector<Flat> elements_;
  std::size_t count_ = 0;
  std::string bytes_;
};

enum class TensorKind : std::int8_t { float32 = 0, int32 = 2, uint8 = 3, int64 = 4, int16 = 7, int8 = 9 };

struct WrittenTensor {
  std::string name;
  std::vector<std::int32_t> shape;
  std::vector<float> scale = {};
  std::vector<std::int64_t> zero_point = {};
  std::int32_t axis = 0;
  TensorKind kind = TensorKind::int8;
  std::string data = {};  // bytes of a constant
  bool is_variable = false;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

class TfliteWriter {
 public:
  std::int32_t add(const WrittenTensor& tensor);
  // A tensor that is given or computed: i8, one scale.
  std::int32_t value(const std::string& name, const std::vector<std::int32_t>& shape, float scale = 0.5F,
                     std::int64_t zero_point = 0);
  void op(std::int32_t code, const std::vector<std::int32_t>& inputs,
          const std::vector<std::int32_t>& outputs, std::uint8_t options_kind = 0,
          const Flat& options = Flat::table());
  std::vector<std::int32_t> inputs, outputs;
  int subgraphs = 1;
  std::uint32_t version = 3;

  std::string file() const;

 private:
  std::vector<WrittenTensor> tensors_;
  std::vector<Flat> operators_;
  std::vector<std::int32_t> codes_;
};

// Options of the schema.
Flat conv_options(int padding, int stride, int activation = 0, int dilation = 1);
Flat depthwise_options(int padding, int stride, int activation = 0, int dilation = 1);
Flat pool_options(int padding, int stride, int height, int width, int activation = 0);
inline constexpr int same = 0, valid = 1;

// conv (SAME, stride 2, RELU) → depthwise → add of both → average pool → reshape → fully connected → softmax.
TfliteWriter small_tflite();
// A float image: quantize → pad → conv (VALID, RELU6) → max pool → relu → mean → dequantize.
TfliteWriter float_image_tflite();
// Small files, each with other operators: what the fuzzer starts from.
std::map<std::string, std::string> tflite_seeds();

}  // namespace frugal::test
