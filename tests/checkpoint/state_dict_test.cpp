// PyTorch's files of tensors: what torch.save writes is read, what would run code or is damaged is refused by
// name.
#include "checkpoint/state_dict.h"

#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/pickle.h"
#include "checkpoint/sharded.h"
#include "support/test.h"

using namespace frugal;
using checkpoint::DType;
using checkpoint::StateDictFile;

namespace {

std::string number(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return bytes;
}

// A zip archive with entries as they are; `method` 8 says that they are packed.
std::string zip(const std::vector<std::pair<std::string, std::string>>& entries, int method = 0) {
  std::string file, directory;
  for (const auto& [name, bytes] : entries) {
    const std::string fields = number(0, 2) + number(0, 2) + number(static_cast<std::uint64_t>(method), 2) +
                               number(0, 4) + number(0, 4) + number(bytes.size(), 4) +
                               number(bytes.size(), 4) + number(name.size(), 2);
    directory += "PK\x01\x02" + number(0, 2) + fields + number(0, 2) + number(0, 2) + number(0, 2) +
                 number(0, 2) + number(0, 4) + number(file.size(), 4) + name;
    file += "PK\x03\x04" + fields + number(0, 2) + name + bytes;
  }
  const std::size_t at = file.size();
  return file + directory + "PK\x05\x06" + number(0, 4) + number(entries.size(), 2) +
         number(entries.size(), 2) + number(directory.size(), 4) + number(at, 4) + number(0, 2);
}

std::string text(const std::string& value) { return "X" + number(value.size(), 4) + value; }
std::string whole(std::int64_t value) { return "J" + number(static_cast<std::uint32_t>(value), 4); }
std::string tuple(const std::vector<std::int64_t>& values) {
  std::string all = "(";
  for (const std::int64_t one : values) all += whole(one);
  return all + "t";
}
std::string tensor(const std::string& key, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, std::int64_t offset = 0,
                   const std::string& type = "FloatStorage") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + "\n" + text(key) +
         text("cpu") + whole(6) + "tQ" + whole(offset) + tuple(shape) + tuple(strides) + "\x89" +
         "ccollections\nOrderedDict\n)RtR";
}
std::string dict(const std::string& items) { return "\x80\x02}(" + items + "u."; }

const float values[] = {1, 2, 3, 4, 5, 6};
std::string storage() { return {reinterpret_cast<const char*>(values), sizeof values}; }

void write(const std::string& path, const std::string& pickle) {
  base::write_text(path, zip({{"m/data.pkl", pickle}, {"m/byteorder", "little"}, {"m/data/0", storage()}}));
}

std::vector<float> floats(const StateDictFile& file, const std::string& name) {
  const auto bytes = file.bytes(file.at(name));
  std::vector<float> read(bytes.size() / 4);
  if (!bytes.empty()) std::memcpy(read.data(), bytes.data(), bytes.size());
  return read;
}

}  // namespace

TEST_CASE("a state dict is read: views of one storage, other orders, what is no tensor passed over") {
  test::TempDir dir;
  const std::string path = dir / "m.pth";
  write(path, dict(text("a") + tensor("0", {2, 3}, {3, 1}) + text("epoch") + whole(7) + text("turned") +
                   tensor("0", {3, 2}, {1, 3}) + text("tail") + tensor("0", {2}, {1}, 4) + text("none") +
                   tensor("0", {0, 3}, {3, 1}) + text("scalar") + tensor("0", {}, {}, 2)));
  const StateDictFile file(path);
  REQUIRE(file.tensors().size() == 5);
  REQUIRE(file.at("a").dtype == DType::f32);
  REQUIRE(file.at("a").shape == std::vector<std::int64_t>{2, 3});
  REQUIRE(floats(file, "a") == std::vector<float>{1, 2, 3, 4, 5, 6});
  REQUIRE(floats(file, "turned") == std::vector<float>{1, 4, 2, 5, 3, 6});
  REQUIRE(floats(file, "tail") == std::vector<float>{5, 6});
  REQUIRE(floats(file, "none").empty());
  REQUIRE(floats(file, "scalar") == std::vector<float>{3});
  // An empty ordered dictionary beside the tensors is one, and no call.
  write(path, dict(text("a") + tensor("0", {6}, {1}) + text("hooks") + "ccollections\nOrderedDict\n)R"));
  REQUIRE(StateDictFile(path).tensors().size() == 1);
  const std::string inner = "}(" + text("w") + tensor("0", {6}, {1}) + "u";
  write(path, dict(text("epoch") + whole(7) + text("state_dict") + inner));
  REQUIRE(floats(StateDictFile(path), "w").size() == 6);
}

TEST_CASE("entries that come in several parts, as those of a large dict do, are all kept") {
  test::TempDir dir;
  const std::string path = dir / "m.pth";
  for (const char* empty : {"}", "ccollections\nOrderedDict\n)R"}) {
    const std::string start = std::string("\x80\x02") + empty;
    write(path,
          start + "(" + text("a") + tensor("0", {6}, {1}) + "u(" + text("b") + tensor("0", {2}, {1}) + "u.");
    const StateDictFile file(path);
    REQUIRE(file.tensors().size() == 2);
    REQUIRE(floats(file, "a").size() == 6);
    REQUIRE(floats(file, "b").size() == 2);
  }
  write(path, "\x80\x02](" + text("a") + whole(1) + "u.");  // entries of a list
  CHECK_THROWS_AS(StateDictFile(path), base::UserError);
}

