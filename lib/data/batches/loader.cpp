#include "data/batches/loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "data/images/augment.h"

namespace frugal::data {
namespace {

// splitmix64's finaliser: enough to make neighbouring examples' streams independent, and far cheaper than
// naming a stream by text for every image.
std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

class Loader::Impl {
 public:
  Impl(const ImageSet& set, const LoaderConfig& config)
      : set_(set), config_(config), table_(normal_table(set)) {
    FRUGAL_ASSERT(config.batch_size > 0, "a batch holds at least one example");
    FRUGAL_ASSERT(config.world > 0 && config.rank >= 0 && config.rank < config.world, "rank within world");
    FRUGAL_ASSERT(set.size() > 0, "open_split refuses empty sets");
    augment_seed_ = base::derive_seed(config.seed, "loader/augment");
    for (int w = 0; w < config.workers; ++w) threads_.emplace_back([this] { work(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_workers_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::int64_t batches_per_epoch() const {
    const std::int64_t global = config_.batch_size * config_.world;
    const std::int64_t whole = set_.size() / global;
    return config_.drop_last && whole > 0 ? whole : (set_.size() + global - 1) / global;
  }

  void start_epoch(std::int64_t epoch, std::int64_t first_batch) {
    FRUGAL_ASSERT(epoch >= 0 && first_batch >= 0, "epochs and batches count from 0");
    // A new object, not a changed one: a worker still at a batch of the old epoch keeps what it reads.
    auto plan = std::make_shared<Plan>();
    plan->epoch = epoch;
    plan->batches = batches_per_epoch();
    plan->order.resize(static_cast<std::size_t>(set_.size()));
    if (config_.shuffle) {
      base::Random random(config_.seed, "loader/order/" + std::to_string(epoch));
      plan->order = random.permutation(plan->order.size());
    } else {
      for (std::size_t i = 0; i < plan->order.size(); ++i) plan->order[i] = i;
    }
    {
      const std::lock_guard lock(mutex_);
      plan_ = std::move(plan);
      to_make_ = to_give_ = first_batch;
      ready_.clear();
    }
    wake_workers_.notify_all();
  }

  bool next(Batch& batch) {
    FRUGAL_ASSERT(plan_ != nullptr, "start_epoch comes before next");
    if (to_give_ >= plan_->batches) return false;
    if (threads_.empty()) {
      batch = make(*plan_, to_give_++);
      return true;
    }
    std::unique_lock lock(mutex_);
    wake_taker_.wait(lock, [this] { return ready_.count(to_give_) > 0; });
    Made made = std::move(ready_.extract(to_give_).mapped());
    ++to_give_;
    lock.unlock();
    wake_workers_.notify_one();
    if (made.error) std::rethrow_exception(made.error);
    batch = std::move(made.batch);
    return true;
  }

 private:
  struct Plan {
    std::int64_t epoch = 0, batches = 0;
    std::vector<std::size_t> order;
  };
  struct Made {
    Batch batch;
    std::exception_ptr error;
  };

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      // Ahead by two batches a worker: enough to bridge an uneven step, little memory.
      const auto may_make = [this] {
        return plan_ && to_make_ < plan_->batches && to_make_ < to_give_ + 2 * config_.workers;
      };
      wake_workers_.wait(lock, [&] { return stopping_ || may_make(); });
      if (stopping_) return;
      const std::shared_ptr<const Plan> plan = plan_;
      const std::int64_t index = to_make_++;
      lock.unlock();
      Made made;
      try {
        made.batch = make(*plan, index);
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      if (plan == plan_) {  // else a new epoch was started meanwhile
        ready_.emplace(index, std::move(made));
        wake_taker_.notify_one();
      }
    }
  }

  Batch make(const Plan& plan, std::int64_t index) const {
    const std::int64_t global = config_.batch_size * config_.world;
    const std::int64_t start = index * global;
    const std::int64_t size = std::min(global, set_.size() - start);
    const std::int64_t begin = start + size * config_.rank / config_.world;
    const std::int64_t end = start + size * (config_.rank + 1) / config_.world;

    Batch batch;
    batch.index = index;
    batch.global_size = size;
    auto options = torch::TensorOptions().dtype(torch::kFloat32);
    if (config_.channels_last) options = options.memory_format(torch::MemoryFormat::ChannelsLast);
    batch.images = torch::empty({end - begin, set_.channels, set_.height, set_.width}, options);
    batch.labels = torch::empty({end - begin}, torch::TensorOptions().dtype(torch::kInt64));
    float* images = batch.images.data_ptr<float>();
    std::int64_t* labels = batch.labels.data_ptr<std::int64_t>();
    std::vector<std::uint8_t> decoded, scratch;
    const std::uint64_t epoch_seed = mix(augment_seed_ ^ mix(static_cast<std::uint64_t>(plan.epoch)));
    for (std::int64_t i = begin; i < end; ++i) {
      const auto example = static_cast<std::int64_t>(plan.order[static_cast<std::size_t>(i)]);
      base::Random random(stream_state(epoch_seed, static_cast<std::uint64_t>(example)));
      render(set_.image(example, decoded), set_, table_, config_.augment, random, config_.channels_last,
             scratch, images + (i - begin) * set_.image_bytes());
      labels[i - begin] = set_.labels[static_cast<std::size_t>(example)];
    }
    return batch;
  }

  static base::Random::State stream_state(std::uint64_t epoch_seed, std::uint64_t example) {
    const std::uint64_t seed = mix(epoch_seed ^ mix(example));
    return {mix(seed), mix(seed + 1), mix(seed + 2), mix(seed + 3)};
  }

  const ImageSet& set_;
  const LoaderConfig config_;
  const NormalTable table_;
  std::uint64_t augment_seed_ = 0;

  std::mutex mutex_;  // guards what follows; next() and start_epoch() belong to one thread
  std::condition_variable wake_workers_, wake_taker_;
  std::shared_ptr<const Plan> plan_;
  std::int64_t to_make_ = 0, to_give_ = 0;
  std::map<std::int64_t, Made> ready_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

Loader::Loader(const ImageSet& set, const LoaderConfig& config)
    : impl_(std::make_unique<Impl>(set, config)) {}
Loader::~Loader() = default;
std::int64_t Loader::batches_per_epoch() const { return impl_->batches_per_epoch(); }
void Loader::start_epoch(std::int64_t epoch, std::int64_t first_batch) {
  impl_->start_epoch(epoch, first_batch);
}
bool Loader::next(Batch& batch) { return impl_->next(batch); }

}  // namespace frugal::data
