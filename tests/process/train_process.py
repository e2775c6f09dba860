#!/usr/bin/env python3
"""nas-search train as a process: killed, stopped, locked out, on a full disk, over MPI, with wrong configs.

usage: train_process.py BIN_DIR [CASE…]
Every case trains a tiny network on tiny made-up IDX files for a second or two. A case that this machine does
not permit (no mpirun, no tmpfs) says SKIPPED and why.
"""
import contextlib
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

BIN = pathlib.Path(sys.argv[1]) / "nas-search"


def write_idx(folder: pathlib.Path) -> None:
    """Two easily told classes (bright above or below) of 8x8 images, made without any library."""
    state = 12345
    folder.mkdir()
    for prefix, count in (("train", 96), ("t10k", 40)):
        pixels, labels = bytearray(), bytearray()
        for i in range(count):
            label = i % 2
            labels.append(label)
            for y in range(8):
                for x in range(8):
                    state = (state * 1103515245 + 12345) % 2**31
                    pixels.append((state >> 16) % 100 + (120 if (y < 4) == (label == 0) else 0))
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 8, 8) + pixels)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)


class Case:
    def __init__(self, name: str):
        self.name = name
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-train-")
        self.folder = pathlib.Path(self.temp.name)
        write_idx(self.folder / "data")
        self.config = {
            "network": {"blocks": "3e1w8 | 3e3s2w8 3e3", "stem": 8, "stem_stride": 1, "classes": 2,
                        "input_channels": 1, "resolution": 8, "dropout": 0.2},
            "data": {"kind": "idx", "path": str(self.folder / "data"), "augment": {"crop_padding": 1, "flip": True}},
            "batch_size": 8,
            "loop": {"epochs": 4, "ema_decay": 0.9, "log_every": 1, "optimizer": {"weight_decay": 1e-4}},
        }

    def start(self, out: str, *flags: str, launcher=(), config=None) -> subprocess.Popen:
        text = config if isinstance(config, str) else json.dumps(config or self.config)
        source = "-"
        if launcher:  # mpirun gives its standard input to the first process alone
            source = str(self.folder / f"{out}.json")
            pathlib.Path(source).write_text(text)
        process = subprocess.Popen([*launcher, str(BIN), "train", source, "--out", str(self.folder / out), "--threads",
                                    "1", "--quiet", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            process.stdin.write(text)
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.stdin = None
        return process

    def run(self, out: str, *flags: str, expect: int = 0, **options):
        process = self.start(out, *flags, **options)
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == expect, f"exit code {process.returncode}, not {expect}: {stderr}"
        return stdout, stderr

    def wait_for_steps(self, out: str, steps: int, process: subprocess.Popen) -> None:
        path = self.folder / out / "events.jsonl"
        for _ in range(6000):
            if path.exists() and path.read_text().count("\n") >= steps:
                return
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        raise AssertionError("no progress")

    def events(self, out: str):
        return [json.loads(line) for line in (self.folder / out / "events.jsonl").read_text().splitlines()]

    def runs(self):
        return [json.loads(line) for line in (self.folder / "runs.jsonl").read_text().splitlines()]


def same_result(case: Case, a: str, b: str) -> None:
    for name in ("weights.safetensors", "network.json"):
        assert (case.folder / a / name).read_bytes() == (case.folder / b / name).read_bytes(), f"{name} differs"
    results = [json.loads((case.folder / out / "result.json").read_text()) for out in (a, b)]
    for result in results:
        result.pop("run")
    assert results[0] == results[1], "result.json differs"


def slow(case: Case) -> dict:
    """The same run, long enough to be hit in the middle."""
    config = json.loads(json.dumps(case.config))
    config["loop"].update(epochs=40, checkpoint_every=7)
    return config


def killed(case: Case) -> None:
    config = slow(case)
    case.run("whole", config=config)
    process = case.start("broken", config=config)
    case.wait_for_steps("broken", 30, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (case.folder / "broken" / "result.json").exists()
    _, stderr = case.run("broken", config=config, expect=2)
    assert "--resume" in stderr, stderr
    case.run("broken", "--resume", config=config)
    same_result(case, "whole", "broken")
    assert len(case.runs()) == 2 and case.runs()[0]["test_error"] == case.runs()[1]["test_error"]
    assert case.runs()[0]["test_error"] < 0.4, "it did not learn"


def stopped(case: Case) -> None:
    config = slow(case)
    config["loop"]["checkpoint_every"] = 0
    case.run("whole", config=config)
    process = case.start("broken", config=config)
    case.wait_for_steps("broken", 25, process)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143, f"exit code {process.returncode}: {stderr}"
    assert (case.folder / "broken" / "checkpoint.safetensors").exists()
    case.run("broken", "--resume", config=config)
    same_result(case, "whole", "broken")


def rerun(case: Case) -> None:
    case.run("a")
    case.run("b", "--seed", "1")
    assert len(case.runs()) == 2
    before = (case.folder / "a" / "result.json").read_bytes()
    case.run("a", "--resume")
    case.run("a")
    assert len(case.runs()) == 2 and (case.folder / "a" / "result.json").read_bytes() == before
    _, stderr = case.run("a", "--seed", "2", expect=2)
    assert "another config or seed" in stderr, stderr
    # Lost between the result and the line: the line is made up for.
    lines = (case.folder / "runs.jsonl").read_text().splitlines()
    (case.folder / "runs.jsonl").write_text(lines[1] + "\n")
    case.run("a")
    assert [run["seed"] for run in case.runs()] == [1, 0]
    # Lines that others wrote there, with ids of another kind.
    (case.folder / "runs.jsonl").write_text('{"id": 5}\n{"id": "x", "run": 3}\n[]\nno JSON\n')
    case.run("c")
    assert json.loads((case.folder / "runs.jsonl").read_text().splitlines()[-1])["seed"] == 0


def locked(case: Case) -> None:
    process = case.start("a", config=slow(case))
    case.wait_for_steps("a", 3, process)
    _, stderr = case.run("a", expect=2)
    assert f"is in use by another process ({process.pid})" in stderr, stderr
    process.kill()
    process.wait()


def diverges(case: Case) -> None:
    config = json.loads(json.dumps(case.config))
    config["loop"]["schedule"] = {"kind": "constant", "lr_peak": 1e30}
    _, stderr = case.run("a", config=config, expect=1)
    assert "not finite" in stderr and "lr_peak" in stderr, stderr
    assert not (case.folder / "runs.jsonl").exists()


def damaged_checkpoint(case: Case) -> None:
    config = slow(case)
    process = case.start("a", config=config)
    case.wait_for_steps("a", 20, process)
    process.kill()
    process.wait()
    path = case.folder / "a" / "checkpoint.safetensors"
    whole = path.read_bytes()
    for cut in (0, 7, 100, len(whole) - 1):
        path.write_bytes(whole[:cut])
        _, stderr = case.run("a", "--resume", config=config, expect=2)
        assert "checkpoint.safetensors" in stderr, stderr
    path.write_bytes(whole)
    _, stderr = case.run("a", "--resume", "--set", "label_smoothing=0.1", config=config, expect=2)
    assert "another config" in stderr, stderr


def wrong_configs(case: Case) -> None:
    for setting, words in (
        ("batch_size=many", "--set batch_size: must be a whole number, got string"),
        ("loop.schedule.lr_peek=1", "did you mean 'lr_peak'"),
        ("network.blocks=3e1w8 | 4e3s2w8", "cannot read the block '4e3s2w8'"),
        ("network.classes=3", "tells 3 classes apart"),
        ("network.input_channels=3", "takes 3 channels"),
        ("network.file=none.json", "none.json"),
        ("loop.optimizer.kind=sgdd", "did you mean 'sgd'"),
        ("data.path=/nowhere", "/nowhere (/data/path)"),
        ("data.channels=2", "/data/channels: must be 0"),
        ("loop.optimizer.betas=[0.9]", "two numbers"),
    ):
        _, stderr = case.run("a", "--set", setting, expect=2)
        assert words in stderr, f"{setting}: {stderr}"
    _, stderr = case.run("a", config="[]", expect=2)
    assert "must be an object" in stderr, stderr
    _, stderr = case.run("a", config='{"loop": 3}', expect=2)
    assert "standard input:/loop: must be an object" in stderr, stderr
    stdout, _ = case.run("a", "--print-config")
    assert case.run("a", "--print-config", config=stdout)[0] == stdout, "the printed config is not a fixed point"


def damaged_data(case: Case) -> None:
    """Files that end early, hold nothing, or are of another kind: exit code 2, the file, and the field that named it."""
    data = case.folder / "data"
    path = data / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    for content in (b"", whole[:10], whole[:-1], b"\x89PNG" + whole[4:]):
        path.write_bytes(content)
        _, stderr = case.run("a", expect=2)
        assert f"{path} (/data/path): " in stderr, stderr
    path.write_bytes(struct.pack(">IIII", 0x803, 0, 8, 8))
    _, stderr = case.run("a", expect=2)
    assert "no images" in stderr, stderr
    path.write_bytes(whole)
    cifar, images = case.folder / "cifar", case.folder / "images"
    cifar.mkdir()
    for i in range(1, 6):
        (cifar / f"data_batch_{i}.bin").write_bytes(bytes(3073))
    (cifar / "data_batch_4.bin").write_bytes(bytes(3072))
    (images / "train" / "empty").mkdir(parents=True)
    for kind, folder, words in (("cifar", cifar, "data_batch_4.bin (/data/path): truncated"),
                                ("folder", images, "(/data/path): no PNG or JPEG file")):
        _, stderr = case.run("a", "--set", f"data.kind={kind}", "--set", f"data.path={folder}", expect=2)
        assert words in stderr, stderr
    # The weights of a finished run, cut short.
    case.run("b")
    weights = (case.folder / "b" / "weights.safetensors").read_bytes()
    short = case.folder / "short.safetensors"
    for cut in (0, 7, 200, len(weights) - 1):
        short.write_bytes(weights[:cut])
        _, stderr = case.run("c", "--set", f"initial_weights={short}", expect=2)
        assert "short.safetensors" in stderr, stderr


@contextlib.contextmanager
def small_disk(case: Case, size: str):
    """A tmpfs of that size under the case's folder, or None (and SKIPPED) where mounting is not permitted."""
    mount = case.folder / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mount)], capture_output=True).returncode:
        print(f"SKIPPED {case.name}: mounting a tmpfs is not permitted here")
        yield None
        return
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def full_disk(case: Case) -> None:
    with small_disk(case, "64k") as mount:
        if not mount:
            return
        config = slow(case)
        config["network"].update(stem=64)
        _, stderr = case.run("small/a", config=config, expect=1)
        assert "the disk is full" in stderr or "No space left" in stderr, stderr
        assert not list(mount.rglob("*.part")), "a partial file was left"


