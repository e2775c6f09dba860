// Samples a second of the loader alone on Fashion-MNIST with crop and flip, by the number of workers.
// Run: build/bin/loader_bench [PATH of the four IDX files]

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "data/batches/loader.h"

using namespace frugal::data;

int main(int argc, char** argv) {
  DataConfig data;
  if (argc > 1) data.path = argv[1];
  const auto opened = std::chrono::steady_clock::now();
  const ImageSet set = open_split(data, Split::train);
  const std::chrono::duration<double> opening = std::chrono::steady_clock::now() - opened;
  std::printf("{\"benchmark\": \"open fashion-mnist\", \"seconds\": %.3f}\n", opening.count());
  for (int round = 0; round < 3; ++round) {
    for (int workers : {0, 1, 2}) {
      LoaderConfig config;
      config.batch_size = 64;
      config.shuffle = true;
      config.augment.crop_padding = 2;
      config.augment.flip = true;
      config.workers = workers;
      Loader loader(set, config);
      const auto start = std::chrono::steady_clock::now();
      const std::clock_t cpu = std::clock();
      loader.start_epoch(round);
      Batch batch;
      std::int64_t samples = 0;
      while (loader.next(batch)) samples += batch.labels.size(0);
      const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
      const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
      std::printf(
          "{\"benchmark\": \"loader\", \"workers\": %d, \"samples_per_second\": %.0f, "
          "\"samples_per_cpu_second\": %.0f}\n",
          workers, static_cast<double>(samples) / wall.count(), static_cast<double>(samples) / cpu_seconds);
    }
  }
  return 0;
}