TEST_CASE("whole numbers of a pickle have a sign, whatever their width") {
  const auto read = [](const std::string& bytes) {
    const std::string pickle = "\x80\x02\x8a" + bytes + ".";
    return checkpoint::read_pickle(
               std::span(reinterpret_cast<const unsigned char*>(pickle.data()), pickle.size()), "p")
        .root->integer;
  };
  CHECK(read(number(0, 1)) == 0);
  CHECK(read(number(1, 1) + number(200, 1)) == -56);
  CHECK(read(number(2, 1) + number(200, 2)) == 200);
  CHECK(read(number(8, 1) + number(1ull << 40, 8)) == std::int64_t{1} << 40);
  CHECK(read(number(8, 1) + number(~std::uint64_t{6}, 8)) == -7);
}

TEST_CASE("files of tensors that are damaged, would run code or are of another kind are refused") {
  test::TempDir dir;
  const std::string path = dir / "m.bin";
  const auto error = [&] {
    try {
      StateDictFile file(path);
    } catch (const base::UserError& wrong) {
      return wrong.message();
    }
    return std::string();
  };
  const auto of = [&](const std::string& pickle) {
    write(path, pickle);
    return error();
  };
  REQUIRE(of(dict(text("a") + "cos\nsystem\n(" + text("true") + "tR")) ==
          "would call os.system, which is code and is not run");
  REQUIRE(of("\x80\x02"
             "cmodels\nNet\n)R.")
              .find("a whole models.Net, whose class is code") != std::string::npos);
  REQUIRE(of(dict(text("a") + tensor("0", {7}, {1}))) == "reaches beyond its storage");
  REQUIRE(of(dict(text("a") + tensor("0", {2}, {1}, 5))) == "reaches beyond its storage");
  REQUIRE(of(dict(text("a") + tensor("0", {2, 2000000000}, {1, 2000000000}))) ==
          "reaches beyond its storage");
  REQUIRE(of(dict(text("a") + tensor("0", {2000000, 2000}, {0, 0}))) == "repeats its storage");
  REQUIRE(of(dict(text("a") + tensor("1", {6}, {1}))) == "names the storage 1, which the file lacks");
  REQUIRE(of(dict(text("a") + tensor("0", {6}, {1}, 0, "QInt8Storage"))).find("torch.QInt8Storage") !=
          std::string::npos);
  REQUIRE(of(dict("")) == "holds no tensor");
  REQUIRE(of("\x80\x02}(") == "is a pickle that is cut short");
  REQUIRE(of("\x80\x02}u.") == "is a damaged pickle");
  REQUIRE(of(std::string("\x80\x02") + std::string(200000, ']') + std::string(199999, 'a') + ".")
              .find("no dictionary") != std::string::npos);
  REQUIRE(of("\x80\x02P.").find("opcode 80") != std::string::npos);
  base::write_text(path, "\x80\x02");
  REQUIRE(error() == "is no file that torch.save of PyTorch 1.6 or later wrote");
  base::write_text(path, zip({{"m/readme", "x"}}));
  REQUIRE(error() == "is a zip archive, but none of tensors: it lacks data.pkl");
  base::write_text(path, zip({{"m/data.pkl", "x"}}, 8));
  REQUIRE(error() == "is packed or encrypted, and PyTorch's files are not");
  const std::string good =
      zip({{"m/data.pkl", dict(text("a") + tensor("0", {6}, {1}))}, {"m/data/0", storage()}});
  for (std::size_t cut = 4; cut < good.size(); cut += 7) {
    base::write_text(path, good.substr(0, cut));
    REQUIRE(!error().empty());
  }
}

TEST_CASE("a folder of .bin files, wrapped names, and folders of other kinds") {
  test::TempDir dir;
  write(dir / "pytorch_model.bin", dict(text("_orig_mod.module.a") + tensor("0", {6}, {1}) +
                                        text("_orig_mod.module.b") + tensor("0", {2}, {1})));
  const checkpoint::ShardedFile file(dir / ".");
  REQUIRE(file.find("a") != nullptr);
  REQUIRE(file.find("b")->bytes().size() == 8);
  REQUIRE(file.find("a")->text().ends_with("pytorch_model.bin:_orig_mod.module.a"));
  const auto error = [](const std::string& folder) {
    try {
      checkpoint::ShardedFile wrong(folder);
    } catch (const base::UserError& refused) {
      return refused.message() + " | " + refused.hint();
    }
    return std::string();
  };
  base::make_folder(dir / "lora");
  base::write_text(dir / "lora/adapter_config.json", "{}");
  REQUIRE(error(dir / "lora").find("is a LoRA adapter, not a model | merge it first") != std::string::npos);
  base::make_folder(dir / "gguf");
  base::write_text(dir / "gguf/m.Q4_K_M.gguf", "GGUF");
  REQUIRE(error(dir / "gguf").find("holds m.Q4_K_M.gguf: GGUF files are not read") != std::string::npos);
  REQUIRE(error(dir / "gguf/m.Q4_K_M.gguf").find("is a GGUF file") != std::string::npos);
}
