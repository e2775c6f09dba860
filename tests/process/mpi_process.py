#!/usr/bin/env python3
"""Trainers under mpirun: what is said and by whom, with which exit code; signals; processes that are lost.

usage: mpi_process.py BIN_DIR [CASE…]
Each case trains a tiny network in two processes. Without mpirun it says SKIPPED.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from cases import changed, run_cases
from train_process import Case, same_result, slow

BIN = pathlib.Path(sys.argv[1])
LAUNCHER = (shutil.which("mpirun") or "", "--allow-run-as-root", "--oversubscribe")
TWO = (*LAUNCHER, "-n", "2")


def ranks_of(mpirun: subprocess.Popen) -> dict:
    """Process id by rank."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            environment = (folder / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        ranks = [int(entry[len(b"OMPI_COMM_WORLD_RANK="):]) for entry in environment if entry.startswith(b"OMPI_COMM_WORLD_RANK=")]
        if parent == mpirun.pid and ranks:
            found[ranks[0]] = int(folder.name)
    return found


def ours(stderr: str) -> list:
    """The lines of our tools among those of mpirun."""
    return [line for line in stderr.splitlines() if line.startswith(("nas-search: ", "scalefit: ", "ligo-grow: "))]


def said_once(case: Case) -> None:
    (case.folder / "file").write_text("")
    for out, changes, words in (
        ("a", {"batch_size": 9}, "9 examples cannot be shared by 2 processes"),
        ("a", {"data__path": "/nowhere"}, "/nowhere (/data/path)"),
        ("a", {"data__pth": "x"}, "did you mean 'path'"),
        ("a", {"loop__schedule": {"kind": "constant", "lr_peak": 1e30}}, "not finite"),
        ("file/a", {}, "file/a"),
    ):
        config = changed(case.config, **changes)
        name = out.replace("/", "-")
        source = case.folder / f"{name}.json"
        source.write_text(json.dumps(config))
        command = [str(BIN / "nas-search"), "train", str(source), "--out", str(case.folder / out), "--quiet", "--threads", "1"]
        two = subprocess.run([*TWO, *command], capture_output=True, text=True, timeout=120)
        shutil.rmtree(case.folder / "a", ignore_errors=True)
        if "batch_size" in changes:
            assert two.returncode == 2, f"exit code {two.returncode}: {two.stderr}"
        else:
            one = subprocess.run(command, capture_output=True, text=True, timeout=120)
            shutil.rmtree(case.folder / "a", ignore_errors=True)
            assert two.returncode == one.returncode, f"exit codes {two.returncode}, {one.returncode}: {two.stderr}"
            assert ours(two.stderr) == ours(one.stderr), f"{two.stderr}\nalone: {one.stderr}"
        assert len(ours(two.stderr)) == 1 and words in two.stderr, two.stderr


def said_by_the_one_that_has_it(case: Case) -> None:
    """One process finds its data missing while the other waits for it."""
    good, bad = case.folder / "good.json", case.folder / "bad.json"
    good.write_text(json.dumps(case.config))
    bad.write_text(json.dumps(changed(case.config, data__path="/nowhere")))
    for first, second in ((good, bad), (bad, good)):
        parts = [["-n", "1", str(BIN / "nas-search"), "train", str(config), "--out", str(case.folder / "a"), "--quiet"]
                 for config in (first, second)]
        done = subprocess.run([*LAUNCHER, *parts[0], ":", *parts[1]], capture_output=True, text=True, timeout=120)
        assert done.returncode == 2, f"exit code {done.returncode}: {done.stderr}"
        assert len(ours(done.stderr)) == 1 and "/nowhere (/data/path)" in done.stderr, done.stderr
        assert done.stdout == "", done.stdout


def one_result(case: Case) -> None:
    stdout, _ = case.run("a", launcher=TWO)
    assert len(stdout.splitlines()) == 1 and json.loads(stdout)["processes"] == 2, stdout
    again, _ = case.run("a", launcher=TWO)
    assert len(again.splitlines()) == 1, again


