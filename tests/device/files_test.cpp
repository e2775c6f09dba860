// What stands beside a compiled network: every file's includes are there, sizes are filled in, bad settings
// refused.
#include "device/files.h"

#include <algorithm>
#include <regex>
#include <set>

#include "base/error.h"
#include "support/message_of.h"
#include "support/test.h"

namespace {

using namespace frugal;

std::string text_of(const std::vector<device::File>& files, const std::string& path) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const device::File& file) { return file.path == path; });
  REQUIRE(found != files.end());
  return found->text;
}

}  // namespace

TEST_CASE("device files: every include of a folder is in it, for every target", "[device]") {
  for (const device::Target target : device::all_targets) {
    for (const bool whole : {false, true}) {
      if (!whole && !device::has_float(target)) continue;
      device::FileSettings settings;
      settings.target = target;
      settings.whole_numbers = whole;
      const std::vector<device::File> files = device::device_files(settings);
      std::set<std::string> paths{"frugal_model.h"};
      for (const device::File& file : files) paths.insert(file.path);
      CHECK(paths.size() == files.size() + 1);
      const std::regex include("#include \"([^\"]+)\"");
      int included = 0;
      for (const device::File& file : files) {
        INFO(file.path);
        CHECK_FALSE(std::regex_search(file.text, std::regex("@[A-Z_]+@")));
        const std::filesystem::path folder = std::filesystem::path(file.path).parent_path();
        for (std::sregex_iterator at(file.text.begin(), file.text.end(), include), end; at != end; ++at) {
          const std::string path = (folder / (*at)[1].str()).lexically_normal().string();
          INFO(path);
          CHECK(paths.count(path) == 1);
          ++included;
        }
      }
      CHECK(included > 30);
      CHECK(paths.count("kernels/conv_i8.c") == 1);
      CHECK(paths.count("kernels/conv_i8_dsp.c") == 1);
      CHECK(paths.count("kernels/conv_i8_avx2.c") == 0);
      CHECK(paths.count("kernels/arguments.h") == 0);
      CHECK(paths.count("kernels/gradient.c") == (whole ? 0 : 1));
    }
  }
}

TEST_CASE("device files: the user's sizes are the linker's", "[device]") {
  device::FileSettings settings;
  settings.target = device::Target::cortex_m4;
  settings.flash_bytes = 400000;
  settings.sram_bytes = 123456;
  settings.stack_bytes = 3000;
  const auto files = device::device_files(settings);
  const std::string script = text_of(files, "boards/cortex_m.ld");
  CHECK(script.find("LENGTH = 400000\n") != std::string::npos);
  CHECK(script.find("LENGTH = 123456\n") != std::string::npos);
  CHECK(script.find("frugal_stack_bytes = 3000;") != std::string::npos);
  CHECK(text_of(files, "Makefile").find("TARGET ?= cortex-m4\n") != std::string::npos);
}

TEST_CASE("device files: settings that cannot be are refused with what can", "[device]") {
  const auto message = [](auto change) {
    device::FileSettings settings;
    change(settings);
    return test::message_of([&] { device::device_files(settings); });
  };
  CHECK(message([](auto& s) { s.stack_bytes = s.sram_bytes; }).find("less than the SRAM's 262144") !=
        std::string::npos);
  CHECK(message([](auto& s) { s.flash_bytes = 64 << 20; }).find("1 to 4194304 bytes on cortex-m7") !=
        std::string::npos);
  CHECK(message([](auto& s) { s.sram_bytes = 0; }).find("must be") != std::string::npos);
  CHECK(message([](auto& s) { s.target = device::Target::cortex_m3; }).find("no floating point") !=
        std::string::npos);
  CHECK(device::target_named("m55", "--target") == device::Target::cortex_m55);
  CHECK(device::target_named("cortex-m55", "--target") == device::Target::cortex_m55);
  CHECK(test::message_of([] { device::target_named("m6", "--target"); }).find("unknown target 'm6'") !=
        std::string::npos);
}
