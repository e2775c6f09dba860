#!/usr/bin/env python3
"""tinytrain-compile compile, run, export and start as processes, on the host and in an emulator.

usage: run_process.py BIN_DIR [CASE…]
Cases that need a cross-compiler or QEMU are skipped by name without them (scripts/setup --device)."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from cases import changed, run_cases
from tiny_case import TinyCase

SOURCE = pathlib.Path(__file__).resolve().parents[2]
M7 = ("arm-none-eabi-gcc", "qemu-system-arm")


class Case(TinyCase):
    def __init__(self, name: str):
        super().__init__(name)
        self.device = str(self.folder / "device")
        self.base = {"data": self.data, "shots": 40, "epochs": 20, "held_out": 20, "evaluate_every": 10, "evaluate_images": 10,
                     "schedule": {"kind": "constant", "lr_peak": 0.03}}

    def compile(self, *settings, target="host"):
        return self.end(self.start("compile", "--set", f"network={self.model}", "--set", "head=new", "--set", "classes=2", "--set",
                                   "scheme=last:3", "--set", f"device.target={target}", *settings, "--out", self.device))

    def run(self, *arguments, expect=0, **changes):
        stdout, stderr = self.end(self.start("run", self.device, "-", *arguments, stdin=json.dumps(changed(self.base, **changes))), expect)
        return (json.loads(stdout) if expect == 0 else None), stderr


def skip_without(*programs) -> bool:
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"SKIPPED: no {', '.join(missing)} (scripts/setup --device installs them)")
    return bool(missing)


def learns(case: Case) -> None:
    case.compile()
    result, stderr = case.run("--check", "--every", "10")
    assert result["check"] == {"samples": 20 + 1600 + 10 + 20, "equal": True}, result["check"]
    assert result["accuracy"] > max(0.8, result["before"]), result
    assert [point["learnt"] for point in result["curve"]] == [0, 800, 1600], result["curve"]
    assert result["memory"] is None and result["instructions"]["step"] is None, result
    assert "host: learnt 1600: accuracy" in stderr and "of the last 10 right" in stderr, stderr
    again, quiet = case.run("--quiet")
    assert quiet == "", quiet
    for key in ("curve", "state", "config", "while_learning"):
        assert again[key] == result[key], key
    only, _ = case.run(epochs=0)
    assert only["learnt"] == 0 and only["before"] == only["accuracy"] == result["before"], only


def comes_back(case: Case) -> None:
    case.compile()
    state = str(case.folder / "state.bin")
    result, _ = case.run("--state", state)
    learnt = str(case.folder / "learnt")
    stdout, _ = case.end(case.start("export", case.device, state, "--out", learnt))
    assert json.loads(stdout)["steps"] == 1600, stdout
    # What was learnt begins the next device, and predicts there as it did here.
    case.end(case.start("compile", "--set", f"network={learnt}", "--set", "scheme=last:3", "--set", "device.target=host", "--out", case.device))
    again, _ = case.run(epochs=0)
    assert again["before"] == result["accuracy"], (again, result)
    as_onnx(case, learnt)
    _, stderr = case.end(case.start("export", case.device, state, "--out", learnt), 2)
    assert "is of another network than" in stderr, stderr
    stdout, stderr = case.end(case.start("export", case.device, state), 2)
    assert "--out" in stderr, stderr


def as_onnx(case: Case, learnt: str) -> None:
    """What was learnt, in onnxruntime: it predicts what the network does on the host."""
    python = SOURCE / ".deps/test/bin/python"
    if not python.exists():
        print("model.onnx was not run: no onnxruntime (scripts/setup --test)")
        return
    program = """
