// Batches for training and evaluation, made ahead of time by background threads. All randomness comes from
// (seed, epoch, example), so the batches are the same bytes for any number of threads, after a resume at any
// batch, and whether one process takes the global batch or several take a slice each.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>

#include "data/images/config.h"
#include "data/images/dataset.h"

namespace frugal::data {

struct LoaderConfig {
  std::int64_t batch_size = 64;  // of one rank; the global batch is world × batch_size
  bool shuffle = false;
  AugmentConfig augment;
  std::uint64_t seed = 0;
  int workers = 1;          // threads that prepare batches; 0 = the caller's, when it asks
  bool drop_last = false;   // leave out the partial batch at the end, unless it is the only one
  int rank = 0, world = 1;  // this process's slice of each global batch
  bool channels_last = false;
};

struct Batch {
  torch::Tensor images;          // float32 [B, C, H, W], normalised
  torch::Tensor labels;          // int64 [B]
  std::int64_t index = 0;        // of the batch within the epoch
  std::int64_t global_size = 0;  // examples of all ranks in this batch: to weigh a partial last one. B of a
                                 // rank may be 0 there
};

class Loader {
 public:
  // The set must outlive the loader.
  Loader(const ImageSet& set, const LoaderConfig& config);
  ~Loader();  // ends the threads wherever they are
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t batches_per_epoch() const;

  // Puts the loader at a batch of an epoch; what was prepared for another place is dropped.
  void start_epoch(std::int64_t epoch, std::int64_t first_batch = 0);

  // The next batch, or false at the end of the epoch. Throws what preparing it threw.
  bool next(Batch& batch);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frugal::data
