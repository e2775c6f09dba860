#include "tensor/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/memory.h"
#include "base/memory_limit.h"
#include "base/random.h"

namespace frugal::tensor {
namespace {

// Every step allocates and frees the same large blocks. By default the C library gives them back to the
// system at once and the next step pays for each page again (measured: 40 % of all CPU time was the
// kernel's).
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

// Where MKL gets no memory to pack matrices in, it multiplies them another way and rounds otherwise: results
// would depend on how much memory there is. It lets programs set its malloc; another LibTorch has no such
// name.
__attribute__((constructor)) void end_where_mkl_gets_no_memory() {
  using Allocate = void* (*)(std::size_t);
  if (void* const allocate = ::dlsym(RTLD_DEFAULT, "i_malloc")) {
    *static_cast<Allocate*>(allocate) = base::allocate_or_end;
  }
}

}  // namespace

torch::Device parse_device(const std::string& text) {
  using base::UserError;
  if (text == "cpu") return torch::kCPU;
  if (text != "cuda" && !text.starts_with("cuda:")) {
    throw UserError("--device", "unknown device '" + text + "'", "cpu, cuda or cuda:N");
  }
  int index = 0;
  if (text.size() > 4) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + 5, end, index);
    if (error != std::errc() || at != end || index < 0) {
      throw UserError("--device", "unknown device '" + text + "'", "cpu, cuda or cuda:N");
    }
  }
  static const base::UnkeptMemory for_the_driver;  // it maps far more memory than it uses
  if (!torch::cuda::is_available()) {
    throw UserError("--device", "no CUDA here: LibTorch has none or sees no GPU", "use --device cpu");
  }
  if (index >= static_cast<int>(torch::cuda::device_count())) {
    const auto count = torch::cuda::device_count();
    throw UserError("--device",
                    count == 1 ? "there is only 1 GPU" : "there are only " + std::to_string(count) + " GPUs",
                    "cuda:0 is the first");
  }
  return torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
}

torch::Device use_device(const std::string& text) {
  const torch::Device device = parse_device(text);
  if (device.is_cuda()) {
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8",
           /*overwrite=*/0);  // cuBLAS repeats itself with a fixed workspace alone
    at::Context& context = at::globalContext();
    context.setDeterministicAlgorithms(true, /*warn_only=*/false);
    context.setDeterministicFillUninitializedMemory(false);  // nothing here reads memory that was not written
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
    context.setAllowTF32CuDNN(false);
    context.setAllowTF32CuBLAS(false);
  }
  return device;
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  // Of a container (cgroup 2): "200000 100000" microseconds of time in each period, or "max 100000".
  double time = 0, period = 0;
  if (std::ifstream limit("/sys/fs/cgroup/cpu.max"); limit >> time >> period && time > 0 && period > 0) {
    cores = std::min(cores, std::max(1, static_cast<int>(std::ceil(time / period))));
  }
  return cores;
}

int threads_for(double multiply_accumulates, int cores) {
  constexpr double worth_a_thread = 2e9;
  const double worth = std::floor(multiply_accumulates / worth_a_thread);
  return worth < cores ? std::max(1, static_cast<int>(worth)) : cores;
}

int set_threads(int threads, double multiply_accumulates) {
  if (threads <= 0) {
    threads = usable_cores();
    if (multiply_accumulates > 0) threads = threads_for(multiply_accumulates, threads);
  }
  at::set_num_threads(threads);
  keep_freed_memory();
  at::globalContext().setFlushDenormal(true);
  return threads;
}

void seed_torch(std::uint64_t seed) { torch::manual_seed(base::derive_seed(seed, "torch")); }

}  // namespace frugal::tensor