import json, sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
images = numpy.frombuffer(open(sys.argv[2] + "/t10k-images-idx3-ubyte", "rb").read()[16:], dtype=numpy.uint8)
labels = numpy.frombuffer(open(sys.argv[2] + "/t10k-labels-idx1-ubyte", "rb").read()[8:], dtype=numpy.uint8)
stored = images.reshape(len(labels), 1, *map(int, sys.argv[3:5])).astype(numpy.float32) - 128
scale, zero = float(sys.argv[5]), float(sys.argv[6])
found = session.run(None, {session.get_inputs()[0].name: (stored - zero) * scale})[0].argmax(1)
print(json.dumps(float((found == labels).mean())))
"""
    header = re.search(r"input image: i8\[1, 1, (\d+), (\d+)\] quantised\(scale = \[([^\]]+)\], zero_point = \[(-?\d+)\]",
                       pathlib.Path(learnt, "model.ir").read_text())
    assert header, pathlib.Path(learnt, "model.ir").read_text()[:300]
    done = subprocess.run([python, "-c", program, f"{learnt}/model.onnx", case.data["path"], *header.groups()], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    result, _ = case.run(epochs=0, held_out=0)  # of the folder that begins with what was learnt
    assert abs(json.loads(done.stdout) - result["before"]) < 1e-6, (done.stdout, result["before"])


def replays(case: Case) -> None:
    """One class is known and goes into the buffer alone, the other is learnt."""
    settings = ["--set", "replay.bytes=2000B", "--set", "replay.layer=stem", "--set", "replay.ratio=4"]
    case.compile(*settings)
    result, _ = case.run("--check", known=[0], epochs=2)
    assert result["check"]["equal"] and result["remembered"] == 40 and result["learnt"] == 80, result
    compiled = json.loads((pathlib.Path(case.device) / "compile.json").read_text())
    assert result["replay"] == compiled["replay"] and compiled["replay"]["ratio"] == 4, result["replay"]
    text = pathlib.Path(case.device, "frugal_model.h").read_text()
    assert "int frugal_remember(" in text and "FRUGAL_REPLAY_BYTES" in text, text
    _, stderr = case.run(known=[2], expect=2)
    assert "known: names class 2 of 2" in stderr, stderr
    _, stderr = case.run(known=[0, 1], expect=2)
    assert "leaves no class to be learnt" in stderr, stderr
    case.compile()
    _, stderr = case.run(known=[0], expect=2)
    assert "compile it with replay.bytes" in stderr, stderr


def autoencodes(case: Case) -> None:
    model = str(case.folder / "autoencoder")
    subprocess.run([pathlib.Path(sys.argv[1]) / "write_tiny_model", model, "1", "8", "8", "autoencoder"], check=True)
    case.end(case.start("compile", "--set", f"network={model}", "--set", "head=none", "--set", "device.target=host", "--out", case.device))
    result, stderr = case.run("--check", anomaly__normal=[1], schedule__lr_peak=0.1)
    anomaly = result["anomaly"]
    assert result["check"]["equal"] and anomaly["after"]["auc"] > 0.95, result
    assert anomaly["after"]["usual_score"] < anomaly["before"]["usual_score"], anomaly
    assert "AUC" in stderr and result["learnt"] == 800, stderr
    _, stderr = case.run(expect=2)
    assert "is an auto-encoder" in stderr, stderr
    _, stderr = case.run(anomaly__normal=[0, 1], expect=2)
    assert "none is unusual, to be told from them" in stderr and "hint: leave a class out" in stderr, stderr
    case.compile()
    _, stderr = case.run(anomaly__normal=[1], expect=2)
    assert "compile it with head: none" in stderr, stderr


def in_an_emulator(case: Case) -> None:
    if skip_without(*M7):
        return
    case.compile(target="m7")
    here, _ = case.run("--check", "--target", "host")
    result, _ = case.run("--check", "--profile")
    assert result["curve"] == here["curve"] and result["state"] == here["state"], (result, here)
    memory = result["memory"]
    planned = json.loads((pathlib.Path(case.device) / "compile.json").read_text())["memory"]["sram"]
    assert memory["arena_bytes"] == planned["arena_bytes"] and 0 < memory["runtime_bytes"] < 512, memory
    assert memory["sram_bytes"] == memory["static_bytes"] + memory["stack_used"], memory
    assert any(layer["pass"] == "backward" for layer in result["layers"]), result["layers"]
    limits = {"--sram": memory["sram_bytes"], "--flash": memory["flash_bytes"], "--instructions": result["instructions"]["step"]["most"]}
    flags = [word for flag, limit in limits.items() for word in (flag, limit)]
    case.run(*flags)
    for flag, limit in limits.items():
        _, stderr = case.run(flag, limit - 1, expect=2)
        assert f"{flag}: " in stderr and "1 more than" in stderr and re.search(r"'[\w.]+' \(\d+\)", stderr), stderr


def tidy(case: Case) -> None:
    """The C passes clang-tidy's bugprone checks, but one: kernels take several numbers of one type (docs/tinytrain.md)."""
    if skip_without("clang-tidy"):
        return
    whole = str(case.folder / "whole")
    case.end(case.start("import", case.model, "--rounding", "integer", "--out", whole))
    for settings in ([], ["--set", f"network={whole}", "--set", "method.storage=integer"]):
        case.compile(*settings)
        sources = [str(path) for pattern in ("*.c", "kernels/*.c", "runtime/*.c", "boards/host.c", "boards/memory.c")
                   for path in pathlib.Path(case.device).glob(pattern)]
        done = subprocess.run(["clang-tidy", "--quiet", "--header-filter=.*", "--checks=-*,bugprone-*,-bugprone-easily-swappable-parameters",
                               "--warnings-as-errors=*", *sources, "--",
                               "-std=c11", f"-I{case.device}"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and len(sources) > 20, done.stdout + done.stderr


def stopped(case: Case) -> None:
    if skip_without(*M7):
        return
    case.compile(target="m7")
    config = changed(case.base, epochs=3000)
    process = case.start("run", case.device, "-", "--every", "20", stdin=json.dumps(config))
    for line in process.stderr:
        if "of the last 20" in line:
            break
    children = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    emulator = [line for line in children.splitlines() if "qemu-system-arm" in line and "frugal.elf" in line]
    assert emulator, children
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130, process.returncode
    for _ in range(100):
        left = [path for path in pathlib.Path("/proc").glob("[0-9]*/cwd") if os.path.realpath(path).startswith(case.device)]
        if not left:
            break
        time.sleep(0.05)
    assert not left, left
    assert not list(pathlib.Path(case.device, "build").glob("stream-*")), "the stream was left"


def starts(case: Case) -> None:
    out = str(case.folder / "start")
    target = "host" if any(not shutil.which(program) for program in M7) else "m7"
    stdout, stderr = case.end(case.start("start", case.model, "--data", case.data["path"], "--target", target, "--rate", "0.03", "--shots", "40", "--epochs", "20", "--out", out))
    result = json.loads(stdout)
    assert result["accuracy"] > max(0.8, result["before"]) and result["check"]["equal"], result
    assert result["scheme"] == "last:4" and "building for" in stderr, stderr
    assert result["chosen"] == {}, result["chosen"]
    stdout, stderr = case.end(case.start("start", case.model, "--data", case.data["path"], "--target", "host", "--shots", "40", "--out", out + "4"))
    unsaid = json.loads(stdout)
    chosen = unsaid["chosen"]
    assert chosen["epochs"] == 10 and [trial["rate"] for trial in chosen["trials"]] == [0.001, 0.003, 0.01, 0.03, 0.1], chosen
    best = max(trial["accuracy"] for trial in chosen["trials"])
    assert chosen["rate"] in [trial["rate"] for trial in chosen["trials"] if trial["accuracy"] == best], chosen
    assert unsaid["config"]["schedule"]["lr_peak"] == chosen["rate"] and unsaid["accuracy"] > 0.8, unsaid
    assert "held back: 0.001: " in stderr, stderr
    # Class means know a good deal before a step; a head that is drawn knows nothing.
    stdout, _ = case.end(case.start("start", case.model, "--data", case.data["path"], "--target", "host", "--shots", "40", "--head", "new", "--out", out + "5"))
    drawn = json.loads(stdout)
    assert unsaid["head"] == "means" and drawn["head"] == "new", drawn
    assert unsaid["before"] > max(0.6, drawn["before"] + 0.2), (unsaid["before"], drawn["before"])
    for name in ("report.html", "result.json", "config.json", "state.bin", "device/frugal_model.c"):
        assert pathlib.Path(out, name).exists(), name
    case.end(case.start("run", f"{out}/device", f"{out}/config.json"))
    case.end(case.start("export", f"{out}/device", f"{out}/state.bin", "--out", f"{out}/learnt"))

    def refused(*arguments, message):
        _, said = case.end(case.start("start", *arguments, "--out", out + "2"), 2)
        assert message in said, said
    refused(case.model, "--data", str(case.folder / "none"), "--target", "host", message="is neither a folder nor")
    refused(case.model, "--data", case.device.rsplit("/", 1)[0] + "/model", "--target", "host", message="holds neither folders of images")
    refused(case.model, "--data", case.data["path"], "--target", "host", "--sram", "4300", message="more than device.sram has")
    environment = dict(os.environ, PATH="/nowhere")
    done = subprocess.run([pathlib.Path(sys.argv[1]) / "tinytrain-compile", "start", case.model, "--data", case.data["path"], "--out", out],
                          capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2 and "arm-none-eabi-gcc and qemu-system-arm" in done.stderr and "scripts/setup --device" in done.stderr, done.stderr


def installs(case: Case) -> None:
    """start --install runs the scripts/setup of its checkout: here one that only makes `make` appear."""
    root, tools = case.folder / "checkout", case.folder / "tools"
    (root / "build/bin").mkdir(parents=True)
    (root / "scripts").mkdir()
    tools.mkdir()
    for program in pathlib.Path("/usr/bin").iterdir():
        if program.name != "make":
            (tools / program.name).symlink_to(program)
    program = root / "build/bin/tinytrain-compile"
    shutil.copy(pathlib.Path(sys.argv[1]) / "tinytrain-compile", program)
    setup = root / "scripts/setup"

    def start(message: str, expect: int, script: str) -> None:
        setup.write_text(script) if script else setup.unlink(missing_ok=True)
        done = subprocess.run([program, "start", case.model, "--data", case.data["path"], "--target", "host", "--install", "--shots", "4",
                               "--epochs", "1", "--rate", "0.01", "--out", case.folder / "installed"], capture_output=True, text=True,
                              env=dict(os.environ, PATH=str(tools)), check=False)
        assert done.returncode == expect and message in done.stderr, (done.returncode, done.stderr)
    start("there is no scripts/setup in a folder above this program, to install make", 2, "")
    start("--only-device ended with exit code 3", 1, "echo no network >&2; exit 3\n")
    start("needs make, which PATH does not have", 2, "exit 0\n")
    start(f"installing make by {setup}", 0, f'[ "$1" = --only-device ] && ln -s /usr/bin/make {tools}/make\n')
    start("accuracy", 0, "exit 4\n")  # nothing is missing any more


def wrong_input(case: Case) -> None:
    case.compile()

    def refused(*arguments, message, **changes):
        _, stderr = case.run(*arguments, expect=2, **changes)
        assert message in stderr, stderr
    refused("--target", "m8", message="--target: unknown target 'm8'")
    refused("--target", "m3", message="has no floating point")
    refused("--target", "m7", message="compile it anew with device.target=cortex-m7")
    refused("--sram", "1KB", message="the host measures neither memory nor instructions")
    refused("--profile", message="the host counts no instructions")
    refused("--sram", "much", "--target", "host", message="--sram: is no size")
    refused(message="asks for 9999 images a class", shots=9999)
    refused(message="did you mean 'shots'", shot=3)
    refused(message="set data.resolution", data__resolution=9)
    _, stderr = case.end(case.start("run", str(case.folder), stdin="{}"), 2)
    assert "is no folder that `tinytrain-compile compile` finished" in stderr, stderr
    path = pathlib.Path(case.device, "frugal_model.c")
    path.write_text(path.read_text() + "int;;(\n")
    stdout, stderr = case.end(case.start("run", case.device, "-", stdin=json.dumps(case.base)), 1)
    assert "does not compile for host" in stderr and "frugal_model.c" in stderr, stderr
    model = pathlib.Path(case.device, "model", "model.safetensors")
    blob = bytearray(model.read_bytes())
    blob[-1] ^= 1
    model.write_bytes(blob)
    _, stderr = case.end(case.start("export", case.device, __file__, "--out", str(case.folder / "x")), 2)
    assert "is no state of a device" in stderr, stderr


def documented(case: Case) -> None:
    """The commands of docs/tinytrain.md that begin with `tinytrain-compile run`, `export` or `start`."""
    if skip_without(*M7):
        return
    text = (SOURCE / "docs/tinytrain.md").read_text()
    commands = [line.split("#")[0].strip() for block in re.findall(r"```sh\n(.*?)```", text, re.S)
                for line in block.replace("\\\n", " ").splitlines()
                if re.match(r"tinytrain-compile (compile .*out/device$|run |export |start )", line)]
    assert len(commands) >= 4, commands
    root = case.folder / "docs"
    root.mkdir()
    (root / "photos").symlink_to(case.data["path"])
    (root / "configs" / "run").mkdir(parents=True)
    (root / "configs" / "run" / "fashion.json").write_text(json.dumps(case.base))
    shutil.copytree(case.model, root / "out" / "model")
    environment = dict(os.environ, PATH=f"{pathlib.Path(sys.argv[1]).resolve()}:{os.environ['PATH']}")
    for command in commands:
        command = command.replace("model.tflite", "out/model").replace("classes=10", "classes=2")
        done = subprocess.run(["bash", "-c", command], cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def measured(case: Case) -> None:
    """scripts/tiny_ladder and scripts/tiny_device in their short forms."""
    schemes = case.folder / "schemes.json"
    schemes.write_text(json.dumps({"tiny": [{"bias_layers": 3, "layers": [3, 1], "fractions": [1, 0.5]}]}))

    def result(script, *arguments):
        command = [str(SOURCE / "scripts" / script), "--bin", sys.argv[1], *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])
    ladder = result("tiny_ladder", "--ours", schemes, case.model, "tiny", 0, case.model, "tiny", "last:2")["cases"]
    for one in ladder.values():
        steps = one["sram_bytes"]
        assert list(steps) == ["float", "int8", "sparse", "early", "passes"], steps
        assert steps["float"] > steps["int8"] > steps["sparse"] >= steps["early"] >= steps["passes"], steps
    steps = list(ladder["tiny/0"]["sram_bytes"].values())
    assert steps[3] > steps[4], steps
    if skip_without(*M7):
        return
    cases = result("tiny_device", "--short", case.model, schemes, "tiny")["cases"]
    board = cases["49 KB, 2 classes"]
    assert 4096 < board["SRAM planned, stack included"] < steps[1], (board, steps)
    assert 0 < board["M7 instructions, inference"] < board["M7 instructions, training step"], board
    assert cases["49 KB on the M55"]["M55 instructions, inference"] < board["M7 instructions, inference"], cases


def tells_unusual(case: Case) -> None:
    """scripts/tiny_anomaly in its short form."""
    python = SOURCE / ".deps/test/bin/python"
    if not python.exists() or not pathlib.Path("/usr/share/datasets/fashion-mnist").exists():
        print("SKIPPED: no numpy (scripts/setup --test), or no Fashion-MNIST")
        return
    done = subprocess.run([str(python), str(SOURCE / "scripts/tiny_anomaly"), str(case.folder / "out"), "--short", "--bin", sys.argv[1]],
                          capture_output=True, text=True, check=False, timeout=280, env=dict(os.environ, OMP_NUM_THREADS="1"))
    assert done.returncode == 0, done.stdout + done.stderr
    classes = json.loads(done.stdout)["classes"]
    assert list(classes) == ["1", "2", "3", "4"] and all(one["before"] != one["after"] for one in classes.values()), classes


if __name__ == "__main__":
    sys.exit(run_cases((learns, comes_back, replays, autoencodes, in_an_emulator, tidy, stopped, starts, installs, wrong_input, documented, measured, tells_unusual), Case))
