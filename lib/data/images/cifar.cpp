// CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky 2009): records of the label byte (CIFAR-100: a
// coarse one, then the fine one, which is used) and 3×32×32 pixels, planes in the order red, green, blue.

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "data/images/raw.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t pixel_bytes = 3 * 32 * 32;

struct Variant {
  std::vector<std::string> train, test;
  std::string names;
  std::size_t label_bytes;
  std::int64_t classes;
};

const Variant& variant_of(const std::string& folder) {
  static const Variant ten = {
      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      {"test_batch.bin"},
      "batches.meta.txt",
      1,
      10};
  static const Variant hundred = {{"train.bin"}, {"test.bin"}, "fine_label_names.txt", 2, 100};
  const auto has = [&folder](const std::string& name) { return fs::exists(fs::path(folder) / name); };
  if (has(ten.train[0]) || has(ten.test[0])) return ten;
  if (has(hundred.train[0]) || has(hundred.test[0])) return hundred;
  throw base::UserError(folder,
                        "neither CIFAR-10 (data_batch_1.bin) nor CIFAR-100 (train.bin) is in this folder",
                        "unpack cifar-10-binary.tar.gz or cifar-100-binary.tar.gz and name its folder");
}

// One name a line; "0", "1", … where the file is missing or has too few.
std::vector<std::string> read_names(const std::string& path, std::int64_t classes) {
  std::vector<std::string> names;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (static_cast<std::int64_t>(names.size()) == classes) return names;
  names.clear();
  for (std::int64_t c = 0; c < classes; ++c) names.push_back(std::to_string(c));
  return names;
}

void read_batch(const std::string& path, const Variant& variant, RawImages& raw) {
  const base::MappedFile file(path);
  const std::size_t record = variant.label_bytes + pixel_bytes;
  if (file.size() == 0 || file.size() % record != 0) {
    const std::string found = std::to_string(file.size());
    throw base::UserError(path,
                          file.size() == 0
                              ? "the file is empty"
                              : "truncated: " + found + " bytes are no whole number of records of " +
                                    std::to_string(record) + " bytes",
                          "download or unpack the file again");
  }
  for (std::size_t at = 0; at < file.size(); at += record) {
    const unsigned char* bytes = file.data() + at;
    const std::int64_t label = bytes[variant.label_bytes - 1];
    if (label >= variant.classes) {
      throw base::UserError(path, "label " + std::to_string(label) + " of record " +
                                      std::to_string(at / record) + " is out of range: there are " +
                                      std::to_string(variant.classes) + " classes");
    }
    raw.labels.push_back(label);
    raw.pixels.insert(raw.pixels.end(), bytes + variant.label_bytes, bytes + record);
  }
}

}  // namespace

RawImages read_cifar(const DataConfig& config, bool train) {
  if (config.path.empty()) {
    throw base::UserError(config.place + "/path", "data of kind 'cifar' needs a path",
                          "the folder of data_batch_1.bin or train.bin");
  }
  const Variant& variant = variant_of(config.path);
  RawImages raw;
  raw.channels = 3;
  raw.height = raw.width = 32;
  raw.class_names = read_names((fs::path(config.path) / variant.names).string(), variant.classes);
  for (const std::string& name : train ? variant.train : variant.test) {
    read_batch((fs::path(config.path) / name).string(), variant, raw);
  }
  return raw;
}

}  // namespace frugal::data
