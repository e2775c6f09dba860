#include "checkpoint/sharded.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/folder_file.h"
#include "base/json_depth.h"
#include "checkpoint/state_dict.h"

namespace frugal::checkpoint {
namespace {

namespace fs = std::filesystem;
using base::UserError;

constexpr const char* single = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";

std::uint64_t bytes_of(const SafetensorsWriter::Entry& entry) {
  std::uint64_t count = size_of(entry.dtype);
  for (const std::int64_t size : entry.shape) count *= static_cast<std::uint64_t>(size);
  return count;
}

}  // namespace

std::map<std::string, std::string> parse_index(const std::string& text, const std::string& origin) {
  base::refuse_deep_json(text, origin);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) throw UserError(origin, "is not a JSON object", "is it copied to its end?");
  const auto found = json.find("weight_map");
  if (found == json.end() || !found->is_object()) {
    throw UserError(origin + ":/weight_map", "is missing or no object", "{tensor: file}");
  }
  std::map<std::string, std::string> map;
  for (const auto& [tensor, file] : found->items()) {
    const std::string place = origin + ":/weight_map/" + tensor;
    if (!file.is_string()) throw UserError(place, "must be the name of a file, got " + file.dump());
    const auto name = file.get<std::string>();
    if (name.empty() || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
      throw UserError(place, "names a file outside the folder: '" + name + "'");
    }
    map[tensor] = name;
  }
  if (map.empty()) throw UserError(origin + ":/weight_map", "names no tensor");
  return map;
}

ShardedFile::ShardedFile(const std::string& path) : path_(path) {
  if (!fs::exists(path)) throw UserError(path, "there is no such file or folder");
  if (!fs::is_directory(path)) {
    add(path);
    return;
  }
  const struct {
    const char *whole, *shards;
  } kinds[] = {{single, index_name}, {"pytorch_model.bin", "pytorch_model.bin.index.json"}};
  for (const auto& kind : kinds) {
    if (base::in_folder(path, kind.whole)) {
      add(base::folder_file(path, kind.whole));
    } else if (base::in_folder(path, kind.shards)) {
      add_shards(kind.shards);
    } else {
      continue;
    }
    strip_wrappers();
    return;
  }
  if (base::in_folder(path, "adapter_config.json")) {
    throw UserError(path, "is a LoRA adapter, not a model",
                    "merge it first: PeftModel.from_pretrained(base, "
                    "adapter).merge_and_unload().save_pretrained(folder)");
  }
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() != ".gguf") continue;
    throw UserError(path, "holds " + entry.path().filename().string() + ": GGUF files are not read",
                    "grow the safetensors model that it was made from, and convert the result");
  }
  throw UserError(path, fmt::format("has neither {} nor {}", single, index_name),
                  "is this the folder of a Hugging Face model?");
}

void ShardedFile::add_shards(const std::string& list) {
  const std::string index = base::folder_file(path_, list);
  const auto map = parse_index(base::read_text(index), index);
  std::set<std::string> names;
  for (const auto& [tensor, file] : map) names.insert(file);
  for (const std::string& name : names) {
    if (!fs::exists(path_ + "/" + name)) {
      throw UserError(index, fmt::format("names the shard '{}', which is missing", name),
                      "copy it beside the others");
    }
  }
  for (const std::string& name : names) add(base::folder_file(path_, name));
  for (const auto& [tensor, file] : map) {
    const Place* place = find(tensor);
    if (place == nullptr || fs::path(place->file->path()).filename() != file) {
      throw UserError(path_ + "/" + file,
                      fmt::format("has no tensor '{}', which {} says it has", tensor, list),
                      "is the shard of another model?");
    }
  }
}

// All names or none: a model may have a part that is called `module`.
void ShardedFile::strip_wrappers() {
  for (bool again = true; again;) {
    again = false;
    for (const std::string prefix : {"_orig_mod.", "module."}) {
      const bool all =
          std::ranges::all_of(tensors_, [&](const auto& one) { return one.first.starts_with(prefix); });
      if (!all || tensors_.empty()) continue;
      std::map<std::string, Place> plain;
      for (const auto& [name, place] : tensors_) plain.emplace(name.substr(prefix.size()), place);
      tensors_ = std::move(plain);
      again = true;
    }
  }
}

