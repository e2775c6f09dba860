// A Hugging Face model directory as it is read: config.json, the weights under their canonical names whatever
// the age of the file, and the other files (tokenizer, …) that a grown model carries along.
//
// What is accepted beside today's names: no base prefix (files of the bare model, the first GPT-2 files),
// gamma/beta for norms (old BERT), buffers that are no weights (position_ids, attn.bias, inv_freq). What the
// table of the architecture does not know is listed in `dropped()`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/sharded.h"
#include "model/transformer/transformer.h"

namespace frugal::model {

// One canonical weight where it stands in the file.
struct StoredWeight {
  const checkpoint::ShardedFile::Place* place = nullptr;
  FileTensor tensor;     // as the architecture's table has it
  std::size_t part = 0;  // of tensor.parts
};

class HfModel {
 public:
  // Opens and checks all: every tensor of the table is there with the shape that config.json says, in
  // float32, float64, bf16 or fp16; what is tied agrees. UserError naming file, tensor and the nearest name.
  // tower: as read_config.
  explicit HfModel(const std::string& folder, const std::string& tower = "");

  const std::string& folder() const { return folder_; }
  const TransformerConfig& config() const { return config_; }
  checkpoint::DType dtype() const { return dtype_; }  // of the largest tensor
  const checkpoint::ShardedFile& files() const { return *files_; }
  const std::vector<std::string>& dropped() const { return dropped_; }
  // UserError where a tensor that the architecture has no role for would be lost, unless `allowed` names it
  // (whole, or a part of its name that ends at a dot).
  void refuse_dropped(const std::vector<std::string>& allowed) const;

  const StoredWeight& stored(const std::string& canonical) const;
  // In canonical layout, converted; `type` undefined: as stored. NaN or infinity is a UserError naming it.
  torch::Tensor read(const std::string& canonical,
                     std::optional<c10::ScalarType> type = torch::kFloat32) const;
  // The same without that check, and over the file's own pages where it has the weight as it is used: a
  // table costs the rows that are looked up. Never to be written, nor used after the model.
  torch::Tensor view(const std::string& canonical, c10::ScalarType type) const;
  Weights read_all(c10::ScalarType type = torch::kFloat32) const;

 private:
  const checkpoint::ShardedFile::Place* locate(const std::string& name) const;
  void check_ties() const;
  torch::Tensor part_of(const StoredWeight& weight) const;

  std::string folder_;
  std::unique_ptr<checkpoint::ShardedFile> files_;
  TransformerConfig config_;
  checkpoint::DType dtype_ = checkpoint::DType::f32;
  std::map<std::string, StoredWeight> stored_;
  std::vector<std::string> dropped_;
};

// The tensor of a file from its canonical parts, contiguous in the file's layout.
torch::Tensor assemble(const FileTensor& tensor, const std::vector<torch::Tensor>& parts);

// Writes config.json and the weights (as `type`); files of `carry_from` (tokenizer, generation config,
// license; no weights, nothing that a run wrote about itself) are copied along, empty: none. The folder is
// made; each file is written aside and renamed, config.json last.
void write_hf(const std::string& folder, const TransformerConfig& config, const Weights& weights,
              checkpoint::DType type, const std::string& carry_from = "", std::uint64_t shard_bytes = 0);
// config.json with `dtype` as transformers has it.
void write_config_file(const std::string& folder, const TransformerConfig& config, checkpoint::DType type);

}  // namespace frugal::model
