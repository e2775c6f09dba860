#!/usr/bin/env python3
"""tinytrain-compile adapt as a process: killed, stopped, locked out, on a full disk, with wrong input.

usage: adapt_process.py BIN_DIR [CASE…]
Every case trains a small made-up int8 network on small made-up IDX files for a second or two.
"""
import json
import signal
import subprocess
import sys
import time

from cases import changed, run_cases
from tiny_case import BIN, TinyCase


class Case(TinyCase):
    def __init__(self, name: str):
        super().__init__(name)
        self.config = {
            "network": self.model,
            "data": self.data,
            "shots": 40,
            "scheme": "last:3",
            "method": {"batch_size": 8, "epochs": 60, "momentum": 0.5, "schedule": {"lr_peak": 0.03}},
            "evaluate_every": 10,
        }

    def adapt(self, out: str, *flags: str, config=None) -> subprocess.Popen:
        flags = flags if "--threads" in flags else ("--threads", "1", *flags)
        return self.start("adapt", "-", "--out", self.folder / out, "--quiet", *flags,
                          stdin=json.dumps(config or self.config))

    def run(self, out: str, *flags: str, expect: int = 0, config=None):
        return self.end(self.adapt(out, *flags, config=config), expect)

    def wait_for_epochs(self, out: str, epochs: int, process: subprocess.Popen) -> None:
        path = self.folder / out / "events.jsonl"
        for _ in range(6000):
            if path.exists() and path.read_text().count("\n") >= epochs:
                return
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.005)
        raise AssertionError("no progress")

    def changed(self, **changes) -> dict:
        return changed(self.config, **changes)


def same_result(case: Case, a: str, b: str) -> None:
    for name in ("model/model.ir", "model/model.safetensors", "scheme.json"):
        assert (case.folder / a / name).read_bytes() == (case.folder / b / name).read_bytes(), f"{name} differs"
    results = [json.loads((case.folder / out / "result.json").read_text()) for out in (a, b)]
    for result in results:
        result.pop("run")
    assert results[0] == results[1], "result.json differs"


