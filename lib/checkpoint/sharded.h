// The weights of a Hugging Face model directory: `model.safetensors`, or shards with
// `model.safetensors.index.json` ({"weight_map": {tensor: file}}); where there are none, the same of
// `pytorch_model.bin`. Read as one set of tensors. `_orig_mod.` and `module.`, which torch.compile and data
// parallel training put before every name, are taken off.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"

namespace frugal::checkpoint {

// The weight_map of an index. UserError where it is none, or where it names a file outside the folder.
std::map<std::string, std::string> parse_index(const std::string& text, const std::string& origin);

class ShardedFile {
 public:
  struct Place {
    const TensorFile* file;
    const TensorInfo* info;
    std::span<const unsigned char> bytes() const { return file->bytes(*info); }
    void release() const { file->release(*info); }
    std::string text() const { return file->path() + ":" + info->name; }
  };

  // `path`: a folder, or one safetensors file. Every shard is opened and checked. UserError where there are
  // no weights (with what there is instead), where a shard is missing, or lacks a tensor that the index
  // promises.
  explicit ShardedFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::map<std::string, Place>& tensors() const { return tensors_; }
  const Place* find(const std::string& name) const;
  std::size_t shard_count() const { return files_.size(); }

 private:
  void add(const std::string& path);
  void add_shards(const std::string& index_name);
  void strip_wrappers();

  std::string path_;
  std::vector<std::unique_ptr<TensorFile>> files_;
  std::map<std::string, Place> tensors_;
};

// Writes a set of tensors in the order given, as one file or as shards of at most `shard_bytes` (0: one file)
// with their index. Nothing is in the folder before finish(), which renames the shards, removes weights that
// an earlier write left there, and writes the index.
class ShardedWriter {
 public:
  ShardedWriter(const std::string& folder, const std::vector<SafetensorsWriter::Entry>& entries,
                std::uint64_t shard_bytes);
  ~ShardedWriter();
  void append(const void* bytes, std::size_t count);  // of the next tensor, whole or in pieces
  // The next tensor, whole, in parts that any thread may put at their places in it.
  class Parts {
   public:
    void put(std::uint64_t place, const void* bytes, std::size_t count) const {
      writer_->put(begin_ + place, bytes, count);
    }

   private:
    friend ShardedWriter;
    Parts(SafetensorsWriter* writer, std::uint64_t begin) : writer_(writer), begin_(begin) {}
    SafetensorsWriter* writer_;
    std::uint64_t begin_;
  };
  Parts in_parts(std::uint64_t bytes);
  void finish();

 private:
  struct Shard {
    std::string name;
    std::vector<SafetensorsWriter::Entry> entries;
    std::uint64_t bytes = 0;
  };

  SafetensorsWriter& shard_with_room();
  void remove_others() const;

  std::string folder_;
  std::vector<Shard> shards_;
  std::vector<std::unique_ptr<SafetensorsWriter>> writers_;
  std::uint64_t written_ = 0;  // of the present shard
};

}  // namespace frugal::checkpoint
