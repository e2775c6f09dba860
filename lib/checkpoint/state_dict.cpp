#include "checkpoint/state_dict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/pages.h"
#include "checkpoint/pickle.h"

namespace frugal::checkpoint {
namespace {

using base::UserError;
using Kind = Pickled::Kind;

constexpr const char* save_again =
    "save it as safetensors (save_pretrained does so with safe_serialization=True)";

// PyTorch's classes of storages and their types here.
struct Storage {
  const char* name;
  DType dtype;
};
constexpr Storage storages[] = {{"torch.DoubleStorage", DType::f64}, {"torch.FloatStorage", DType::f32},
                                {"torch.HalfStorage", DType::f16},   {"torch.BFloat16Storage", DType::bf16},
                                {"torch.LongStorage", DType::i64},   {"torch.IntStorage", DType::i32},
                                {"torch.ShortStorage", DType::i16},  {"torch.CharStorage", DType::i8},
                                {"torch.ByteStorage", DType::u8},    {"torch.BoolStorage", DType::boolean}};

bool is_dict(const Pickled& value) {
  return value.kind == Kind::dict ||
         (value.kind == Kind::call && value.function == "collections.OrderedDict");
}

// A tensor as the pickle has it: what torch._utils._rebuild_tensor_v2 is called with; null where it is
// something else.
const Pickled* tensor_of(const Pickled& value) {
  const Pickled* at = &value;
  if (at->kind == Kind::call && at->function == "torch._utils._rebuild_parameter" && !at->items.empty()) {
    at = at->items[0];
  }
  return at->kind == Kind::call && at->function == "torch._utils._rebuild_tensor_v2" ? at : nullptr;
}

struct View {
  DType dtype = DType::f32;
  std::span<const unsigned char> storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

std::vector<std::int64_t> numbers(const Pickled& list, const std::string& place) {
  std::vector<std::int64_t> found;
  for (const Pickled* one : list.items) {
    if (one->kind != Kind::integer || one->integer < 0) throw UserError(place, "has a shape that is none");
    found.push_back(one->integer);
  }
  return found;
}

View view_of(const Pickled& tensor, const ZipArchive& archive, const std::string& folder,
             const std::string& place) {
  const auto bad = [&](const std::string& what) { throw UserError(place, what, save_again); };
  const auto& given = tensor.items;
  if (given.size() < 4 || given[0]->kind != Kind::stored || given[1]->kind != Kind::integer ||
      given[2]->kind != Kind::list || given[3]->kind != Kind::list) {
    bad("is a tensor of a kind that is not read here");
  }
  const auto& id = given[0]->items;  // "storage", class, key, device, count
  if (id.size() < 5 || id[1]->kind != Kind::global || id[2]->kind != Kind::text)
    bad("has a storage that is none");
  View view;
  const auto* type = std::find_if(std::begin(storages), std::end(storages),
                                  [&](const Storage& one) { return id[1]->text == one.name; });
  if (type == std::end(storages)) bad("has a storage of " + id[1]->text + ", which is not read here");
  view.dtype = type->dtype;
  const auto found = archive.entries().find(folder + "data/" + id[2]->text);
  if (found == archive.entries().end()) bad("names the storage " + id[2]->text + ", which the file lacks");
  view.storage = found->second;
  view.offset = given[1]->integer;
  view.shape = numbers(*given[2], place);
  view.strides = numbers(*given[3], place);
  if (view.strides.size() != view.shape.size() || view.shape.size() > 8 || view.offset < 0)
    bad("has a shape that is none");
  // The last element lies within the storage; extents are small enough for all that follows.
  const auto limit = static_cast<std::int64_t>(view.storage.size() / size_of(view.dtype));
  std::int64_t last = view.offset, count = 1;
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    if (view.shape[i] == 0) count = 0;
    if (view.shape[i] > 0 && count > 0 &&
        count > std::numeric_limits<std::int64_t>::max() / 16 / view.shape[i]) {
      bad("has a shape that is larger than any file");
    }
    count *= view.shape[i];
    if (view.shape[i] < 2 || view.strides[i] == 0) continue;
    if (view.shape[i] - 1 > limit / view.strides[i]) bad("reaches beyond its storage");
    last += (view.shape[i] - 1) * view.strides[i];
  }
  if (count > 0 && last >= limit) bad("reaches beyond its storage");
  if (count > 16 * limit) bad("repeats its storage");
  return view;
}

bool in_order(const View& view) {
  std::int64_t expected = 1;
  for (std::size_t i = view.shape.size(); i-- > 0;) {
    if (view.shape[i] != 1 && view.strides[i] != expected) return false;
    expected *= view.shape[i];
  }
  return true;
}

std::vector<unsigned char> put_in_order(const View& view, std::int64_t count) {
  const std::size_t size = size_of(view.dtype);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(count) * size);
  std::vector<std::int64_t> index(view.shape.size(), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = view.offset;
    for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * view.strides[d];
    std::memcpy(&bytes[static_cast<std::size_t>(i) * size],
                &view.storage[static_cast<std::size_t>(at) * size], size);
    for (std::size_t d = index.size(); d-- > 0;) {
      if (++index[d] < view.shape[d]) break;
      index[d] = 0;
    }
  }
  return bytes;
}

// Where the tensors are: the dictionary itself, or the one under a usual name.
const Pickled& dict_of_tensors(const Pickled& root, const std::string& path) {
  if (!is_dict(root)) {
    const std::string what =
        root.kind == Kind::call ? "a whole " + root.function + ", whose class is code" : "no dictionary";
    throw UserError(path, "holds " + what, "save its state_dict() alone");
  }
  for (const char* name : {"state_dict", "model_state_dict", "model"}) {
    const Pickled* inner = root.find(name);
    if (inner != nullptr && is_dict(*inner)) return *inner;
  }
  return root;
}

}  // namespace

