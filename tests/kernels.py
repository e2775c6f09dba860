#!/usr/bin/env python3
"""kernels.py COMPILER LIBRARY...: asks the built libraries whether the inner loops kept their flags.

A *_kernel.cpp is compiled with -ffp-contract=fast, and its functions twice: for machines with FMA and for all
(FRUGAL_VECTOR_CLONES). A file that CMake's pattern misses still builds and still gives nearly the same numbers,
only slower, so nothing else would notice. The exponentials and logarithms of lib/fit/numeric must have become code
that works on four numbers at a time: a branch in the loop is enough to lose that. Exit 77: this machine or compiler cannot be asked.
"""
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTION = re.compile(r"^[0-9a-f]+ <(\w+)\.(fma|default)(?:\.\d+)?>:$")


def unpacked(libraries: list, folder: str) -> dict:
    """Each kernel's object file, by the name of its source."""
    found = {}
    for library in libraries:
        members = subprocess.run(["ar", "t", library], check=True, capture_output=True, text=True).stdout.split()
        for member in members:
            if re.search(r"_kernel\.cpp\.(o|obj)$", member):
                subprocess.run(["ar", "x", str(pathlib.Path(library).resolve()), member], check=True, cwd=folder)
                found[re.sub(r"\.(o|obj)$", "", member)] = pathlib.Path(folder) / member
    return found


def fused_by_clone(object_file: pathlib.Path) -> dict:
    """{"fma": {function: fused multiply-adds}, "default": {...}}"""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(object_file)], check=True, capture_output=True,
                          text=True).stdout
    clones, current = {"fma": {}, "default": {}}, None
    for line in text.splitlines():
        if line.endswith(">:"):
            match = FUNCTION.match(line)
            current = match and (match.group(2), match.group(1))
            if current:
                clones[current[0]][current[1]] = 0
        elif current and re.search(r"\bvfn?m(add|sub)", line):
            clones[current[0]][current[1]] += 1
    return clones


def problems_of(source: pathlib.Path, object_file) -> list:
    if object_file is None:
        return ["is in no library"]
    clones = fused_by_clone(object_file)
    problems = []
    if not clones["fma"] or clones["fma"].keys() != clones["default"].keys():
        problems.append("has no clone with FMA and one without: mark its functions with FRUGAL_VECTOR_CLONES")
    elif not any(clones["fma"].values()):
        problems.append("has no fused multiply-add: it was built without -ffp-contract=fast (CMakeLists.txt, kernel_sources)")
    if any(clones["default"].values()):
        problems.append("needs FMA on every machine: only the clone may be built for it")
    return problems


def one_at_a_time(libraries: list, folder: str) -> list:
    """The functions vector_* of lib/fit/numeric whose AVX2 clone multiplies no four numbers at once."""
    asked, packed = set(), set()
    for library in libraries:
        members = subprocess.run(["ar", "t", library], check=True, capture_output=True, text=True).stdout.split()
        for member in members:
            if not re.search(r"(fit_numeric|^vector_math\.cpp).*\.(o|obj)$", member):
                continue
            subprocess.run(["ar", "x", str(pathlib.Path(library).resolve()), member], check=True, cwd=folder)
            text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", member], check=True, capture_output=True,
                                  text=True, cwd=folder).stdout
            current = None
            for line in text.splitlines():
                if line.endswith(">:"):
                    match = re.search(r"<\w*?(vector_[a-z_]+?)E\w*\.avx2", line)
                    current = match and match.group(1)
                    if current:
                        asked.add(current)
                elif current and re.search(r"\bvmulpd\b.*%ymm", line):
                    packed.add(current)
    return sorted(asked - packed) if asked else ["vector_exp"]


def main(compiler: str, libraries: list) -> int:
    for reason, met in (("an x86-64 machine", platform.machine() in ("x86_64", "AMD64")),
                        ("GCC, which makes the clones", compiler == "GNU"),
                        ("ar and objdump", shutil.which("ar") and shutil.which("objdump"))):
        if not met:
            print(f"SKIPPED kernels: needs {reason}")
            return 77
    kernels = sorted((ROOT / "lib").rglob("*_kernel.cpp"))
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        objects = unpacked(libraries, folder)
        for source in kernels:
            problems += [f"{source.relative_to(ROOT)} {problem}"
                         for problem in problems_of(source, objects.get(source.name))]
        problems += [f"lib/fit/numeric/vector_math.cpp: {name} works on one number at a time"
                     for name in one_at_a_time(libraries, folder)]
    for name in {source.name for source in kernels if sum(other.name == source.name for other in kernels) > 1}:
        problems.append(f"two kernels are called {name}: this test would see one of them")
    for source in sorted((ROOT / "lib").rglob("*.cpp")):
        if '"model/kernels/vector.h"' in source.read_text() and not source.name.endswith("_kernel.cpp"):
            problems.append(f"{source.relative_to(ROOT)} uses model/kernels/vector.h and is not called *_kernel.cpp")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"kernels: {len(kernels)} checked, {len(problems)} problems")
    return 1 if problems or not kernels else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
