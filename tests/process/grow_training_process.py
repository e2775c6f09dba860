#!/usr/bin/env python3
"""ligo-grow as a process: killed, stopped and resumed; several processes; a comparison that goes on.

usage: grow_training_process.py BIN_DIR [case…]
"""
import json
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from cases import run_cases

BIN = pathlib.Path(sys.argv[1]) / "ligo-grow"


class Case:
    def __init__(self, name):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-grow-")
        self.folder = pathlib.Path(self.temp.name)
        tokens, token = [], 3
        for i in range(4000):
            tokens.append(token)
            token = (token * 5 + (2 if i % 7 == 0 else 1)) % 32
        for part, some in (("train", tokens[:3500]), ("validation", tokens[3500:])):
            (self.folder / f"{part}.bin").write_bytes(struct.pack(f"<{len(some)}H", *some))
        self.config = {
            "model": {"hidden_size": 16, "layers": 2, "heads": 2, "vocab_size": 32, "positions": 16},
            "data": {"train": "train.bin", "validation": "validation.bin", "sequence_length": 16},
            "batch_size": 8,
            "evaluate_steps": 10,
            "loop": {"steps": 40, "log_every": 1, "checkpoint_every": 7, "schedule": {"lr_peak": 0.01, "warmup_steps": 3}},
        }

    def start(self, command, config, out, *flags, launcher=()):
        path = self.folder / f"{out.replace('/', '-')}.json"
        path.write_text(json.dumps(config))
        threads = [] if "evaluate" in command else ["--threads", "1"]
        return subprocess.Popen([*launcher, str(BIN), command, str(path), "--out", out, *threads, "--quiet", *flags],
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, command, config, out, *flags, expect=0, launcher=()):
        stdout, stderr = (process := self.start(command, config, out, *flags, launcher=launcher)).communicate(timeout=300)
        assert process.returncode == expect, f"{command}: exit code {process.returncode}, not {expect}: {stderr}"
        return stdout, stderr

    def wait_for_steps(self, out, steps, process):
        path = self.folder / out / "events.jsonl"
        for _ in range(12000):
            if path.exists() and path.read_text().count('"lr"') >= steps:
                return
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.005)
        raise AssertionError("no progress")

    def same(self, a, b, names=("model.safetensors", "config.json")):
        for name in names:
            assert (self.folder / a / name).read_bytes() == (self.folder / b / name).read_bytes(), f"{name} differs"
        results = [json.loads((self.folder / out / "result.json").read_text()) for out in (a, b)]
        for result in results:
            result.pop("run")
        assert results[0] == results[1], "result.json differs"


def changed(config, **loop):
    config = json.loads(json.dumps(config))
    config["loop"].update(loop)
    return config


