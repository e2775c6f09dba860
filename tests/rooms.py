#!/usr/bin/env python3
"""The rule of rooms: what each folder of lib/ may include (docs/architecture.md).

Checks every #include of lib/ and tools/ against the list below, that no torch header is named in a torch-free
room, and that the rooms are built and stand in the table of docs/architecture.md. A folder that is not listed may include
nothing. A folder may always include from itself; a sub-room stands in the list like a room, and its room may not
be included for that alone.
"""
import pathlib
import re
import sys

BASICS = ["base", "config", "report"]
LAW = ["fit/numeric", "fit/runs", "fit/law"]
FIT = LAW + ["fit/schedule", "fit/posterior", "fit/curve", "fit/surface", "fit/decide"]
IMAGES = ["network", "model/image"]
BATCHES = ["data/images", "data/batches"]
TRAINING = ["checkpoint", "tensor", "train/run", "train/parallel", "train"]

# A folder may only name folders that stand above it: so the list has no circle.
TORCH_FREE = {
    "base": [],
    "config": ["base"],
    "report": ["base"],
    "cli": BASICS,
    "checkpoint": ["base"],
    "samples": ["base", "checkpoint"],
    "fit/numeric": ["base"],
    "fit/runs": ["base", "config", "fit/numeric"],
    "fit/law": BASICS + ["fit/numeric", "fit/runs"],
    "fit/law/laws": ["base", "fit/numeric", "fit/law"],
    "fit/schedule": BASICS + LAW,
    "fit/posterior": BASICS + LAW,
    "fit/curve": BASICS + LAW,
    "fit/curve/laws": ["base", "fit/numeric", "fit/curve"],
    "fit/surface": BASICS + LAW + ["fit/posterior", "fit/curve"],
    "fit/decide": BASICS + LAW + ["fit/posterior", "fit/curve", "fit/surface"],
    "fit/command": BASICS + FIT,
    "fit/validate": BASICS + FIT + ["fit/command"],
    "campaign": ["base", "config"],
    "ir": ["base"],
    "ir/operators": ["base", "ir"],
    "network": ["base", "config", "ir"],
    "network/import": ["base", "config", "checkpoint", "ir", "network"],
    "ops": ["base", "ir"],
    "ops/arm": ["ops"],
    "autodiff": ["base", "ir", "ops"],
    "passes": ["base", "ir", "ops", "autodiff"],
    "plan": BASICS + ["ir"],
    "device/runtime": [],
    "device": BASICS + ["device/runtime"],
    "device/boards": ["device/runtime"],
    "device/boards/freestanding": [],
    "device/package": ["device/runtime"],
    "quant": BASICS + ["checkpoint", "ir", "ops", "autodiff", "plan"],
    "emit": BASICS + ["ir", "ops", "passes", "plan", "device", "device/runtime", "quant"],
    "quant/convert": BASICS + ["ir", "quant"],
    "sparse": BASICS + ["ir", "ops", "network/import", "autodiff", "passes", "plan", "quant"],
    "compile": BASICS + ["ir", "ops", "network", "network/import", "autodiff", "passes", "plan", "device", "quant", "quant/convert", "emit", "sparse"],
    "emulate": BASICS + ["ir", "ops", "network", "network/import", "autodiff", "plan", "device", "device/runtime", "quant", "emit", "sparse", "compile"],
    "data/images": ["base", "config", "samples"],
    "train/run": BASICS,
    "adapt": BASICS + ["checkpoint", "ir", "network", "network/import", "autodiff", "quant", "sparse", "samples",
                       "data/images", "train/run"],
    "calibrate": BASICS + ["samples", "ir", "network", "network/import", "quant", "quant/convert", "data/images", "train/run",
                           "adapt"],
    "teach": BASICS + ["samples", "ir", "network/import", "device", "quant", "sparse", "emit", "compile", "emulate", "data/images", "train/run", "adapt"],
}
WITH_TORCH = {
    "tensor": ["base", "checkpoint"],
    "data/batches": ["base", "data/images"],
    "data/tokens": BASICS + ["tensor"],
    "model/kernels": ["base", "tensor"],
    "model/image": ["base", "network", "ir", "tensor", "model/kernels"],
    "model/pretrained": ["base", "network", "checkpoint", "tensor", "model/image"],
    "model/transformer": ["base", "config", "checkpoint", "tensor", "model/kernels"],
    "model/transformer/architectures": ["base", "model/transformer"],
    "train/parallel": ["base", "tensor", "train/run"],
    "train": BASICS + ["checkpoint", "tensor", "train/run", "train/parallel"],
    "train/images": BASICS + IMAGES + TRAINING + BATCHES + ["model/pretrained"],
    "train/transformers": BASICS + TRAINING + BATCHES + ["data/tokens", "model/transformer", "train/images"],
    "search/space": ["base", "config", "network"],
    "search/cost": BASICS + ["network", "ir", "search/space"],
    "search/profile": BASICS + IMAGES + ["ir", "tensor", "search/space", "search/cost"],
    "search/derive": BASICS + ["network", "device", "compile", "emulate", "search/space", "search/cost", "search/profile"],
    "search/supernet": ["base", "config", "tensor", "model/pretrained", "search/space"] + IMAGES,
    "search/strategy": BASICS + ["tensor", "train", "search/space", "search/cost", "search/derive", "search/supernet"],
    "search/run": BASICS + IMAGES + TRAINING + BATCHES + ["train/images", "search/space", "search/cost",
                                                "search/profile", "search/derive", "search/supernet", "search/strategy"],
    "search/start": BASICS + IMAGES + ["network/import", "data/images", "train/run", "train/images", "search/space", "search/cost", "search/profile",
                                       "search/supernet", "search/run"],
    "in_float": ["base", "ir", "autodiff", "quant", "quant/convert", "sparse", "tensor", "model/image", "adapt", "calibrate"],
    "grow": BASICS + TRAINING + ["model/transformer", "data/images", "data/tokens", "train/transformers"],
    "grow/operators": ["base", "grow", "model/transformer"],
}
# The executables, from all that is above; scalefit and tinytrain-compile start without torch.
TOOLS = {"scalefit": {**TORCH_FREE}, "tinytrain_compile": {**TORCH_FREE}, "tinytrain_float": {**TORCH_FREE, **WITH_TORCH}, "nas_search": {**TORCH_FREE, **WITH_TORCH}, "ligo_grow": {**TORCH_FREE, **WITH_TORCH}}

