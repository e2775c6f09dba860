// Writes the files of a target and a hand-written network into a folder, for tests of what surrounds a
// compiled network:
//   write_device_folder OUT MODEL_FOLDER TARGET [--whole] [flash=BYTES] [sram=BYTES] [stack=BYTES]
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "device/files.h"

namespace {

using namespace frugal;

void write(const std::string& out, const device::FileSettings& settings, const std::string& model) {
  for (const device::File& file : device::device_files(settings)) {
    base::make_folder(std::filesystem::path(out + "/" + file.path).parent_path().string());
    base::write_text(out + "/" + file.path, file.text);
  }
  for (const auto& entry : std::filesystem::directory_iterator(model))
    base::write_text(out + "/" + entry.path().filename().string(), base::read_text(entry.path().string()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    device::FileSettings settings;
    settings.target = device::target_named(argv[3], "TARGET");
    for (int i = 4; i < argc; ++i) {
      const std::string given = argv[i];
      const std::string key = given.substr(0, given.find('=')), value = given.substr(given.find('=') + 1);
      if (given == "--whole") settings.whole_numbers = true;
      if (key == "flash") settings.flash_bytes = std::stoll(value);
      if (key == "sram") settings.sram_bytes = std::stoll(value);
      if (key == "stack") settings.stack_bytes = std::stoll(value);
    }
    write(argv[1], settings, argv[2]);
  } catch (const base::UserError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
