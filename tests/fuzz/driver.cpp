// A small coverage-guided fuzzer for LLVMFuzzerTestOneInput, where there is no libFuzzer (g++): inputs of the
// corpus are changed at random; one that reaches code that none reached before joins the pool. The same seed
// gives the same changes. An input that ends the program is written to CRASHES/crash-PROGRAM.bin; give that
// file as an argument to run it again. --keep FOLDER: inputs that join the pool are written there, and those
// that are there already are read; --bytes N: inputs of up to so many bytes.

#include <sanitizer/common_interface_defs.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t map_size = 1 << 16;
constexpr long input_seconds = 20;  // of processor time; an input that takes longer is a finding as well
std::array<std::uint8_t, map_size> reached;  // by the input that runs now
std::uintptr_t previous_place = 0;

const Input* current = nullptr;  // what to write down if the program ends now
std::string crash_path;

void write_crash() {
  if (!current) return;
  if (std::FILE* file = std::fopen(crash_path.c_str(), "wb")) {
    std::fwrite(current->data(), 1, current->size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input of %zu bytes is in %s\n", current->size(), crash_path.c_str());
  }
  current = nullptr;
}

void on_terminate() {
  if (const std::exception_ptr error = std::current_exception()) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      std::fprintf(stderr, "an exception left the parser: %s\n", what.what());
    } catch (...) {
    }
  }
  write_crash();
  std::_Exit(1);
}

void on_alarm(int) {
  std::fprintf(stderr, "one input took more than %ld seconds of processor time\n", input_seconds);
  write_crash();
  std::_Exit(1);
}

}  // namespace

// Called by -fsanitize-coverage=trace-pc at every edge. Places are relative to the driver, so that where the
// program was loaded does not matter; a pair of places makes one entry.
extern "C" void __sanitizer_cov_trace_pc() {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) -
                    reinterpret_cast<std::uintptr_t>(&write_crash);
  std::uint8_t& count = reached[((here * 0x9e3779b1u) ^ previous_place) % map_size];
  if (count < 255) ++count;
  previous_place = (here * 0x9e3779b1u) >> 1;
}

namespace {

class Fuzzer {
 public:
  Fuzzer(std::uint64_t seed, std::size_t most_bytes, std::string keep)
      : random_(seed), most_bytes_(most_bytes), keep_(std::move(keep)) {}

  void add_seed(Input input) {
    run(input);
    pool_.push_back(std::move(input));
  }

  void step() {
    Input input = pool_[below(pool_.size())];
    const std::size_t changes = std::size_t{1} << below(5);
    for (std::size_t i = 0; i < changes; ++i) change(input);
    if (input.size() > most_bytes_) input.resize(most_bytes_);
    if (!run(input)) return;
    if (!keep_.empty()) write(input);
    pool_.push_back(std::move(input));
  }

  std::size_t pool_size() const { return pool_.size(); }
  std::size_t runs() const { return runs_; }
  std::size_t places() const {
    return static_cast<std::size_t>(std::count_if(seen_.begin(), seen_.end(), [](auto s) { return s != 0; }));
  }

  // True where the input reached something new: a place, or a place many more times.
  bool run(const Input& input) {
    reached.fill(0);
    previous_place = 0;
    current = &input;
    ++runs_;
    // Of this process's own time: on a busy machine the clock on the wall says nothing about the input.
    const itimerval limit{{0, 0}, {input_seconds, 0}};
    setitimer(ITIMER_VIRTUAL, &limit, nullptr);
    // A copy of exactly this size, so that one byte too far is seen.
    const auto bytes = std::make_unique<std::uint8_t[]>(input.size());
    std::copy(input.begin(), input.end(), bytes.get());
    LLVMFuzzerTestOneInput(bytes.get(), input.size());
    current = nullptr;
    bool is_new = false;
    for (std::size_t word = 0; word < map_size; word += 8) {
      std::uint64_t any;
      std::memcpy(&any, reached.data() + word, 8);
      if (!any) continue;
      for (std::size_t i = word; i < word + 8; ++i) {
        if (!reached[i]) continue;
        const auto bucket = static_cast<std::uint8_t>(1u << std::min(7u, bits(reached[i])));
        if (seen_[i] & bucket) continue;
        seen_[i] |= bucket;
        is_new = true;
      }
    }
    return is_new;
  }

 private:
  // Named by what it holds, so that one input is there once.
  void write(const Input& input) const {
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    for (const std::uint8_t byte : input) hash = (hash ^ byte) * 1099511628211u;
    char name[32];
    std::snprintf(name, sizeof name, "/%016llx", static_cast<unsigned long long>(hash));
    std::ofstream(keep_ + name, std::ios::binary)
        .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
  }