def disk_fills_up(case: Case) -> None:
    """Another program takes the rest of the disk after a good checkpoint: the run ends, what it had saved stays, and
    once there is room again it goes on to the bytes of a run that was never in need."""
    with small_disk(case, "2m") as mount:
        if not mount:
            return
        config = slow(case)
        case.run("whole", config=config)
        process = case.start("small/a", config=config)
        checkpoint, ballast = mount / "a" / "checkpoint.safetensors", mount / "ballast"
        case.wait_for_steps("small/a", 20, process)
        assert checkpoint.exists()
        with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 1, f"exit code {process.returncode}: {stderr}"
        assert "the disk is full" in stderr or "No space left" in stderr, stderr
        assert "small/a/" in stderr, f"the error does not name the file: {stderr}"
        assert not list(mount.rglob("*.part")), "a partial file was left"
        assert not (mount / "a" / "result.json").exists()
        saved = checkpoint.read_bytes()
        _, stderr = case.run("small/a", "--resume", config=config, expect=1)  # still no room
        assert checkpoint.read_bytes() == saved, "the earlier checkpoint was touched"
        ballast.unlink()
        case.run("small/a", "--resume", config=config)
        same_result(case, "whole", "small/a")
        events = [[(e["step"], e["loss"]) for e in case.events(out) if "loss" in e] for out in ("whole", "small/a")]
        assert dict(events[0]) == dict(events[1]), "the events differ"