StateDictFile::StateDictFile(const std::string& path)
    : TensorFile(path), archive_([&] {
        if (!ZipArchive::is_one(path)) {
          throw UserError(path, "is no file that torch.save of PyTorch 1.6 or later wrote", save_again);
        }
        return ZipArchive(path);
      }()) {
  std::string folder, order = "little";
  std::span<const unsigned char> pickle;
  for (const auto& [name, bytes] : archive_.entries()) {
    if (name.ends_with("/data.pkl")) {
      folder = name.substr(0, name.size() - 8);
      pickle = bytes;
    }
    if (name.ends_with("/byteorder")) order.assign(bytes.begin(), bytes.end());
  }
  if (folder.empty()) throw UserError(path, "is a zip archive, but none of tensors: it lacks data.pkl");
  if (order != "little") throw UserError(path, "holds " + order + "-endian numbers", save_again);
  const Pickle read = read_pickle(pickle, path);
  const Pickled& dict = dict_of_tensors(*read.root, path);
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    if (dict.items[i]->kind != Kind::text) throw UserError(path, "has a key that is no text");
    const std::string& name = dict.items[i]->text;
    const Pickled& value = *dict.items[i + 1];
    const Pickled* tensor = tensor_of(value);
    const std::string place = path + ":" + name;
    if (tensor == nullptr) {
      if (value.kind == Kind::call && !is_dict(value)) {
        throw UserError(place, "would call " + value.function + ", which is code and is not run", save_again);
      }
      continue;  // a number or a text beside the tensors (an epoch, a version)
    }
    const View view = view_of(*tensor, archive_, folder, place);
    TensorInfo info;
    info.name = name;
    info.dtype = view.dtype;
    info.shape = view.shape;
    const std::int64_t count = info.element_count();
    const std::size_t size = size_of(view.dtype);
    if (in_order(view)) {
      bytes_[name] = count == 0 ? std::span<const unsigned char>()
                                : view.storage.subspan(static_cast<std::size_t>(view.offset) * size,
                                                       static_cast<std::size_t>(count) * size);
    } else {
      auto& copied = copied_[name] = put_in_order(view, count);
      bytes_[name] = copied;
    }
    info.end = static_cast<std::uint64_t>(count) * size;
    tensors_.push_back(std::move(info));
  }
  if (tensors_.empty()) throw UserError(path, "holds no tensor");
  sort();
}

std::span<const unsigned char> StateDictFile::bytes(const TensorInfo& tensor) const {
  return bytes_.at(tensor.name);
}

void StateDictFile::release(const TensorInfo& tensor) const {
  if (!copied_.contains(tensor.name)) base::release_pages(bytes(tensor).data(), bytes(tensor).size());
}

}  // namespace frugal::checkpoint