void ShardedFile::add(const std::string& path) {
  if (path.ends_with(".gguf")) {
    throw UserError(path, "is a GGUF file, which is not read",
                    "grow the safetensors model that it was made from, and convert the result");
  }
  if (path.ends_with(".bin") || path.ends_with(".pt") || path.ends_with(".pth")) {
    files_.push_back(std::make_unique<StateDictFile>(path));
  } else {
    files_.push_back(std::make_unique<SafetensorsFile>(path));
  }
  const TensorFile& file = *files_.back();
  for (const TensorInfo& info : file.tensors()) {
    const auto [at, fresh] = tensors_.try_emplace(info.name, Place{&file, &info});
    if (!fresh) throw UserError(path + ":" + info.name, "stands in " + at->second.file->path() + " too");
  }
}

const ShardedFile::Place* ShardedFile::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

ShardedWriter::ShardedWriter(const std::string& folder, const std::vector<SafetensorsWriter::Entry>& entries,
                             std::uint64_t shard_bytes)
    : folder_(folder), shards_(1) {
  for (const SafetensorsWriter::Entry& entry : entries) {
    const std::uint64_t bytes = bytes_of(entry);
    if (shard_bytes > 0 && shards_.back().bytes > 0 && shards_.back().bytes + bytes > shard_bytes) {
      shards_.emplace_back();
    }
    shards_.back().entries.push_back(entry);
    shards_.back().bytes += bytes;
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].name =
        shards_.size() == 1 ? single : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards_.size());
  }
}

ShardedWriter::~ShardedWriter() = default;

// The one that the next bytes are of.
SafetensorsWriter& ShardedWriter::shard_with_room() {
  while (writers_.empty() || written_ == shards_[writers_.size() - 1].bytes) {
    FRUGAL_ASSERT(writers_.size() < shards_.size(), "more bytes than the tensors declared");
    const Shard& next = shards_[writers_.size()];
    writers_.push_back(std::make_unique<SafetensorsWriter>(folder_ + "/" + next.name, next.entries,
                                                           Metadata{{"format", "pt"}}));
    written_ = 0;
  }
  return *writers_.back();
}

void ShardedWriter::append(const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    SafetensorsWriter& shard = shard_with_room();
    const auto room = static_cast<std::size_t>(shards_[writers_.size() - 1].bytes - written_);
    const std::size_t now = std::min(count, room);
    shard.append(at, now);
    at += now;
    count -= now;
    written_ += now;
  }
}

ShardedWriter::Parts ShardedWriter::in_parts(std::uint64_t bytes) {
  SafetensorsWriter& shard = shard_with_room();
  written_ += bytes;
  return {&shard, shard.reserve(bytes)};
}

// Weights of an earlier, differently cut write would be read beside these, or instead of them. What their
// index does not name is somebody else's and stays.
void ShardedWriter::remove_others() const {
  std::set<std::string> earlier;
  if (base::refused(folder_, index_name).empty()) {
    for (const auto& [tensor, file] : parse_index(base::read_text(folder_ + "/" + index_name), index_name)) {
      earlier.insert(file);
    }
    earlier.insert(index_name);
  }
  earlier.insert(single);
  for (const Shard& one : shards_) earlier.erase(one.name);
  for (const std::string& name : earlier) fs::remove(folder_ + "/" + name);
}

void ShardedWriter::finish() {
  FRUGAL_ASSERT(writers_.size() == shards_.size(), "fewer tensors than declared");
  for (auto& writer : writers_) writer->finish();
  remove_others();
  if (shards_.size() == 1) return;
  nlohmann::ordered_json index;
  std::uint64_t total = 0;
  for (const Shard& shard : shards_) total += shard.bytes;
  index["metadata"]["total_size"] = total;
  for (const Shard& shard : shards_) {
    for (const auto& entry : shard.entries) index["weight_map"][entry.name] = shard.name;
  }
  base::write_text(folder_ + "/" + index_name, index.dump(2) + "\n");
}

}  // namespace frugal::checkpoint