def two_processes(case: Case) -> None:
    """Two processes follow the loss curve of one with the same global batch.

    Sums are rounded differently, by 1e-7. At a high learning rate one rounding that carries a value across ReLU6's edge
    is enough for the curves to part some steps later, as those of one process do when its weights are changed in the
    last bit (docs/architecture.md); so all 48 steps are compared at a moderate rate, the first 12 at a high one.
    """
    mpirun = shutil.which("mpirun")
    if not mpirun:
        print("SKIPPED two_processes: no mpirun")
        return
    launcher = (mpirun, "--allow-run-as-root", "--oversubscribe", "-n", "2")
    config = json.loads(json.dumps(case.config))
    config["network"]["dropout"] = 0.0  # each process draws its own
    for lr_peak, steps, bound in ((0.005, 48, 1e-4), (0.02, 12, 1e-5)):
        config["loop"]["schedule"] = {"lr_peak": lr_peak}
        names = f"one-{lr_peak}", f"two-{lr_peak}"
        case.run(names[0], config=config)
        case.run(names[1], config=config, launcher=launcher)
        curves = [[e["loss"] for e in case.events(out) if "loss" in e] for out in names]
        assert len(curves[0]) == 48 and len(curves[1]) == 48
        worst = max(abs(a - b) for a, b in zip(curves[0][:steps], curves[1]))
        assert worst < bound, f"the curves differ by {worst} at a rate of {lr_peak}"
        print(f"two_processes: largest difference of the loss over {steps} steps at a rate of {lr_peak}: {worst:.2g}")
    assert [run["processes"] for run in case.runs()] == [1, 2, 1, 2]


CASES = [killed, stopped, rerun, locked, diverges, damaged_checkpoint, wrong_configs, damaged_data, full_disk,
         disk_fills_up, two_processes]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, Case))
