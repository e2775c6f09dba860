// What stands in a compiled folder beside the generated network: kernels, runtime, boards, build files,
// licence. The compiler (lib/emit) writes these and then adds, at the top of the folder,
//
//   frugal_model.h   includes "runtime/frugal.h" (answers, frugal_flash, FRUGAL_MARK) and "kernels/ops.h" as
//   it needs frugal_*.c       as many as it likes; all are compiled. FRUGAL_MARK(n) after the n-th call
//   counts its instructions
//
// Of frugal_model.h the program that reads a stream (runtime/stream.c) uses FRUGAL_INPUT_BYTES,
// FRUGAL_CLASSES, frugal_network_id, frugal_init, frugal_predict, frugal_train_step, frugal_state;
// FRUGAL_NO_FLOAT where rate and loss are int32_t (rate: FRUGAL_RATE_BITS behind the point); and,
// where FRUGAL_INPUT_IN_ARENA is defined, `void* frugal_input(void)`: where an input may be put so that it
// needs no memory of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::device {

enum class Target { host, cortex_m3, cortex_m4, cortex_m7, cortex_m55, rv32imc };

inline constexpr Target all_targets[] = {Target::host,      Target::cortex_m3,  Target::cortex_m4,
                                         Target::cortex_m7, Target::cortex_m55, Target::rv32imc};

std::string name_of(Target target);  // "cortex-m7", as gcc's -mcpu
// From that name or the short one (m3, m4, m7, m55, rv32). Throws UserError at `place`.
Target target_named(const std::string& name, const std::string& place);
bool has_float(Target target);  // hardware for float32: not Cortex-M3, RV32IMC
// Throws UserError at `place` for a target without floats and a network with them.
void require_arithmetic(Target target, bool whole_numbers, const std::string& place);

struct FileSettings {
  Target target = Target::cortex_m7;  // what the Makefile builds unless told otherwise
  bool whole_numbers = false;  // the network rounds and trains in whole numbers: every target can run it
  std::int64_t flash_bytes = 1024 * 1024;
  std::int64_t sram_bytes = 256 * 1024;
  std::int64_t stack_bytes = 4096;
  std::string name = "frugal_model";  // of the folder, for its README
  std::string optimise = "-O2";
};

struct File {
  std::string path;  // in the folder: "kernels/conv_i8.c", "Makefile"
  std::string text;
};

// Sorted by path; the same settings give the same bytes. Throws UserError where the sizes leave no room (a
// stack as large as the SRAM) or a board has less, and where a target without floats is to run a network with
// them.
std::vector<File> device_files(const FileSettings& settings);

}  // namespace frugal::device
