#!/usr/bin/env python3
"""Commands in a control group with little memory: a sentence and exit code 1, where the kernel alone would kill.

usage: memory_process.py BIN_DIR [CASE…]
Without the right to make a group it says SKIPPED.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from cases import run_cases

BIN = pathlib.Path(sys.argv[1]).resolve()


def own_group(root: pathlib.Path, controller: str) -> pathlib.Path:
    """The folder of this process's group."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, of, path = line.split(":", 2)
        if of == controller and (root / path.lstrip("/")).is_dir():
            return root / path.lstrip("/")
    return root


@contextlib.contextmanager
def group(limit: int):
    """A group whose processes may take so many bytes; its folder."""
    second = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()
    root = pathlib.Path("/sys/fs/cgroup") if second else pathlib.Path("/sys/fs/cgroup/memory")
    folder = own_group(root, "" if second else "memory") / f"frugal{os.getpid()}"
    folder.mkdir()
    try:
        (folder / ("memory.max" if second else "memory.limit_in_bytes")).write_text(str(limit))
        yield folder
    finally:
        folder.rmdir()


class Case:
    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-memory-")
        self.folder = pathlib.Path(self.temp.name)

    def run(self, limit: int, *command: str) -> subprocess.CompletedProcess:
        with group(limit) as here:
            return subprocess.run(["sh", "-c", f'echo $$ > {here}/cgroup.procs && exec "$@"', "sh", *command], cwd=self.folder,
                                  capture_output=True, text=True, timeout=300)


def said(case: Case) -> None:
    """A table that does not fit."""
    with open(case.folder / "runs.csv", "w") as table:
        table.write("size,data,error\n")
        table.writelines(f"{1000000 + 7 * i},{100000000 + 13 * i},{3 + i % 97 / 100:.3f}\n" for i in range(900000))
    done = case.run(100_000_000, str(BIN / "scalefit"), "fit", "runs.csv", "--quiet", "--out", "fit.json")
    assert done.returncode == 1, f"exit code {done.returncode}: {done.stderr}"
    assert done.stderr.startswith("scalefit: error: out of memory") and "its cgroup allows 100 MB" in done.stderr, done.stderr
    assert not (case.folder / "fit.json").exists()


def fits(case: Case) -> None:
    """What fits in the group is done in it."""
    (case.folder / "runs.csv").write_text("size,data,error\n" + "".join(f"{10**n},{10**d},{1 + 9 / n + 9 / d:.3f}\n"
                                                                       for n in range(5, 9) for d in range(6, 10)))
    done = case.run(100_000_000, str(BIN / "scalefit"), "fit", "runs.csv", "--quiet", "--out", "fit.json")
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"


def programs_are_free(case: Case) -> None:
    """What measure starts is not held to the limit that measure keeps to."""
    (case.folder / "runs.jsonl").write_text('{"id": "a"}\n')
    line = "ulimit -d > said; echo '{\"name\": \"{id}\"}' >> runs/runs.jsonl"
    (case.folder / "measure.json").write_text(json.dumps({"command": ["sh", "-c", line]}))
    own = subprocess.run(["sh", "-c", "ulimit -d"], capture_output=True, text=True).stdout
    (case.folder / "runs").mkdir()
    done = case.run(100_000_000, str(BIN / "scalefit"), "measure", "measure.json", "runs.jsonl", "--quiet")
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
    assert (case.folder / "said").read_text() == own, "the program has another limit"


CASES = [said, fits, programs_are_free]

if __name__ == "__main__":
    try:
        with group(1 << 30):
            pass
    except OSError as error:
        print(f"SKIPPED {' '.join(sys.argv[2:])}: no control group can be made here: {error}")
        sys.exit(0)
    sys.exit(run_cases(CASES, Case))
