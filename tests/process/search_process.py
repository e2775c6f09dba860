#!/usr/bin/env python3
"""nas-search search as a process: killed in the warm-up and in the search, resumed, diverging, with bad input.

usage: search_process.py BIN_DIR [CASE…]
Every case searches a tiny space on tiny made-up images for a second or two.
"""
import fcntl
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from cases import changed, run_cases
from train_process import write_idx

BIN = pathlib.Path(sys.argv[1]) / "nas-search"


class Case:
    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-search-")
        self.folder = pathlib.Path(self.temp.name)
        write_idx(self.folder / "data")
        self.config = {
            "space": {"input_channels": 1, "classes": 2, "resolution": 8, "stem": 4, "stem_stride": 1, "first_block": 0,
                      "head": 0, "candidates": ["3e1", "3e2", "5e1", "Z"], "stages": [{"width": 8, "depth": 2, "stride": 2}]},
            "data": {"kind": "idx", "path": str(self.folder / "data"), "validation": 0.25,
                     "augment": {"crop_padding": 1, "flip": True}},
            "batch_size": 8, "strategy": {"lr": 0.05}, "log_every": 1, "checkpoint_every": 5,
            "schedule": {"warmup_epochs": 3, "epochs": 6, "architecture_every": 2},
        }

    def start(self, out: str, config: dict, *flags: str) -> subprocess.Popen:
        process = subprocess.Popen([str(BIN), "search", "-", "--out", str(self.folder / out), "--threads", "1", "--quiet",
                                    *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdin.write(json.dumps(config))
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, out: str, config: dict, *flags: str, expect: int = 0):
        process = self.start(out, config, *flags)
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == expect, f"exit code {process.returncode}, not {expect}: {stderr}"
        return stdout, stderr

    def kill_at(self, out: str, config: dict, steps: int, *flags: str, sign=signal.SIGKILL) -> None:
        process = self.start(out, config, *flags)
        path = self.folder / out / "events.jsonl"
        while not path.exists() or path.read_text().count("\n") < steps:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.002)
        process.send_signal(sign)
        process.wait()

    def changed(self, **changes) -> dict:
        return changed(self.config, **changes)


def same_result(case: Case, a: str, b: str) -> None:
    for name in ("weights.safetensors", "network.json"):
        assert (case.folder / a / name).read_bytes() == (case.folder / b / name).read_bytes(), f"{name} differs"
    results = [json.loads((case.folder / out / "search.json").read_text()) for out in (a, b)]
    for result in results:
        result.pop("run")
    assert results[0] == results[1], "search.json differs"


def resumed(case: Case, kind: str) -> None:
    """Killed in the warm-up, in the search, and asked to stop: ends as the search that nothing happened to."""
    config = case.changed(strategy__kind=kind)
    case.run("whole", config)
    case.kill_at("broken", config, 12)  # of 27 steps of warm-up
    _, stderr = case.run("broken", config, expect=2)
    assert "--resume" in stderr, stderr
    case.kill_at("broken", config, 50, "--resume")
    case.kill_at("broken", config, 60, "--resume", sign=signal.SIGTERM)
    case.run("broken", config, "--resume")
    same_result(case, "whole", "broken")
    logs = [map(json.loads, (case.folder / out / "events.jsonl").read_text().splitlines()) for out in ("whole", "broken")]
    seen = [{event["step"]: event["held_out_loss"] for event in log if "lr" in event} for log in logs]
    assert seen[0] == seen[1], [(step, loss, seen[1].get(step)) for step, loss in seen[0].items() if seen[1].get(step) != loss]
    result = json.loads((case.folder / "whole" / "search.json").read_text())
    assert result["architecture_steps"] == 20 and result["warm_up_steps"] == 27, result
    stdout, _ = case.run("whole", config)
    assert json.loads(stdout) == result, "a finished search answers with its result"
    case.run("whole", case.changed(seed=7), expect=2)


def strategies(case: Case) -> list:
    """All that the program has, from what it says to an unknown one."""
    _, stderr = case.run("none", case.changed(strategy__kind="zzz"), expect=2)
    names = re.search(r"hint: one of: (.*)", stderr)
    assert names, stderr
    return names[1].split(", ")


def resumed_with_every_strategy(case: Case) -> None:
    names = strategies(case)
    assert "gradient" in names and len(names) > 3, names
    for kind in names:
        resumed(Case(kind), kind)


