#!/usr/bin/env python3
"""The compilation database as clang-tidy can read it, and which sources include torch.

usage: lint_database.py BUILD_DIR OUT_DIR PATH…

Writes OUT_DIR/compile_commands.json: one entry a source (the fuzzers compile some a second time), with torch/torch.h
itself in place of gcc's precompiled header, and without flags that clang does not know. Prints the sources under the PATHs, one a line, after the word
`torch` (torch's headers are reached through ours) or `plain`.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def includes_torch(path: pathlib.Path, known: dict) -> bool:
    if path not in known:
        known[path] = False  # an include guard's cycle ends here
        for name in INCLUDE.findall(path.read_text()):
            ours = next((p for p in (ROOT / "lib" / name, ROOT / "tests" / name, path.parent / name) if p.exists()), None)
            if name.startswith(("torch/", "ATen/", "c10/")) or (ours and includes_torch(ours.resolve(), known)):
                known[path] = True
                break
    return known[path]


def main() -> int:
    build, out, *wanted = sys.argv[1:]
    entries = {}
    for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text()):
        command = re.sub(r" -include \S+/frugal_learn.dir/cmake_pch\.hxx", " -include torch/torch.h", entry["command"])
        command = re.sub(r" -include \S+/cmake_pch\.hxx", "", command)
        command = re.sub(r" (-Winvalid-pch|-fpch-preprocess|-Wno-restrict|-Werror)(?= )", "", command)
        command = re.sub(r" -fsanitize\S+| -fno-sanitize\S+", "", command)
        entries.setdefault(entry["file"], {**entry, "command": command})
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    pathlib.Path(out, "compile_commands.json").write_text(json.dumps(list(entries.values()), indent=1))
    folders = [(ROOT / path).resolve() for path in wanted]
    known: dict = {}
    for file in sorted(entries):
        path = pathlib.Path(file).resolve()
        if any(folder in (path, *path.parents) for folder in folders):
            print("torch" if includes_torch(path, known) else "plain", path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
