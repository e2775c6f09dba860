#!/usr/bin/env python3
"""The scripts of scripts/examples: those whose programs are there, each on a list of small runs, which are made once each.

usage: examples_process.py BIN_DIR [CASE…]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cases import run_cases

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
    """The script of the array as its tasks run it, each with its number; under sbatch where a Slurm is running."""
    if shutil.which("sbatch") and subprocess.run(["sinfo"], capture_output=True).returncode == 0:
        done = subprocess.run(["sbatch", "--wait", "--array=0-2", "--time=5", EXAMPLES / "slurm-array.sbatch", "measure.json",
                               "runs.jsonl"], cwd=case.folder, env=case.environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    else:
        tasks = [subprocess.Popen(["bash", EXAMPLES / "slurm-array.sbatch", "measure.json", "runs.jsonl"], cwd=case.folder,
                                  env={**case.environment, "SLURM_ARRAY_TASK_ID": str(i)}) for i in range(3)]
        assert [task.wait(timeout=120) for task in tasks] == [0, 0, 0]
    case.made_once()


CASES = [parallel, array]

if __name__ == "__main__":
    sys.exit(run_cases(CASES, Case))