def reranked(case: Case) -> None:
    """With a last trial of all networks of the space a search is resumed as any other (the choice: search_run_test)."""
    config = case.changed(strategy__rerank=12)
    case.run("whole", config)
    case.kill_at("broken", config, 60)
    case.run("broken", config, "--resume")
    same_result(case, "whole", "broken")


def page_of(case: Case, *flags: str, expect: int = 0) -> str:
    page = case.folder / "page.html"
    page.unlink(missing_ok=True)
    done = subprocess.run([str(BIN), "report", *flags, "--out", str(page)], capture_output=True, text=True)
    assert done.returncode == expect, f"exit code {done.returncode}, not {expect}: {done.stderr}"
    return page.read_text() if expect == 0 else done.stderr


def report(case: Case) -> None:
    """What stands in search.json, in a check's answer and in others' networks stands on the page; what lacks is named."""
    case.run("a", case.config)
    folder = str(case.folder / "a")
    result = json.loads((case.folder / "a" / "search.json").read_text())
    target = result["targets"][0]
    text = page_of(case, folder)
    assert text.count("<svg") >= 2 and "</html>" in text, text[:500]
    for wanted in (target["network"], *(f">{target[key]}<" for key in ("parameters", "macs"))):
        assert wanted in text, f"the page lacks {wanted}"
    check = {"run": {"check": {"predicted_ms": [1.0, 2.0], "measured_ms": [1.1, 2.2], "held_out": {"relative_rmse": 0.0625}}}}
    (case.folder / "check.json").write_text(json.dumps(check))
    (case.folder / "others.jsonl").write_text('{"series": "theirs", "name": "net-7", "latency_ms": 3.5, "accuracy": 0.875}\n')
    flags = ("--check", str(case.folder / "check.json"), "--networks", str(case.folder / "others.jsonl"))
    text = page_of(case, folder, *flags)
    for wanted in (">0.0625<", ">theirs<", ">net-7<", ">3.500<", ">0.8750<"):
        assert wanted in text, f"the page lacks {wanted}"
    # The classes that the network tells apart, once it was trained; another network's are refused.
    counts = [[17, 3], [0, 20]]
    trained = {"runs_line": {"parameters": target["parameters"], "macs": target["macs"]},
               "held_out": {"per_class": [{"class": "cat"}, {"class": "<dog>"}], "confusion": counts}}
    (case.folder / "result.json").write_text(json.dumps(trained))
    text = page_of(case, folder, "--trained", str(case.folder / "result.json"))
    for wanted in (">17<", ">&lt;dog&gt;<", ">3 of 20<"):
        assert wanted in text, f"the page lacks {wanted}"
    trained["runs_line"]["macs"] += 1
    (case.folder / "result.json").write_text(json.dumps(trained))
    assert "is of another network" in page_of(case, folder, "--trained", str(case.folder / "result.json"), expect=2)
    trained["runs_line"]["macs"] -= 1
    trained["held_out"]["confusion"] = [[1]]
    (case.folder / "result.json").write_text(json.dumps(trained))
    assert "/held_out/confusion/0: has not an answer" in page_of(case, folder, "--trained", str(case.folder / "result.json"), expect=2)
    (case.folder / "check.json").write_text('{"run": {}}')
    assert "check.json:/run: needs the key 'check'" in page_of(case, folder, *flags, expect=2)
    assert "none" in page_of(case, str(case.folder / "none"), expect=2)
    del result["targets"][0]["network"]
    (case.folder / "a" / "search.json").write_text(json.dumps(result))
    assert "/targets/0: needs the key 'network'" in page_of(case, folder, expect=2)


def diverges(case: Case) -> None:
    config = case.changed(schedule__lr=1e18, schedule__warmup_lr=0.01)
    _, stderr = case.run("a", config, expect=1)
    assert "not finite" in stderr and "checkpoint" in stderr, stderr
    assert (case.folder / "a" / "checkpoint.safetensors").exists()
    assert not (case.folder / "a" / "search.json").exists()
    assert "schedule.lr" in stderr and "lr_peak" not in stderr, stderr


def not_moved(case: Case) -> None:
    """An architecture that said nothing is a failure by its name; by default it moves; what cannot move it is refused."""
    _, stderr = case.run("still", case.changed(strategy__lr=1e-6), expect=1)
    assert "did not move" in stderr and "strategy.lr" in stderr, stderr
    assert not (case.folder / "still" / "search.json").exists()
    del case.config["strategy"]["lr"]
    result = json.loads(case.run("default", case.config)[0])
    assert result["architecture_lr"] == 0.05, result["architecture_lr"]  # 20 steps
    _, stderr = case.run("none", case.changed(schedule__skip_epochs=6), expect=2)
    assert "no architecture step" in stderr, stderr
    case.run("random", case.changed(schedule__skip_epochs=6, strategy__kind="random"))


