#!/usr/bin/env python3
"""The sources that a processor without floating point gets compile without it, and training there names no float.

  tests/integer_only.py SOURCE_DIR [C_COMPILER]

Skipped (77) where the compiler cannot be told to do without floating-point registers (x86-64 GCC and clang can).
"""
import pathlib
import re
import sys

from c_sources import SKIPPED, compiled, takes

FLAGS = ("-O2", "-mgeneral-regs-only", "-DOPS_NO_FLOAT")
FORWARD = ("conv_i8", "conv_i8_of_parts", "depthwise_i8", "elementwise_i8", "product_i8", "requantize", "softmax_i8", "replay")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def main():
    folder = pathlib.Path(sys.argv[1]) / "lib"
    compiler = sys.argv[2] if len(sys.argv) > 2 else "cc"
    if not takes(compiler, folder, *FLAGS):
        print("skipped: the compiler has no -mgeneral-regs-only")
        return SKIPPED
    training = sorted(folder.glob("ops/integer_*.c"))
    wrong = []
    for source in training + [folder / "ops" / f"{name}.c" for name in FORWARD]:
        done = compiled(compiler, source, folder, *FLAGS)
        if done.returncode != 0:
            wrong.append(f"{source.name} does not compile without floating point:\n{done.stderr}")
    for source in training + [folder / "ops/integer.h", folder / "ops/fixed_exp.h"]:
        found = re.search(r"\b(float|double)\b", without_comments(source.read_text()))
        if found:
            wrong.append(f"{source.name} names {found.group()}")
    if len(training) < 5:
        wrong.append("the sources of training without floats are not where they were")
    print("\n".join(wrong) if wrong else f"{len(training)} sources of training and {len(FORWARD)} of inference, no float")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