# Includes that still run the wrong way, each with the folder that will not be included any more.
UNFINISHED = set()

# Headers of a compiled folder: what generated C, and C beside it, includes.
GENERATED = {"frugal_model.h": ("device/runtime", "device/package", "emit"), "runtime/slots.h": ("emit",),
             "kernels/ops.h": ("emit",), "kernels/integer.h": ("emit",), "kernels/rows.h": ("emit",), "kernels/replay.h": ("emit",), "kernels/channels.h": ("emit",)}

ROOMS = {**TORCH_FREE, **WITH_TORCH}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def problems_of_list(root: pathlib.Path) -> list:
    """The list itself: every name is known and stands above; torch-free folders name no others; the table agrees."""
    problems = []
    above = set()
    for folder, allowed in ROOMS.items():
        for name in allowed:
            if name not in ROOMS:
                problems.append(f"tests/rooms.py: {folder} names '{name}', which is no folder of the list")
            elif name not in above:
                problems.append(f"tests/rooms.py: {folder} names '{name}', which stands below it")
        above.add(folder)
    built = (root / "CMakeLists.txt").read_text()
    lists = {name: re.search(rf"set\({name} ([^)]*)\)", built).group(1).split() for name in ("core_rooms", "learn_rooms")}
    for name, folders in (("core_rooms", TORCH_FREE), ("learn_rooms", WITH_TORCH)):
        for folder in folders:
            room = folder.split("/")[0]
            if not (root / "lib" / folder).exists():
                continue
            if room not in lists[name] and folder not in lists[name]:
                problems.append(f"CMakeLists.txt: {folder} is not among {name}: nothing builds it")
            if name == "learn_rooms" and (room in lists["core_rooms"] or folder in lists["core_rooms"]):
                problems.append(f"CMakeLists.txt: {folder} is among core_rooms, which build without torch")
    table = (root / "docs/architecture.md").read_text()
    for room in dict.fromkeys(folder.split("/")[0] for folder in ROOMS):
        row, to_come = f"| `lib/{room}` |" in table, f"`{room}`" in table
        if not row and ((root / "lib" / room).exists() or not to_come):
            problems.append(f"docs/architecture.md: no row for lib/{room}")
    for room in re.findall(r"^\| `lib/(\w+)` \|", table, re.MULTILINE):
        if not any(folder.split("/")[0] == room for folder in ROOMS):
            problems.append(f"docs/architecture.md: lib/{room} is no room of tests/rooms.py")
    return problems


def problem_of_include(folder: str, file: str, quoted: bool, target: str, header: bool) -> str:
    """What is wrong with one #include of a file in lib/folder, or nothing."""
    included = target.rpartition("/")[0]
    if target.split("/")[0] in ("torch", "ATen", "c10", "mpi.h") and folder in TORCH_FREE:
        return f"{folder} is torch-free and may not include {target}"
    if target == "nlohmann/json.hpp" and header:
        return "the full json.hpp belongs in .cpp files; use json_fwd.hpp"
    if target.startswith("fmt/") and header:
        return "keep fmt out of headers (LibTorch ships another one)"
    if not quoted or folder in GENERATED.get(target, ()):
        return ""
    if included not in ROOMS:
        return f'"{target}" must be named from its room: "room/file.h"'
    if included != folder and included not in ROOMS[folder] and (file, included) not in UNFINISHED:
        return f"{folder} may not include from {included}"
    return ""


def includes(path: pathlib.Path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def main(root: pathlib.Path) -> int:
    problems = problems_of_list(root)
    checked = 0
    sources = [path for folder in ("lib", "tools") for path in sorted((root / folder).rglob("*"))
               if path.suffix in (".h", ".cpp", ".c")]
    for path in sources:
        where = path.relative_to(root)
        file = where.relative_to(where.parts[0]).as_posix()
        folder = file.rpartition("/")[0]
        if where.parts[0] == "lib" and folder not in ROOMS:
            problems.append(f"{where}: lib/{folder} is no folder of tests/rooms.py and may include nothing")
            continue
        for number, quoted, target in includes(path):
            checked += 1
            if where.parts[0] == "lib":
                problem = problem_of_include(folder, file, quoted, target, path.suffix == ".h")
            else:
                tool, included = (folder or path.stem), target.rpartition("/")[0]
                wrong = quoted and included != tool and included not in TOOLS.get(tool, {})
                problem = f"{tool} may not include from {included}" if wrong else ""
            if problem:
                problems.append(f"{where}:{number}: {problem}")
    if not checked:
        problems.append("no #include found: wrong folder?")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"rooms: {checked} includes checked, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
