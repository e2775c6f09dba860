// A folder of CIFAR's binary files, two batches of it: records or a UserError.

#include "base/error.h"
#include "data/images/raw.h"
#include "fuzz/folder.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static fuzz::Folder folder;
  // The corpus need not hold records: a byte of the input is a label and all pixels of its record.
  std::string records;
  for (std::size_t i = 1; i < size && i < 40; ++i) records += std::string(3073, static_cast<char>(bytes[i]));
  if (size > 40) records += std::string(bytes[40], 'x');
  const bool hundred = size > 0 && bytes[0] % 2 == 1;
  const std::string_view names(reinterpret_cast<const char*>(bytes), size);
  folder.clear();
  if (hundred) {
    for (const char* name : {"train.bin", "test.bin"}) folder.put(name, records);
    folder.put("fine_label_names.txt", names);
  } else {
    for (const char* name : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                             "data_batch_5.bin", "test_batch.bin"})
      folder.put(name, records);
    folder.put("batches.meta.txt", names);
  }
  data::DataConfig config;
  config.kind = "cifar";
  config.path = folder.path();
  for (const bool train : {true, false}) {
    try {
      const data::RawImages raw = data::read_cifar(config, train);
      FRUGAL_ASSERT(raw.pixels.size() == raw.labels.size() * 3072, "a label for each image");
      for (const std::int64_t label : raw.labels) {
        FRUGAL_ASSERT(label >= 0 && label < static_cast<std::int64_t>(raw.class_names.size()),
                      "a label is a class");
      }
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