def two_devices(case: Case) -> None:
    """Two objectives that want opposite things share the weights and get different networks."""
    config = case.changed(
        schedule__epochs=12, strategy__lr=0.2,
        devices=[{"name": "small", "metric": "macs", "loss": "add_linear", "reference": 1000, "lambda": 5},
                 {"name": "free", "metric": "parameters"}])
    case.run("a", config)
    result = json.loads((case.folder / "a" / "search.json").read_text())
    small, free = result["targets"]
    assert small["macs"] < free["macs"], (small["network"], free["network"])
    table = result["every_network_on_every_device"]
    assert [row["network_of"] for row in table] == ["small", "free"]
    assert table[0]["on"]["small"] == small["macs"] and table[0]["on"]["free"] == small["parameters"], table
    for name in ("small", "free"):
        network = case.folder / "a" / name
        done = subprocess.run([str(BIN), "evaluate", str(network / "network.json"), "--weights",
                               str(network / "weights.safetensors"), "--data", "-"], capture_output=True, text=True,
                              input=json.dumps(config["data"]))
        assert done.returncode == 0, done.stderr


def limited(case: Case) -> None:
    """The derived network keeps a hard limit, whatever alpha says."""
    free = json.loads(case.run("free", case.config)[0])["targets"][0]
    limit = free["macs"] - 1
    kept = json.loads(case.run("limited", case.changed(objective__limits={"macs": limit}))[0])["targets"][0]
    assert kept["macs"] <= limit and kept["limits"]["macs"]["at_most"] == limit, kept


def front(case: Case) -> None:
    """The networks of a search from the cheapest to the most probable, each with its file."""
    found = json.loads(case.run("a", case.config)[0])["targets"][0]
    (case.folder / "space.json").write_text(json.dumps(case.config["space"]))

    def derive(*more, code=0):
        done = subprocess.run([str(BIN), "derive", str(case.folder / "space.json"), "--alpha", str(case.folder / "a/search.json"),
                               "--front", "6", *more], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done

    result = json.loads(derive("--out", str(case.folder / "front")).stdout)
    networks = result["front"]
    assert result["by"] == "macs" and 2 <= len(networks) <= 6, networks
    for key, values in (("macs", [one["costs"]["macs"] for one in networks]),
                        ("log_probability", [one["log_probability"] for one in networks])):
        assert values == sorted(set(values)), (key, values)
    assert networks[-1]["choice"] == found["network"], (networks[-1], found["network"])
    for one in networks:
        assert (case.folder / "front" / one["file"]).exists()
    limited = json.loads(derive("--limit", f"macs={networks[1]['costs']['macs']}").stdout)["front"]
    assert limited[-1]["choice"] == networks[1]["choice"], limited
    assert "minimise" in derive("--minimise", "macs", code=2).stderr
    with open(case.folder / "front" / ".lock") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "front" in derive("--out", str(case.folder / "front"), code=2).stderr


def bad_input(case: Case) -> None:
    def refused(words, **changes):
        _, stderr = case.run("bad", case.changed(**changes), expect=2)
        assert all(word in stderr for word in words), stderr
        assert not (case.folder / "bad" / "checkpoint.safetensors").exists()

    refused(["data/validation"], data__validation=0)
    refused(["data/validation"], data__validation=0.001)
    refused(["space/candidates", "nothing to search"], space__candidates=["3e1"])
    refused(["stages/0/candidates", "shape would change"],
            space__stages=[{"width": 8, "stride": 2, "candidates": ["3e1", "5e1", "Z"]}])
    refused(["objective/limits", "macs"], objective__limits={"macs": 1})
    refused(["objective/reference"], objective__loss="mul_log")
    refused(["strategy", "gradiant", "gradient"], strategy__kind="gradiant")
    refused(["space/classes", "2"], space__classes=10)
    refused(["space/resolution", "8"], space__resolution=12)
    refused(["devices", "twice"], devices=[{"name": "a"}, {"name": "a"}])
    table = case.folder / "table.yaml"
    table.write_text("Conv-input:8x8x1-output:8x8x4:\n  mean: 1.0\n")
    refused(["table.yaml"], objective__metric="latency_ms", objective__table=str(table))


CASES = [resumed_with_every_strategy, reranked, report, diverges, not_moved, two_devices, limited, front, bad_input]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, Case))