  static unsigned bits(unsigned value) {
    unsigned count = 0;
    for (; value > 1; value >>= 1) ++count;
    return count;
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  void change(Input& input) {
    static constexpr std::uint64_t numbers[] = {
        0,          1,      2,       7,          8,          255,        256,        0x7fff,
        0x8000,     0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 0x7fffffffffffffffull,
        1ull << 63, ~0ull};
    static const std::string words[] = {"-1",
                                        "0",
                                        "1e999",
                                        "-1e-999",
                                        "nan",
                                        "inf",
                                        "NaN",
                                        "Infinity",
                                        "null",
                                        "true",
                                        "18446744073709551616",
                                        "\"\"",
                                        "[]",
                                        "{}",
                                        ",",
                                        "\n",
                                        "\r\n",
                                        "\\u0000",
                                        "\\ud800",
                                        "\xff",
                                        "(",
                                        ")",
                                        "[[[[",
                                        "((((",
                                        "{\"a\":",
                                        "1.7976931348623157e308",
                                        "0x10",
                                        "//",
                                        "\"",
                                        "'",
                                        "^-",
                                        "--"};
    const std::size_t at = input.empty() ? 0 : below(input.size());
    switch (below(9)) {
      case 0:
        if (!input.empty()) input[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<std::uint8_t>(below(256));
        break;
      case 2: {  // an integer of 1, 2, 4 or 8 bytes of either order
        const std::size_t width = std::size_t{1} << below(4);
        if (input.size() < width) break;
        const std::uint64_t value = numbers[below(std::size(numbers))];
        const bool big = below(2) == 1;
        const std::size_t start = below(input.size() - width + 1);
        for (std::size_t i = 0; i < width; ++i) {
          input[start + (big ? width - 1 - i : i)] = static_cast<std::uint8_t>(value >> (8 * i));
        }
        break;
      }
      case 3:
        input.resize(at);
        break;
      case 4: {  // take out a piece
        const std::size_t count = std::min(input.size() - at, below(16) + 1);
        input.erase(input.begin() + static_cast<std::ptrdiff_t>(at),
                    input.begin() + static_cast<std::ptrdiff_t>(at + count));
        break;
      }
      case 5: {  // double a piece
        const std::size_t count = std::min(input.size() - at, below(64) + 1);
        const Input piece(input.begin() + static_cast<std::ptrdiff_t>(at),
                          input.begin() + static_cast<std::ptrdiff_t>(at + count));
        insert(input, below(input.size() + 1), piece);
        break;
      }
      case 6: {
        const std::string& word = words[below(std::size(words))];
        insert(input, at, Input(word.begin(), word.end()));
        break;
      }
      case 7: {  // the head of this one, the tail of another
        const Input& other = pool_[below(pool_.size())];
        if (other.empty()) break;
        input.resize(at);
        input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size())),
                     other.end());
        break;
      }
      default:
        insert(input, at, Input(below(8) + 1, static_cast<std::uint8_t>(below(256))));
    }
  }

  static void insert(Input& input, std::size_t at, const Input& piece) {
    input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
  }

  std::mt19937_64 random_;
  std::size_t most_bytes_;
  std::string keep_;
  std::vector<Input> pool_;
  std::array<std::uint8_t, map_size> seen_{};
  std::size_t runs_ = 0;
};

Input read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 8;
  std::uint64_t seed = 0;
  std::size_t most_bytes = 1 << 14;
  std::string corpus, keep, crashes = ".";
  std::vector<std::string> replay;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool takes_value = name == "--seconds" || name == "--seed" || name == "--corpus" ||
                             name == "--crashes" || name == "--keep" || name == "--bytes";
    if (!takes_value) {
      replay.push_back(name);
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (name == "--seconds") seconds = std::atof(value);
    if (name == "--seed") seed = std::strtoull(value, nullptr, 10);
    if (name == "--corpus") corpus = value;
    if (name == "--crashes") crashes = value;
    if (name == "--keep") keep = value;
    if (name == "--bytes") most_bytes = std::strtoull(value, nullptr, 10);
  }
  const std::string program = std::filesystem::path(argv[0]).filename().string();
  crash_path = crashes + "/crash-" + program + ".bin";
  std::set_terminate(on_terminate);
  std::signal(SIGVTALRM, on_alarm);
  __sanitizer_set_death_callback(write_crash);

  Fuzzer fuzzer(seed, most_bytes, keep);
  if (!replay.empty()) {
    for (const std::string& path : replay) fuzzer.run(read_file(path));
    return 0;
  }
  fuzzer.add_seed({});
  if (!keep.empty()) std::filesystem::create_directories(keep);
  for (const std::string& folder : {corpus, keep}) {
    if (folder.empty()) continue;
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      paths.push_back(entry.path().string());
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) fuzzer.add_seed(read_file(path));
  }
  const std::size_t seeds = fuzzer.pool_size(), seed_places = fuzzer.places();
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    for (int i = 0; i < 16; ++i) fuzzer.step();
  }
  std::printf("%s: %zu inputs from %zu seeds; %zu edges (%zu from the seeds), %zu inputs kept\n",
              program.c_str(), fuzzer.runs(), seeds, fuzzer.places(), seed_places, fuzzer.pool_size());
  return 0;
}
