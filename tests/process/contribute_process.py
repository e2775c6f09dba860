#!/usr/bin/env python3
"""tinytrain-compile contribute and select as processes: measured, killed, stopped, by Fisher information, wrong input.

usage: contribute_process.py BIN_DIR [CASE…]
Every case measures a small made-up int8 network on small made-up IDX files for a second or two.
"""
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

from cases import run_cases
from tiny_case import TinyCase


class Case(TinyCase):
    def __init__(self, name: str):
        super().__init__(name)
        self.config = {
            "network": self.model,
            "data": {**self.data, "validation": 0.3},
            "shots": 10,
            "held_out": 60,
            "training": {"batch_size": 8, "epochs": 6, "schedule": {"lr_peak": 0.01}},
        }

    def contribute(self, out: str, *flags: str, expect: int = 0, config=None):
        return self.end(self.started(out, *flags, config=config), expect)

    def started(self, out: str, *flags: str, config=None) -> subprocess.Popen:
        return self.start("contribute", "-", "--out", self.folder / out, "--quiet", *flags,
                          stdin=json.dumps(config or self.config))

    def select(self, out: str, *flags: str, expect: int = 0):
        return self.end(self.start("select", self.model, self.lines(out), *flags), expect)

    def lines(self, out: str) -> pathlib.Path:
        return self.folder / out / "contributions.jsonl"


def measured(case: Case) -> None:
    stdout, _ = case.contribute("one", "--threads", "1")
    result = json.loads(stdout)
    assert result["failed"] == 0 and result["head_accuracy"] > 0.2, result
    case.contribute("three", "--threads", "3")
    assert case.lines("one").read_bytes() == case.lines("three").read_bytes(), "threads change the file"
    assert (case.folder / "one" / "report.html").read_text().count("<svg") == 2
    stdout, _ = case.select("one", "--limit", "400B", "--html", case.folder / "select.html")
    selected = json.loads(stdout)
    assert selected["extra_memory_bytes"] <= 400, selected
    assert selected["evolution_gain"] <= selected["exact_gain"], selected
    assert 0 <= selected["run"]["exact_processor_seconds"] <= selected["run"]["processor_seconds"], selected["run"]
    assert "<svg" in (case.folder / "select.html").read_text()
    # adapt reads what select wrote.
    (case.folder / "scheme.json").write_text(stdout)
    adapt = {key: case.config[key] for key in ("network", "data", "shots")}
    adapt.update(scheme=str(case.folder / "scheme.json"), method={"batch_size": 8, "epochs": 2})
    stdout, _ = case.end(case.start("adapt", "-", "--out", case.folder / "adapted", "--quiet", stdin=json.dumps(adapt)))
    assert json.loads(stdout)["extra_memory_bytes"] == selected["extra_memory_bytes"]


def broken_off(case: Case, number: int, code: int) -> None:
    config = dict(case.config, training={"batch_size": 8, "epochs": 40, "schedule": {"lr_peak": 0.01}})
    case.contribute("whole", config=config)
    process = case.started("broken", config=config)
    for _ in range(6000):
        if case.lines("broken").exists() and case.lines("broken").read_text().count("\n") >= 4:
            break
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code, process.returncode
    assert not (case.folder / "broken" / "result.json").exists()
    _, stderr = case.contribute("broken", config=config, expect=2)
    assert "--resume" in stderr, stderr
    case.contribute("broken", "--resume", config=config)
    assert case.lines("whole").read_bytes() == case.lines("broken").read_bytes(), "differs after going on"
    other = dict(config, shots=5)
    _, stderr = case.contribute("broken", "--resume", config=other, expect=2)
    assert "another config" in stderr, stderr


def killed(case: Case) -> None:
    broken_off(case, signal.SIGKILL, -signal.SIGKILL)


def stopped(case: Case) -> None:
    broken_off(case, signal.SIGTERM, 143)


def fisher(case: Case) -> None:
    stdout, _ = case.contribute("fisher", "--method", "fisher")
    result = json.loads(stdout)
    assert result["backward_passes"] <= 100, result
    measured, _ = case.contribute("measured", "--set", "training.epochs=1")
    assert json.loads(measured)["backward_passes"] > 10 * result["backward_passes"]
    selected = json.loads(case.select("fisher", "--limit", "0.3KB", "--method", "evolution")[0])
    assert selected["contributions"] == "fisher" and selected["extra_memory_bytes"] <= 307, selected
    plain = json.loads(case.select("fisher", "--limit", "307", "--method", "evolution")[0])  # bytes, without a unit
    assert plain["scheme"] == selected["scheme"], plain
    _, stderr = case.select("fisher", "--method", "freeze", "--threshold", "0.5", expect=2)
    assert "no accuracy of the head" in stderr, stderr


def frozen(case: Case) -> None:
    case.contribute("out")
    config = case.folder / "contribute.json"
    config.write_text(json.dumps(case.config))
    freeze = ("--method", "freeze", "--threshold", "0.2", "--train", config)
    stdout, stderr = case.select("out", *freeze, "--html", case.folder / "freeze.html")
    assert re.search(r"^freeze, [1-9]\d* trainings, accuracy 0\.\d{3}$", stderr, re.M), stderr
    result = json.loads(stdout)
    assert result["accuracy"] >= 0.2 and result["accuracy_is"] == "measured", result
    memory = [step["extra_memory_bytes"] for step in result["curve"]]
    assert memory == sorted(memory, reverse=True) and len(memory) > 1, memory
    assert "threshold" in (case.folder / "freeze.html").read_text()
    again, stderr = case.select("out", *freeze, "--quiet")
    assert stderr == "" and json.loads(again)["curve"] == result["curve"], stderr


def wrong_input(case: Case) -> None:
    case.contribute("out", "--set", "training.epochs=1")
    _, stderr = case.select("out", "--limit", "5B", expect=2)
    assert "is below the smallest scheme: 5 bytes" in stderr and "--limit " in stderr, stderr
    smallest = stderr.split("--limit ")[1].split()[0]
    case.select("out", "--limit", smallest)
    _, stderr = case.select("out", "--limit", "49kb", expect=2)
    assert "is no size: '49kb'" in stderr, stderr
    _, stderr = case.select("out", expect=2)
    assert "limit: is not given" in stderr, stderr
    text = case.lines("out").read_text().splitlines()
    case.lines("out").write_text("\n".join(text[:5]) + "\n")
    _, stderr = case.select("out", "--limit", "1KB", expect=2)
    assert "lacks contributions" in stderr, stderr
    assert "missing" in json.loads(case.select("out", "--limit", "1KB", "--set", "partial=true")[0])
    case.lines("out").write_text("\n".join(text[:3] + [text[2]]) + "\n")
    _, stderr = case.select("out", "--limit", "1KB", expect=2)
    assert "contributions.jsonl:4" in stderr and "stands twice" in stderr, stderr
    _, stderr = case.contribute("bad", "--set", "fractions=[1,0.5]", expect=2)
    assert "fractions" in stderr, stderr
    _, stderr = case.contribute("bad", "--set", "bias_base=99", expect=2)
    assert "more than the layers" in stderr, stderr


if __name__ == "__main__":
    sys.exit(run_cases((measured, killed, stopped, fisher, frozen, wrong_input), Case))