def stopped(case: Case) -> None:
    """A signal to the processes: 128 + n. To mpirun, which gives them a second and ends with its own code: a checkpoint."""
    config = changed(slow(case), loop__checkpoint_every=0, loop__epochs=120)
    case.run("whole", config=config, launcher=TWO)
    for signal_number, who in ((signal.SIGTERM, "both"), (signal.SIGINT, "one"), (signal.SIGTERM, "mpirun"), (signal.SIGINT, "mpirun")):
        out = f"{who}-{signal_number}"
        process = case.start(out, config=config, launcher=TWO)
        case.wait_for_steps(out, 25, process)
        if who == "mpirun":
            process.send_signal(signal_number)
        else:
            for rank, pid in ranks_of(process).items():
                if who == "both" or rank == 1:
                    os.kill(pid, signal_number)
        _, stderr = process.communicate(timeout=60)
        assert who == "mpirun" or process.returncode == 128 + signal_number, f"{who}: exit code {process.returncode}: {stderr}"
        assert process.returncode != 0 and not (case.folder / out / "result.json").exists()
        assert (case.folder / out / "checkpoint.safetensors").exists(), f"{who}: no checkpoint: {stderr}"
        said = signal.SIGTERM if who == "mpirun" else signal_number  # mpirun passes on its own
        assert len(ours(stderr)) == 1 and f"stopped by signal {said}" in stderr, f"{who}: {stderr}"
        case.run(out, "--resume", config=config, launcher=TWO)
        same_result(case, "whole", out)


def lost(case: Case) -> None:
    """A process that is held, as one behind a broken link is, and one that is killed: the other ends, and leaves a checkpoint."""
    config = changed(slow(case), loop__checkpoint_every=0, loop__epochs=120, loop__peer_seconds=2)
    case.run("whole", config=config, launcher=TWO)
    for signal_number, code in ((signal.SIGSTOP, 1), (signal.SIGKILL, 128 + signal.SIGKILL)):
        out = f"lost-{signal_number}"
        process = case.start(out, config=config, launcher=TWO)
        case.wait_for_steps(out, 25, process)
        gone = ranks_of(process)[1]
        os.kill(gone, signal_number)
        started = time.monotonic()
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == code, f"exit code {process.returncode}: {stderr}"
        assert len(ours(stderr)) == 1, stderr
        if signal_number == signal.SIGSTOP:
            assert "has waited 2 seconds for another one" in stderr and "--resume" in stderr, stderr
            print(f"lost: ended after {time.monotonic() - started:.1f} seconds")
        assert (case.folder / out / "checkpoint.safetensors").exists(), f"no checkpoint: {stderr}"
        case.run(out, "--resume", config=config, launcher=TWO)
        same_result(case, "whole", out)


def alone(case: Case) -> None:
    """Every command that is no work for several processes says so, once."""
    for command, hint in ((["nas-search", "search", "--out", "s"], "several processes can share: train"),
                          (["nas-search", "evaluate", "n.json", "--weights", "w"], "start it without mpirun"),
                          (["ligo-grow", "compare", "--out", "c"], "several processes can share: learn, train"),
                          (["scalefit", "fit", "runs.csv"], "start it without mpirun"),
                          (["tinytrain-compile", "inspect", "x"], "start it without mpirun"),
                          (["nas-search", "search", "--no-such-flag"], "hint: ")):
        if not (BIN / command[0]).exists():
            continue
        done = subprocess.run([*TWO, str(BIN / command[0]), *command[1:]], capture_output=True, text=True, timeout=60, cwd=case.folder)
        said = [line for line in done.stderr.splitlines() if line.startswith(f"{command[0]}: error: ")]
        assert done.returncode == 2 and len(said) == 1 and hint in done.stderr, f"{command}: {done.returncode}: {done.stderr}"
        assert command[-1] == "--no-such-flag" or "works as one process, but mpirun started 2" in said[0], said
        assert done.stdout == "" and not (case.folder / "s").exists() and not (case.folder / "c").exists()


CASES = [said_once, said_by_the_one_that_has_it, one_result, stopped, lost, alone]

if __name__ == "__main__":
    if not LAUNCHER[0]:
        print("SKIPPED: no mpirun")
        sys.exit(0)
    sys.exit(run_cases(CASES, Case))