def broken_off(case: Case, number: int, code: int, epochs: int = 400, **changes) -> None:
    config = case.changed(method__epochs=epochs, checkpoint_seconds=0.02, **changes)
    case.run("whole", config=config)
    process = case.adapt("broken", config=config)
    case.wait_for_epochs("broken", epochs // 7, process)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code, process.returncode
    assert not (case.folder / "broken" / "result.json").exists()
    _, stderr = case.run("broken", config=config, expect=2)
    assert "--resume" in stderr, stderr
    case.run("broken", "--resume", config=config)
    same_result(case, "whole", "broken")


def learns(case: Case) -> None:
    stdout, _ = case.run("out")
    line = json.loads(stdout)
    assert line["accuracy"] > 0.9, line["accuracy"]
    assert line["before"]["accuracy"] < 0.8, line["before"]
    assert line["curve"][0]["epoch"] == 0 and line["curve"][-1]["accuracy"] == line["accuracy"]
    assert (case.folder / "out" / "report.html").read_text().count("<svg") == 1
    runs = [json.loads(text) for text in (case.folder / "runs.jsonl").read_text().splitlines()]
    assert runs == [line]
    # What it wrote is a network like any other: its own head, and no step more than it takes.
    again = case.changed(network=str(case.folder / "out" / "model"), head="keep", method__schedule__lr_peak=1e-12)
    stdout, _ = case.run("again", config=again)
    assert json.loads(stdout)["before"]["accuracy"] == line["accuracy"]
    # Threads change nothing.
    case.run("threads", "--threads", "3")
    for name in ("model/model.safetensors",):
        assert (case.folder / "out" / name).read_bytes() == (case.folder / "threads" / name).read_bytes()


def killed(case: Case) -> None:
    broken_off(case, signal.SIGKILL, -signal.SIGKILL)


def stopped(case: Case) -> None:
    broken_off(case, signal.SIGTERM, 143, method__storage="latent")


def without_floats(case: Case) -> None:
    whole = str(case.folder / "in_whole_numbers")
    case.end(case.start("import", case.model, "--rounding", "integer", "--out", whole, "--quiet"))
    broken_off(case, signal.SIGTERM, 143, network=whole, method__storage="integer", method__momentum=0)
    result = json.loads((case.folder / "runs.jsonl").read_text().splitlines()[0])
    assert result["storage"] == "integer" and result["accuracy"] > 0.9, result
    text = (case.folder / "whole" / "model" / "model.ir").read_text()
    assert "head.weight: i16" in text and "float32-half-even" not in text, text
    # Its head on integers is kept by a run in float, and by one without.
    for storage in ("integer", "stochastic"):
        again = case.changed(network=str(case.folder / "whole" / "model"), head="keep", method__storage=storage, method__momentum=0,
                             method__schedule__lr_peak=1e-12, method__epochs=1)
        stdout, _ = case.run(f"again-{storage}", config=again)
        assert abs(json.loads(stdout)["before"]["accuracy"] - result["accuracy"]) < 0.02


def in_float(case: Case) -> None:
    broken_off(case, signal.SIGKILL, -signal.SIGKILL, epochs=60, method__kind="fp32")
    line = json.loads((case.folder / "whole" / "result.json").read_text())["runs_line"]
    assert line["accuracy"] > 0.9 and line["storage"] == "float" and "extra_memory_bytes" not in line, line
    integers, _ = case.run("integers")
    before = json.loads(integers)["before"]
    assert abs(line["before"]["loss"] / before["loss"] - 1) < 0.1, (line["before"], before)
    again = case.changed(network=str(case.folder / "whole" / "model"))
    _, stderr = case.run("again", config=again, expect=2)
    assert "no int8 input" in stderr, stderr


def begins_with_means(case: Case) -> None:
    stdout, _ = case.run("new")
    new = json.loads(stdout)["before"]["accuracy"]
    stdout, _ = case.run("means", config=case.changed(head="means"))
    means = json.loads(stdout)["before"]["accuracy"]
    assert means > 0.8 > new, (means, new)


def stream_of(**changes) -> dict:
    """One class is known, the other comes; three trained layers behind the buffer's."""
    stream = {"head": "means", "stream__known": [0], "stream__order": [1], "method__momentum": 0,
              "replay__bytes": "2000", "replay__layer": "stem"}
    return {**stream, **changes}


def replayed_killed(case: Case) -> None:
    broken_off(case, signal.SIGKILL, -signal.SIGKILL,
               **stream_of(head="new", stream__known=[], stream__order=[1, 0]))
    line = json.loads((case.folder / "whole" / "result.json").read_text())["runs_line"]
    assert [task["classes"] for task in line["stream"]["tasks"]] == [[1], [0]], line["stream"]
    assert line["replay"]["examples"] == 2000 // line["replay"]["example_bytes"], line["replay"]


def each_killed(case: Case) -> None:
    """Every replayed example a step of its own, as on a device."""
    broken_off(case, signal.SIGKILL, -signal.SIGKILL,
               **stream_of(head="new", stream__known=[], stream__order=[1, 0], method__batch_size=1, replay__steps="each"))
    line = json.loads((case.folder / "whole" / "result.json").read_text())["runs_line"]
    assert line["replay"]["steps"] == "each", line["replay"]
    _, stderr = case.run("batch", config=case.changed(**stream_of(replay__steps="each", method__batch_size=4)), expect=2)
    assert "replay.steps: each: a step learns 4 new examples" in stderr, stderr


def autoencodes(case: Case) -> None:
    """What is usual is learnt without labels; samples of the other class are told by their score."""
    model = str(case.folder / "autoencoder")
    subprocess.run([BIN / "write_tiny_model", model, "1", "8", "8", "autoencoder"], check=True)
    usual = {"network": model, "head": "none", "scheme": "full", "anomaly__normal": [1], "method__momentum": 0, "method__batch_size": 1,
             "method__schedule__lr_peak": 0.1}
    stdout, _ = case.run("usual", config=case.changed(**usual))
    line = json.loads(stdout)
    anomaly = line["anomaly"]
    assert anomaly["auc"] > 0.95 and anomaly["usual_score"] < anomaly["unusual_score"], anomaly
    assert anomaly["false_alarms"] < anomaly["detected"] == 1, anomaly
    assert line["test_loss"] == anomaly["usual_score"] < line["before"]["loss"], line
    assert line["train_examples"] * 2 == json.loads(case.run("all")[0])["train_examples"], line

    def refused(message: str, **changes) -> None:
        _, stderr = case.run("refused", config=case.changed(**{**usual, **changes}), expect=2)
        assert message in stderr, stderr
    refused("anomaly.normal: is not given", anomaly__normal=[])
    refused("head is 'new'", head="new")
    refused("names class 2 of 2", anomaly__normal=[2])
    refused("none is unusual, to be told from them", anomaly__normal=[0, 1])
    refused("an auto-encoder learns on integers", method__storage="integer")
    refused("has no effect on an auto-encoder", stream__order=[0, 1])
    refused("gives 3 numbers for 64 that it takes", network=case.model)


def classes_come(case: Case) -> None:
    epochs = {"method__epochs": 3, "method__batch_size": 1, "method__schedule__kind": "constant",
              "method__schedule__lr_peak": 0.01}
    forgets, keeps = ({**stream_of(), **epochs}, {**stream_of(), **epochs})
    del forgets["replay__bytes"], forgets["replay__layer"]
    lines = []
    for out, changes in (("forgets", forgets), ("keeps", keeps)):
        stdout, _ = case.run(out, config=case.changed(**changes))
        lines.append(json.loads(stdout))
        stream = lines[-1]["stream"]
        assert stream["known_before"] > 0.9 and stream["new_after"] > 0.9, stream
        task = stream["tasks"][0]
        assert task["old_before"] == stream["known_before"] and task["old_after"] == stream["known_after"]
        images = stream["images_by_class"]
        share = sum(stream["correct_by_class"][-1]) / sum(images)
        assert abs(lines[-1]["accuracy"] - share) < 1e-12 and images == [20, 20], stream
        assert lines[-1]["train_examples"] == 40 and lines[-1]["steps"] == 120, lines[-1]["steps"]
        assert (case.folder / out / "report.html").read_text().count("<svg") == 2
    forgot, kept = (line["stream"]["known_lost"] for line in lines)
    assert forgot > 0.5 and kept < 0.1, (forgot, kept)
    # A network of one class grows by the other.
    model = str(case.folder / "keeps" / "model")
    _, stderr = case.run("grown", config=case.changed(**{**keeps, "network": model, "head": "grow"}), expect=2)
    assert "has 2 classes, but stream.known names 1" in stderr, stderr


def rerun(case: Case) -> None:
    first, _ = case.run("out")
    second, _ = case.run("out")
    assert json.loads(first)["accuracy"] == json.loads(second)["accuracy"]
    assert (case.folder / "runs.jsonl").read_text().count("\n") == 1
    _, stderr = case.run("out", "--seed", "7", expect=2)
    assert "another config or seed" in stderr, stderr


def locked(case: Case) -> None:
    process = case.adapt("out", config=case.changed(method__epochs=4000))
    case.wait_for_epochs("out", 3, process)
    _, stderr = case.run("out", expect=2)
    assert "process" in stderr, stderr
    process.kill()
    process.communicate()


def damaged_checkpoint(case: Case) -> None:
    config = case.changed(method__epochs=4000, checkpoint_seconds=0.01)
    process = case.adapt("out", config=config)
    case.wait_for_epochs("out", 40, process)
    process.kill()
    process.communicate()
    path = case.folder / "out" / "checkpoint.safetensors"
    whole = path.read_bytes()
    for damaged in (whole[:len(whole) // 2], whole[:20], b""):
        path.write_bytes(damaged)
        _, stderr = case.run("out", "--resume", config=config, expect=2)
        assert "checkpoint.safetensors" in stderr, stderr
        assert path.read_bytes() == damaged


def diverges(case: Case) -> None:
    _, stderr = case.run("out", config=case.changed(scheme="head", method__momentum=0.99,
                                                    method__schedule__lr_peak=1e38), expect=1)
    assert "no finite number at step" in stderr, stderr
    assert not (case.folder / "out" / "result.json").exists()


def full_disk(case: Case) -> None:
    (case.folder / "out").mkdir()
    (case.folder / "out" / "model").symlink_to("/dev/full")
    _, stderr = case.run("out", expect=1)
    assert "/out/model" in stderr, stderr
    assert not (case.folder / "out" / "result.json").exists()


def wrong_input(case: Case) -> None:
    for changes, words in (
            ({"network": ""}, ["network", "model.tflite"]),
            ({"network": str(case.folder / "none.tflite")}, ["none.tflite"]),
            ({"scheme": "last:9"}, ["last:9", "from 1 to 4"]),
            ({"scheme": str(case.folder / "scheme.json")}, ["scheme.json:/layers/0", "is no layer"]),
            ({"shots": 1000}, ["shots", "1000"]),
            ({"head": "keep", "data__resolution": 9}, ["[1, 1, 8, 8]", "[1, 1, 9, 9]", "data.resolution"]),
            ({"method__kind": "fp32", "method__storage": "latent"}, ["method.storage", "no effect with fp32", "'latent'"]),
            ({"method__kind": "adam"}, ["method.momentum", "no effect with adam"]),
            ({"method__storage": "integer"}, ["stem: rounds as 'float32-half-even'", "import NETWORK --rounding integer"]),
            (stream_of(replay__bytes="50"), ["replay.bytes", "50 hold 0 examples of 97 bytes", "at least 194"]),
            (stream_of(replay__samples=21), ["replay.samples", "21 examples of 97 bytes", "at most 20", "2037"]),
            (stream_of(replay__samples=1), ["replay.samples", "at least 2"]),
            (stream_of(replay__bytes="2 apples"), ["replay.bytes", "'2 apples'"]),
            (stream_of(replay__layer="sum"), ["replay.layer", "'expand' below it is trained"]),
            (stream_of(replay__layer="none"), ["replay.layer", "names no layer", "'none'"]),
            (stream_of(method__kind="fp32"), ["replay", "a method on integers"]),
            (stream_of(stream__known=[0, 1]), ["stream.order", "class 1 twice"]),
            (stream_of(stream__order=[2]), ["stream.order", "class 2", "0 to 1"]),
            (stream_of(stream__known=[]), ["head", "means", "stream.known"]),
            (stream_of(stream__classes_per_task=2), ["stream.classes_per_task", "1 classes"]),
            ({"stream__known": [0]}, ["stream", "no effect", "stream.order"]),
            ({"replay__bytes": "2000"}, ["replay", "stream.order"]),
            ({"replay__ratio": 2}, ["replay", "no effect", "replay.bytes"]),
            ({"head": "grow"}, ["head", "grow", "stream.order"]),
            ({"method__kind": "qaz"}, ["/method/kind", "qas"]),
            ({"method__batchsize": 3}, ["/method/batchsize", "batch_size"]),
            ({"data__mean": [0.5], "data__std": [0]}, ["std"])):
        (case.folder / "scheme.json").write_text('{"layers": [77], "fractions": [1]}')
        _, stderr = case.run("out", config=case.changed(**changes), expect=2)
        for word in words:
            assert word in stderr, f"no '{word}' in: {stderr}"


if __name__ == "__main__":
    sys.exit(run_cases((learns, killed, stopped, without_floats, in_float, begins_with_means, replayed_killed, each_killed, autoencodes, classes_come, rerun, locked, damaged_checkpoint, diverges, full_disk, wrong_input), Case))
