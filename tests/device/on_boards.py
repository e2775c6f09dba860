#!/usr/bin/env python3
"""The int8 kernels give the same bytes on emulated boards as the plain ones on the host.

  tests/device/on_boards.py SOURCE_DIR BOARD [C_COMPILER]

Builds tests/device/kernels.c for BOARD (cortex-m3, cortex-m4, cortex-m7, cortex-m55, rv32imc), runs it in QEMU and
compares every line with those of the host. Skipped (77) by name where a cross-compiler or QEMU is missing.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-pedantic", "-Werror",
         "-ffp-contract=off"]
BARE = ["-nostartfiles", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments"]
ARM = ["-mthumb", *BARE]
# Vectors flush the smallest floats to zero: loops of floats are not vectorised there.
BOARDS = {
    "cortex-m3": ("mps2-an385", ["-mcpu=cortex-m3", "-DOPS_NO_FLOAT", *ARM], "0", "0x20000000"),
    "cortex-m4": ("mps2-an386", ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", *ARM], "0", "0x20000000"),
    "cortex-m7": ("mps2-an500", ["-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", *ARM], "0", "0x20000000"),
    "cortex-m55": ("mps3-an547", ["-mcpu=cortex-m55", "-mfloat-abi=hard", "-fno-tree-vectorize", "-fno-tree-slp-vectorize",
                                  "-DBOARD_SYSTICK", *ARM], "0", "0x21000000"),
    "rv32imc": ("virt", ["-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "-DOPS_NO_FLOAT", "-ffreestanding", "-nostdlib",
                         *BARE], "0x80000000", "0x80100000"),
}
SOURCES = ["tests/device/board.c", "lib/ops/conv_i8.c", "lib/ops/depthwise_i8.c", "lib/ops/requantize.c",
           "lib/ops/conv_i8_avx2.c"]


def build(root, board, program, folder):
    """Compiles `program` and the kernels for a board, and gives the file."""
    machine, flags, code, data = BOARDS[board]
    riscv = board.startswith("rv")
    compiler = "riscv64-unknown-elf-gcc" if riscv else "arm-none-eabi-gcc"
    out = folder / board
    arm = [] if riscv else sorted((root / "lib/ops/arm").glob("*.c"))
    subprocess.run([compiler, *FLAGS, *flags, f"-I{root}/lib", f"-I{root}/tests/device", f"-T{root}/tests/device/board.ld",
                    f"-Wl,--defsym=code_origin={code},--defsym=data_origin={data}", program,
                    *[root / source for source in SOURCES], *arm, *(["-lgcc"] if riscv else []), "-o", out], check=True)
    return out


def run(board, program):
    """What a program prints on an emulated board; instructions are counted exactly."""
    emulator = ["qemu-system-riscv32", "-bios", "none"] if board.startswith("rv") else ["qemu-system-arm"]
    done = subprocess.run([*emulator, "-M", BOARDS[board][0], "-icount", "shift=0", "-nographic", "-monitor", "none",
                           "-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", program],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{board}: the program ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return (done.stdout + done.stderr).splitlines()


def missing(board):
    tools = ("riscv64-unknown-elf-gcc", "qemu-system-riscv32") if board.startswith("rv") else ("arm-none-eabi-gcc",
                                                                                          "qemu-system-arm")
    return [tool for tool in tools if shutil.which(tool) is None]


def on_host(root, compiler, folder):
    out = folder / "host"
    subprocess.run([compiler, *FLAGS, f"-I{root}/lib", f"-I{root}/tests/device", root / "tests/device/kernels.c",
                    *[root / source for source in SOURCES], *sorted((root / "lib/ops/arm").glob("*.c")), "-o", out], check=True)
    return subprocess.run([out], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def main():
    root, board = pathlib.Path(sys.argv[1]), sys.argv[2]
    if missing(board):
        print(f"skipped: {board} needs {' and '.join(missing(board))} (scripts/setup --device)")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        wanted = on_host(root, sys.argv[3] if len(sys.argv) > 3 else "cc", folder)
        got = run(board, build(root, board, root / "tests/device/kernels.c", folder))
    if "-DOPS_NO_FLOAT" in BOARDS[board][1]:  # only the cases that do without floats
        wanted = [line for line in wanted if "float" not in line]
    wrong = [f"{board}: {a}, on the host {b}" for a, b in zip(got, wanted) if a != b]
    if len(got) != len(wanted) or len(got) < 50:
        wrong.append(f"{board}: {len(got)} results, on the host {len(wanted)}")
    print("\n".join(wrong) if wrong else f"{board}: {len(got)} results, each that of the host")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
