#!/usr/bin/env python3
"""The kernels give the same bytes on emulated boards as the plain ones on the host.

  on_boards.py BIN_DIR SOURCE_DIR BOARD     cortex-m3, cortex-m4, cortex-m7, cortex-m55, rv32imc

Puts tests/device/kernels where the example stands in the folder of a compiled network, builds and runs it for BOARD, and
compares every line with those of the host. Skipped (77) by name where a cross-compiler or QEMU is missing.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
WITHOUT_FLOAT = ("cortex-m3", "rv32imc")


def lines_of(bin_dir, source_dir, target, whole):
    """What the program prints on a target; whole: built as for a network in whole numbers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ["sram=524288", *(["--whole"] if whole else [])]
        subprocess.run([f"{bin_dir}/write_device_folder", folder, f"{source_dir}/tests/device/linear", target, *settings],
                       check=True)
        for source in pathlib.Path(source_dir, "tests/device/kernels").iterdir():
            shutil.copy(source, folder)
        done = subprocess.run(["make", "-s", "-j2", "run", "WERROR=1", "MAIN=kernels.c", "SAMPLES=/dev/null",
                               # The most that a compiler may do to loops of floats: they stay in order.
                               "OPTIMISE=-O3",
                               *(["SANITIZE=1"] if target == "host" else [])],
                              cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{target}: the program ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def missing(board):
    tools = ("riscv64-unknown-elf-gcc", "qemu-system-riscv32") if board.startswith("rv") else ("arm-none-eabi-gcc",
                                                                                          "qemu-system-arm")
    return [tool for tool in ("make", "cc", *tools) if shutil.which(tool) is None]


def main():
    bin_dir, source_dir, board = sys.argv[1:]
    if missing(board):
        print(f"skipped: {board} needs {' and '.join(missing(board))} (scripts/setup --device)")
        return SKIPPED
    whole = board in WITHOUT_FLOAT
    wanted = lines_of(bin_dir, source_dir, "host", False)
    got = lines_of(bin_dir, source_dir, board, whole)
    if whole:  # only the cases that do without floats
        wanted = [line for line in wanted if "float" not in line]
    wrong = [f"{board}: {a}, on the host {b}" for a, b in zip(got, wanted) if a != b]
    if len(got) != len(wanted) or len(got) < (70 if whole else 250):
        wrong.append(f"{board}: {len(got)} results, on the host {len(wanted)}")
    print("\n".join(wrong) if wrong else f"{board}: {len(got)} results, each that of the host")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
