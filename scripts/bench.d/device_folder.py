"""What scripts/tiny_kernels, tiny_device and tiny_ladder share: schemes of a file, folders compiled, built and run."""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def require(*tools):
    """Exits with 2 where one is not there."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        print(f"{pathlib.Path(sys.argv[0]).name}: error: no {', '.join(missing)} (scripts/setup --device installs them)",
              file=sys.stderr)
        sys.exit(2)


def scheme_of(file, name, index, folder):
    """The index-th scheme of a network in schemes.json, as a file of its own."""
    path = pathlib.Path(folder, f"{name}-{index}.json")
    path.write_text(json.dumps(json.loads(pathlib.Path(file).read_text())[name][int(index)]))
    return str(path)


def ours(program, *arguments):
    """The result of a command of tinytrain-compile. Exits where that fails."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else None


def compiled(program, folder, **settings):
    """compile.json of the network that the settings name: scheme=..., device__sram="256KB"."""
    sets = [flag for key, value in settings.items() for flag in ("--set", f"{key.replace('__', '.')}={value}")]
    return ours(program, "compile", "--json", "--quiet", *sets, "--out", folder)


def input_bytes(folder):
    return int(re.search(r"FRUGAL_INPUT_BYTES (\d+)", pathlib.Path(folder, "frugal_model.h").read_text()).group(1))


def lines_of(folder, *settings):
    """What `make run` prints."""
    done = subprocess.run(["make", "-s", "-j2", "run", *settings], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"make run {' '.join(settings)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout.splitlines()


def write_samples(path, shape, classes, count):
    """Samples of noise with classes in turn, as `data.kind: tensors` takes them."""
    size, state = count, 1
    for extent in shape:
        size *= extent
    numbers = bytearray()
    for _ in range(size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        numbers.append(state >> 24)
    labels = struct.pack(f"<{count}i", *(i % classes for i in range(count)))
    header = json.dumps({"inputs": {"dtype": "I8", "shape": [count, *shape], "data_offsets": [0, size]},
                         "labels": {"dtype": "I32", "shape": [count], "data_offsets": [size, size + len(labels)]}}).encode()
    header += b" " * (-len(header) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(header)) + header + numbers + labels)
