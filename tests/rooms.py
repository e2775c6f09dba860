#!/usr/bin/env python3
"""The rule of rooms: a file includes only from its own room and the rooms above it (docs/architecture.md).

Checks every #include of lib/ and tools/, and that no torch header is named in a torch-free room.
"""
import pathlib
import re
import sys

# In order of dependency; the first ones know nothing of the later ones.
TORCH_FREE = ["base", "config", "cli", "report", "checkpoint", "fit", "campaign", "network", "ir", "ops", "autodiff", "passes", "plan",
              "emit"]
WITH_TORCH = ["tensor", "data", "model", "train", "quant", "search", "sparse", "grow"]
ROOMS = TORCH_FREE + WITH_TORCH
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def main(root: pathlib.Path) -> int:
    problems = []
    checked = 0
    for path in sorted((root / "lib").rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        room = path.relative_to(root / "lib").parts[0]
        where = path.relative_to(root)
        if room not in ROOMS:
            problems.append(f"{where}: '{room}' is no room of tests/rooms.py")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            checked += 1
            quoted, target = match.group(1) == '"', match.group(2)
            head = target.split("/")[0]
            if quoted and head not in ROOMS:
                problems.append(f"{where}:{number}: \"{target}\" must be named from its room: \"room/file.h\"")
            elif head in ROOMS and quoted and ROOMS.index(head) > ROOMS.index(room):
                problems.append(f"{where}:{number}: {room} may not include from {head}")
            elif head in ("torch", "ATen", "c10", "mpi.h") and room in TORCH_FREE:
                problems.append(f"{where}:{number}: {room} is torch-free and may not include {target}")
            elif target == "nlohmann/json.hpp" and path.suffix == ".h":
                problems.append(f"{where}:{number}: the full json.hpp belongs in .cpp files; use json_fwd.hpp")
            elif target.startswith("fmt/") and path.suffix == ".h":
                problems.append(f"{where}:{number}: keep fmt out of headers (LibTorch ships another one)")
    if not checked:
        problems.append("no #include found: wrong folder?")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"rooms: {checked} includes checked, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
