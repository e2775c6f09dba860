// Reads a format, chooses the examples of a split, and brings them to the channels and size asked for.
#include "data/images/dataset.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "base/stop.h"
#include "data/images/raw.h"
#include "data/images/resize.h"
#include "samples/classes.h"

namespace frugal::data {
namespace {

struct Format {
  const char* kind;
  RawImages (*read)(const DataConfig& config, bool train);
  std::vector<double> mean, std;  // where the config gives none
};

// The table of formats. Means and deviations as they are usually quoted, per channel, of pixels in [0, 1]:
// those of the training sets of Fashion-MNIST, CIFAR-10 and (for folders) ImageNet; for other IDX files the
// middle of the range.
const std::vector<Format>& formats() {
  static const std::vector<Format> table = {
      {"fashion-mnist", read_idx_files, {0.2860}, {0.3530}},
      {"idx", read_idx_files, {0.5}, {0.25}},
      {"cifar", read_cifar, {0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}},
      {"folder", read_folder, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
  };
  return table;
}

const Format* find_format(const std::string& kind) {
  for (const Format& format : formats()) {
    if (kind == format.kind) return &format;
  }
  return nullptr;
}

// Values for one channel serve three, and grey is the mean of the three.
std::vector<float> per_channel(const std::vector<double>& given, std::int64_t channels,
                               const std::string& place) {
  const auto wanted = static_cast<std::size_t>(channels);
  if (given.size() == wanted) return {given.begin(), given.end()};
  if (given.size() == 1) return std::vector<float>(wanted, static_cast<float>(given[0]));
  if (given.size() == 3 && wanted == 1) return {static_cast<float>((given[0] + given[1] + given[2]) / 3)};
  throw base::UserError(
      place, std::to_string(given.size()) + " values for images of " + std::to_string(channels) + " channels",
      "give one value, or one for each channel");
}

// Luma of ITU-R BT.601, as in JPEG.
std::uint8_t luma(std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  return static_cast<std::uint8_t>((299 * r + 587 * g + 114 * b + 500) / 1000);
}

void convert_channels(const std::uint8_t* in, std::int64_t from, std::int64_t to, std::int64_t area,
                      std::uint8_t* out) {
  const auto plane = static_cast<std::size_t>(area);
  if (from == to) {
    std::memcpy(out, in, plane * static_cast<std::size_t>(from));
  } else if (from == 1) {
    for (std::int64_t c = 0; c < to; ++c) std::memcpy(out + c * area, in, plane);
  } else {
    for (std::int64_t i = 0; i < area; ++i) out[i] = luma(in[i], in[i + area], in[i + 2 * area]);
  }
}

// One example as it is kept: channels converted, resized. Buffers are the caller's, one a thread.
class Example {
 public:
  Example(const RawImages& raw, const ImageSet& set) : raw_(raw), set_(set) {
    stored_.resize(static_cast<std::size_t>(raw.channels * raw.height * raw.width));
    converted_.resize(static_cast<std::size_t>(set.channels * raw.height * raw.width));
  }

  void take(std::int64_t index, std::uint8_t* out) {
    const std::int64_t area = raw_.height * raw_.width;
    const std::uint8_t* in = raw_.pixels.data() + index * raw_.channels * area;
    if (raw_.load) {
      raw_.load(index, stored_.data());
      in = stored_.data();
    }
    if (raw_.height == set_.height && raw_.width == set_.width) {
      convert_channels(in, raw_.channels, set_.channels, area, out);
      return;
    }
    convert_channels(in, raw_.channels, set_.channels, area, converted_.data());
    resize(converted_.data(), set_.channels, raw_.height, raw_.width, centre_square(raw_.height, raw_.width),
           set_.height, set_.width, out);
  }

 private:
  const RawImages& raw_;
  const ImageSet& set_;
  std::vector<std::uint8_t> stored_, converted_;
};

// Fills set.pixels on all cores. Of several damaged files the first one is reported, whoever met it first:
// each thread goes upwards and stops at its own first, so the lowest of these is the lowest of all.
void take_examples(const RawImages& raw, const std::vector<std::int64_t>& chosen, ImageSet& set) {
  const auto image_bytes = static_cast<std::size_t>(set.image_bytes());
  set.pixels.resize(chosen.size() * image_bytes);
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
  std::vector<std::exception_ptr> errors(threads);
  std::vector<std::size_t> failed_at(threads, chosen.size());
  const auto work = [&](std::size_t thread) {
    std::size_t k = thread;
    try {
      Example example(raw, set);
      for (; k < chosen.size(); k += threads) {
        base::stop_if_requested();
        example.take(chosen[k], set.pixels.data() + k * image_bytes);
      }
    } catch (...) {
      errors[thread] = std::current_exception();
      failed_at[thread] = k;
    }
  };
  std::vector<std::thread> pool;
  for (std::size_t t = 1; t < threads; ++t) pool.emplace_back(work, t);
  work(0);
  for (std::thread& thread : pool) thread.join();
  const auto first = std::min_element(failed_at.begin(), failed_at.end());
  const std::exception_ptr error = errors[static_cast<std::size_t>(first - failed_at.begin())];
  if (error) std::rethrow_exception(error);
}

}  // namespace

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Format& format : formats()) names.emplace_back(format.kind);
  return names;
}

