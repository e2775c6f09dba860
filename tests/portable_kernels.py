#!/usr/bin/env python3
"""The kernels compute the same bits on every machine as far as a compiler can tell: no double, no fused product, no libm.

  tests/portable_kernels.py SOURCE_DIR [C_COMPILER]

Looks at every source that a device gets, compiles the portable ones with warnings for what becomes a double, and asks that
flags which change bits are refused. Skipped (77) where the compiler has no such warnings (clang has one of the two).
"""
import pathlib
import re
import sys

from c_sources import SKIPPED, compiled, takes

FLAGS = ("-O1", "-ffp-contract=off")
WARNINGS = ("-Wdouble-promotion", "-Wunsuffixed-float-constants")
# A word, or a number with a point and no f behind it.
FORBIDDEN = re.compile(r"\b(?:double|__builtin_fma\w*|fmaf?|fmal|vfma\w*|(?:exp|log|pow|sqrt|round|rint|nearbyint|floor|ceil|fabs)f?(?= *\())\b"
                       r"|\b(?:math|tgmath)\.h\b|(?<![\w.])(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
REFUSED = (("-ffast-math",), ("-U__FLT_EVAL_METHOD__", "-D__FLT_EVAL_METHOD__=2", "-Wno-builtin-macro-redefined"))


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", " ", text, flags=re.S)


def main():
    folder = pathlib.Path(sys.argv[1]) / "lib"
    compiler = sys.argv[2] if len(sys.argv) > 2 else "cc"
    if not takes(compiler, folder, *FLAGS, *WARNINGS):
        print(f"SKIPPED: {compiler} has no {' '.join(WARNINGS)}")
        return SKIPPED
    wrong = []
    portable = [path for path in sorted(folder.glob("ops/*.c")) if not path.stem.endswith("_avx2")]
    # Headers of a .cpp are the host's own.
    headers = [path for path in sorted(folder.glob("ops/*.h")) if not path.with_suffix(".cpp").exists()]
    runtime = sorted(folder.glob("device/runtime/*.[ch]"))
    for source in portable + headers + sorted(folder.glob("ops/arm/*.[ch]")) + runtime:
        found = FORBIDDEN.search(without_comments(source.read_text()))
        if found:
            wrong.append(f"{source.relative_to(folder)} names {found.group()}")
    for source in portable:
        done = compiled(compiler, source, folder, *FLAGS, *WARNINGS)
        if done.returncode != 0:
            wrong.append(f"{source.name} does not compile without double:\n{done.stderr}")
    for flags in REFUSED:
        done = compiled(compiler, folder / "ops/conv_gradient.c", folder, *FLAGS, *flags)
        if "these kernels" not in done.stderr:  # our refusal, not a compiler's that lacks the flag
            wrong.append(f"conv_gradient.c does not refuse {' '.join(flags)}, which changes its bits")
    for name in ("Makefile", "CMakeLists.txt"):
        if "-ffp-contract=off" not in (folder / "device/package" / name).read_text():
            wrong.append(f"device/package/{name} lets a compiler fuse products and sums: -ffp-contract=off is not there")
    if len(portable) < 20:
        wrong.append("the kernels are not where they were")
    print("\n".join(wrong) if wrong else f"{len(portable)} kernels compile to floats alone, {len(REFUSED)} flags are refused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
