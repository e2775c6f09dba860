#!/usr/bin/env python3
"""The kernels compute the same bits on every machine as far as a compiler can tell: no double, no fused product, no libm.

  tests/portable_kernels.py SOURCE_DIR [C_COMPILER]

Looks at every source that a device gets, compiles the portable ones with warnings for what becomes a double, and asks that
flags which change bits are refused. Skipped (77) where the compiler has no such warnings (clang has one of the two).
"""
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
WARNINGS = ("-Wdouble-promotion", "-Wunsuffixed-float-constants")
# A word, or a number with a point and no f behind it.
FORBIDDEN = re.compile(r"\b(?:double|__builtin_fma\w*|fmaf?|fmal|vfma\w*|(?:exp|log|pow|sqrt|round|rint|nearbyint|floor|ceil|fabs)f?(?= *\())\b"
                       r"|\b(?:math|tgmath)\.h\b|(?<![\w.])(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
REFUSED = (("-ffast-math",), ("-D__FLT_EVAL_METHOD__=2", "-Wno-builtin-macro-redefined"))


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", " ", text, flags=re.S)


def compiled(compiler, source, folder, *flags):
    command = [compiler, "-std=c11", "-O1", "-Wall", "-Werror", "-ffp-contract=off", *flags, f"-I{folder}", "-c", str(source), "-o",
               "/dev/null"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main():
    folder = pathlib.Path(sys.argv[1]) / "lib"
    compiler = sys.argv[2] if len(sys.argv) > 2 else "cc"
    with tempfile.NamedTemporaryFile("w", suffix=".c") as probe:
        probe.write("int f(int x) { return x; }\n")
        probe.flush()
        if compiled(compiler, probe.name, folder, *WARNINGS).returncode != 0:
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
        done = compiled(compiler, source, folder, *WARNINGS)
        if done.returncode != 0:
            wrong.append(f"{source.name} does not compile without double:\n{done.stderr}")
    for flags in REFUSED:
        if compiled(compiler, folder / "ops/conv_gradient.c", folder, *flags).returncode == 0:
            wrong.append(f"conv_gradient.c compiles with {flags[0]}, which changes its bits")
    for name in ("Makefile", "CMakeLists.txt"):
        if "-ffp-contract=off" not in (folder / "device/package" / name).read_text():
            wrong.append(f"device/package/{name} lets a compiler fuse products and sums: -ffp-contract=off is not there")
    if len(portable) < 20:
        wrong.append("the kernels are not where they were")
    print("\n".join(wrong) if wrong else f"{len(portable)} kernels compile to floats alone, {len(REFUSED)} flags are refused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