const std::uint8_t* ImageSet::image(std::int64_t i, std::vector<std::uint8_t>& scratch) const {
  if (!decode) return pixels.data() + i * image_bytes();
  scratch.resize(static_cast<std::size_t>(image_bytes()));
  decode(i, scratch.data());
  return scratch.data();
}

namespace {

ImageSet open(const DataConfig& config, Split split) {
  const Format* format = find_format(config.kind);
  if (!format) throw base::UserError(config.place + "/kind", "unknown data kind '" + config.kind + "'");
  if (config.channels == 2) {
    throw base::UserError(config.place + "/channels", "must be 0 (as stored), 1 or 3, got 2");
  }
  if (split == Split::validation && config.validation <= 0) {
    throw base::UserError(config.place + "/validation", "is 0: there is no validation split",
                          "give it a share of the training examples, for instance 0.1");
  }
  RawImages raw = format->read(config, split != Split::test);

  ImageSet set;
  set.name = config.kind + " " + name_of(split);
  set.channels = config.channels > 0 ? config.channels : raw.channels;
  set.height = config.resolution > 0 ? config.resolution : raw.height;
  set.width = config.resolution > 0 ? config.resolution : raw.width;
  set.mean =
      per_channel(config.mean.empty() ? format->mean : config.mean, set.channels, config.place + "/mean");
  set.std = per_channel(config.std.empty() ? format->std : config.std, set.channels, config.place + "/std");

  const samples::ClassChoice classes =
      samples::choose_classes(config.classes, raw.class_names, config.place + "/classes");
  set.class_names = classes.names;
  std::vector<std::int64_t> kept, labels;  // examples of the classes chosen, and their new labels
  for (std::size_t i = 0; i < raw.labels.size(); ++i) {
    const std::int64_t label = classes.new_label[static_cast<std::size_t>(raw.labels[i])];
    if (label < 0) continue;
    kept.push_back(static_cast<std::int64_t>(i));
    labels.push_back(label);
  }
  std::vector<std::int64_t> chosen;  // of the kept ones, then of all
  if (split == Split::test) {
    chosen.resize(kept.size());
    std::iota(chosen.begin(), chosen.end(), 0);
  } else {
    chosen = samples::choose_examples(
        labels, {config.fraction, config.validation, static_cast<std::uint64_t>(config.seed)}, split);
  }
  if (chosen.empty()) {
    throw base::UserError(config.path, "the " + std::string(name_of(split)) + " split holds no image",
                          "of " + std::to_string(kept.size()) + " examples too small a share was asked for");
  }
  for (std::int64_t& i : chosen) {
    set.labels.push_back(labels[static_cast<std::size_t>(i)]);
    i = kept[static_cast<std::size_t>(i)];
  }
  const bool as_stored = !raw.load && chosen.size() == raw.labels.size() && set.channels == raw.channels &&
                         set.height == raw.height && set.width == raw.width;
  const double bytes = static_cast<double>(set.size()) * static_cast<double>(set.image_bytes());
  if (as_stored) {
    set.pixels = std::move(raw.pixels);
  } else if (raw.load && bytes > static_cast<double>(config.memory_mb) * 1e6) {
    set.decode = [load = raw.load, chosen = std::move(chosen)](std::int64_t i, std::uint8_t* out) {
      load(chosen[static_cast<std::size_t>(i)], out);
    };
  } else {
    take_examples(raw, chosen, set);
  }
  return set;
}

}  // namespace

ImageSet open_split(const DataConfig& config, Split split) {
  try {
    return open(config, split);
  } catch (const base::UserError& error) {
    // What is wrong with a file also says which field named it.
    if (config.path.empty() || !error.place().starts_with(config.path)) throw;
    throw base::UserError(error.place() + " (" + config.place + "/path)", error.message(), error.hint());
  }
}

}  // namespace frugal::data