def killed(case):
    config = changed(case.config, steps=200)
    config["keep_optimizer"] = True
    case.run("train", config, "whole")
    process = case.start("train", config, "broken")
    case.wait_for_steps("broken", 30, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (case.folder / "broken/result.json").exists()
    _, stderr = case.run("train", config, "broken", expect=2)
    assert "--resume" in stderr, stderr
    case.run("train", config, "broken", "--resume")
    case.same("whole", "broken", ("model.safetensors", "config.json", "optimizer.safetensors"))


def learn_stopped(case):
    case.run("train", case.config, "small")
    config = {"model": "small", "target": {"hidden_size": 32, "layers": 3}, "data": case.config["data"], "batch_size": 8,
              "loop": {"steps": 120, "log_every": 1, "schedule": {"warmup_steps": 3}}}
    case.run("learn", config, "whole")
    process = case.start("learn", config, "broken")
    case.wait_for_steps("broken", 10, process)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143, f"exit code {process.returncode}: {stderr}"
    case.run("learn", config, "broken", "--resume")
    case.same("whole", "broken", ("model.safetensors", "config.json", "operator.safetensors"))


def diverges(case):
    config = changed(case.config, schedule={"lr_peak": 1e30, "kind": "constant", "warmup_steps": 0}, optimizer={"clip_norm": 0})
    _, stderr = case.run("train", config, "a", expect=1)
    assert "not finite" in stderr and "lr_peak" in stderr, stderr
    assert not (case.folder / "runs.jsonl").exists() and not (case.folder / "a/model.safetensors").exists()


def two_processes(case):
    mpirun = shutil.which("mpirun")
    if not mpirun:
        print("SKIPPED two_processes: no mpirun")
        return
    launcher = (mpirun, "--allow-run-as-root", "--oversubscribe", "-n", "2")
    curves = []
    for accumulate in (1, 2):
        config = dict(case.config, accumulate=accumulate)
        for out, how in ((f"one{accumulate}", ()), (f"two{accumulate}", launcher)):
            case.run("train", config, out, launcher=how)
            lines = map(json.loads, (case.folder / out / "events.jsonl").read_text().splitlines())
            curves.append([event["loss"] for event in lines if "lr" in event])
    worst = max(abs(a - b) for curve in curves[1:] for a, b in zip(curves[0], curve))
    assert all(len(curve) == 40 for curve in curves) and worst < 1e-3, f"the curves differ by {worst}"


def staged(case):
    config = dict(case.config, stages=[
        {"steps": 20}, {"target": {"hidden_size": 32}, "growth": {"plan": {"width": "exact"}, "optimizer": True}, "steps": 20},
        {"target": {"layers": 4}, "growth": {"method": "ligo", "ligo_steps": 10}, "steps": 20}])
    stdout, _ = case.run("train", config, "out")
    result = json.loads(stdout)
    stages = result["stages"]
    assert [stage["hidden_size"] for stage in stages] == [16, 32, 32] and stages[2]["layers"] == 4
    # An exact growth starts where the stage before it ended; the operator's cost is counted.
    assert abs(stages[1]["start_loss"] - stages[0]["loss"]) < 1e-3, stages
    assert result["compute"] > sum(stage["compute"] for stage in stages)
    assert result["loss"] < stages[0]["loss"]
    before = (case.folder / "out/stage-2/model.safetensors").read_bytes()
    shutil.rmtree(case.folder / "out/stage-2")
    case.run("train", config, "out", "--resume")
    assert (case.folder / "out/stage-2/model.safetensors").read_bytes() == before, "the last stage differs"


def staged_locked(case):
    """The folder of stages is one run's alone, as any run's is."""
    stages = dict(changed(case.config, log_every=1), stages=[{"steps": 4000}, {"target": {"layers": 4}, "steps": 20}])
    process = case.start("train", stages, "out")
    case.wait_for_steps("out/stage-0", 3, process)
    _, stderr = case.run("train", stages, "out", "--resume", expect=2)
    assert f"out: is in use by another process ({process.pid})" in stderr, stderr
    process.kill()
    process.wait()


def compared(case):
    training = {key: case.config[key] for key in ("batch_size", "evaluate_steps", "loop")}
    training["data"] = dict(case.config["data"], tokenizer="tokenizer.json")
    vocabulary = {letter: i for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    (case.folder / "tokenizer.json").write_text(json.dumps({
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}))
    (case.folder / "words.tsv").write_text("".join(f"{'early' if a < 'n' else 'late'}\t{a}{a}\n" for a in vocabulary))
    config = {"seeds": [0, 1], "source": case.config, "target": {"hidden_size": 32, "layers": 3}, "train": training, "losses": [3.0],
              "neighbours": {"count": 1, "examples": "words.tsv", "questions": "words.tsv"},
              "methods": [{"growth": {"plan": {"width": "fpi", "depth": "stack"}}}, {"growth": {"method": "ligo", "ligo_steps": 10}}]}
    stdout, _ = case.run("compare", config, "out")
    methods = {method["name"]: method for method in json.loads(stdout)}
    assert set(methods) == {"scratch", "fpi+stack", "ligo"}, methods
    assert methods["ligo"]["start"]["mean"] < methods["scratch"]["start"]["mean"]
    assert 9 < methods["ligo"]["operator_steps"]["mean"] < 20, methods["ligo"]
    assert methods["scratch"]["savings"][0]["saved"]["mean"] == 0
    assert all(method["knn_error"]["mean"] == 0 for method in methods.values()), "a text is its own neighbour"
    runs = [json.loads(line) for line in (case.folder / "out/runs.jsonl").read_text().splitlines()]
    assert len(runs) == 8 and all(run["loss"] > 0 and run["parameters"] > 0 and run["tokens"] > 0 for run in runs)
    for name, method in methods.items():  # curves are of the run itself, not of the model that it came from
        ends = [run["loss"] for run in runs if run["name"].rsplit("/", 1)[0] == name]
        assert abs(method["end"]["mean"] - sum(ends) / 2) < 1e-9, (name, method, ends)
    curves = [json.loads(line) for line in (case.folder / "out/curves.jsonl").read_text().splitlines()]
    assert sum(point["method"] == "fpi+stack" and point["seed"] == 1 for point in curves) == 5, curves
    ligo = next(run for run in runs if run["name"] == "ligo/0")
    assert ligo["steps"] < 40 and ligo["steps"] + methods["ligo"]["operator_steps"]["mean"] < 41, "compute is not equal"
    first = json.loads((case.folder / "out/result.json").read_text())
    shutil.rmtree(case.folder / "out/seed-1/ligo")
    case.run("compare", config, "out")
    second = json.loads((case.folder / "out/result.json").read_text())
    assert first["methods"] == second["methods"], "a comparison that went on differs"
    assert len((case.folder / "out/runs.jsonl").read_text().splitlines()) == 8


CASES = [killed, learn_stopped, diverges, two_processes, staged, staged_locked, compared]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, Case))
