#!/usr/bin/env python3
"""The scripts of scripts/examples: those whose programs are there, each on a list of small runs, which are made once each.

usage: examples_process.py BIN_DIR [CASE…]
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import train_process
from cases import run_cases
from own_slurm import absent, own_slurm

BIN = pathlib.Path(sys.argv[1]).resolve()
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "scripts/examples"
RUNS = 12


class Case:
    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-examples-")
        self.folder = pathlib.Path(self.temp.name)
        self.environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
        (self.folder / "runs.jsonl").write_text("".join(f'{{"id": "run-{i}"}}\n' for i in range(RUNS)))
        line = "sleep 0.1; echo '{\"name\": \"{id}\"}' >> runs/runs.jsonl"
        (self.folder / "measure.json").write_text(json.dumps({"command": ["sh", "-c", line]}))

    def made_once(self) -> None:
        lines = (self.folder / "runs/runs.jsonl").read_text().splitlines()
        names = sorted(json.loads(line)["name"] for line in lines)
        assert names == sorted(f"run-{i}" for i in range(RUNS)), names
        done = [json.loads(path.read_text()) for path in self.folder.glob("measured-*.json")]
        assert sum(one["done"] for one in done) == RUNS and not any(one["failed"] for one in done), done


def parallel(case: Case) -> None:
    if not shutil.which("parallel"):
        print("SKIPPED parallel: no GNU parallel")
        return
    done = subprocess.run([EXAMPLES / "gnu-parallel", "3", "measure.json", "runs.jsonl"], cwd=case.folder, env=case.environment,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(list(case.folder.glob("measured-*.json"))) == 3
    case.made_once()


def array(case: Case) -> None:
    """The script of the array as its tasks run it, each with its number."""
    tasks = [subprocess.Popen(["bash", EXAMPLES / "slurm-array.sbatch", "measure.json", "runs.jsonl"], cwd=case.folder,
                              env={**case.environment, "SLURM_ARRAY_TASK_ID": str(i)}) for i in range(3)]
    assert [task.wait(timeout=120) for task in tasks] == [0, 0, 0]
    case.made_once()


@contextlib.contextmanager
def slurm(case: Case):
    """A function that runs a command of Slurm in the case's folder and returns what it printed."""
    with own_slurm(case.folder) as environment:
        def run(*command: str, expect: int = 0) -> str:
            done = subprocess.run(command, cwd=case.folder, env={**environment, "PATH": case.environment["PATH"]},
                                  capture_output=True, text=True, timeout=300)
            said = "".join(path.read_text() for path in case.folder.glob("slurm-*.out"))
            assert done.returncode == expect, f"exit code {done.returncode}: {done.stderr}{said}"
            return done.stdout
        yield run


def slurm_array(case: Case) -> None:
    if why := absent():
        print(f"SKIPPED slurm_array: {why}")
        return
    with slurm(case) as run:
        run("sbatch", "--wait", "--array=0-2", "--overcommit", str(EXAMPLES / "slurm-array.sbatch"), "measure.json", "runs.jsonl")
    case.made_once()


def slurm_srun(case: Case) -> None:
    """Two processes; cancelled in the middle they leave a checkpoint, and the same script goes on to the bytes of a whole run."""
    if why := absent():
        print(f"SKIPPED slurm_srun: {why}")
        return
    trained = train_process.Case("slurm")
    config = train_process.slow(trained)
    config["loop"]["checkpoint_every"] = 0
    (case.folder / "config.json").write_text(json.dumps(config))
    whole, out = trained.folder / "whole", trained.folder / "out"
    with slurm(case) as run:
        if "pmix" not in run("sh", "-c", "srun --mpi=list 2>&1"):
            print("SKIPPED slurm_srun: this Slurm has no pmix")
            return
        batch = ("sbatch", "--ntasks=2", "--overcommit", "--parsable")
        script = str(EXAMPLES / "srun.sbatch")
        run(*batch, "--wait", script, "config.json", str(whole))
        lines = (trained.folder / "runs.jsonl").read_text().splitlines()
        assert [json.loads(line)["processes"] for line in lines] == [2], lines
        job = run(*batch, script, "config.json", str(out)).strip()
        events = out / "events.jsonl"
        for _ in range(6000):
            if events.exists() and events.read_text().count("\n") >= 25:
                break
            time.sleep(0.01)
        run("scancel", job)
        for _ in range(600):
            if not run("squeue", "--noheader").strip():
                break
            time.sleep(0.1)
        assert not (out / "result.json").exists(), "it was done before it was cancelled"
        assert (out / "checkpoint.safetensors").exists(), "no checkpoint"
        run(*batch, "--wait", script, "config.json", str(out))
    for name in ("weights.safetensors", "network.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), f"{name} differs"


CASES = [parallel, array, slurm_array, slurm_srun]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, Case))
