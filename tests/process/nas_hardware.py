#!/usr/bin/env python3
"""nas-search profile, derive and export as processes: a runner over a stand-in for ssh, a kill and a resume,
a check of predictions, and exported networks in onnxruntime.

usage: nas_hardware.py BIN_DIR CASE
A case that needs what is not here (onnxruntime, the reference data) says SKIPPED and why.
"""
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.argv[1]) / "nas-search"
SHARED = pathlib.Path(os.environ.get("FRUGAL_SHARED", SOURCE.parent / "shared" / "data")) / "nas"
SPACE = {"input_channels": 1, "classes": 4, "resolution": 16, "stem": 8, "stem_stride": 2, "first_block": 0,
         "candidates": ["3e2", "5e2", "Z"], "stages": [{"width": 8, "depth": 1, "stride": 1},
                                                          {"width": 16, "depth": 2, "stride": 2}], "head": 0}
FAST = ["--set", "meter.rounds=3", "--set", "meter.sample_ms=0.05"]


class Skip(Exception):
    pass


def run(*arguments, code=0, **kwargs):
    done = subprocess.run([BIN, *map(str, arguments)], capture_output=True, text=True, timeout=120, **kwargs)
    if done.returncode != code:
        raise AssertionError(f"exit {done.returncode}, not {code}: {arguments}\n{done.stderr}")
    return done


def write_space(folder):
    path = folder / "space.json"
    path.write_text(json.dumps(SPACE))
    return path


def runner_over_ssh(folder):
    """scripts/latency-runner-ssh with a stand-in that runs the remote command here."""
    ssh = folder / "ssh"
    ssh.write_text("#!/bin/sh\necho \"$1\" > \"$(dirname \"$0\")/host\"\nshift\nexec \"$@\"\n")
    ssh.chmod(0o755)
    space = write_space(folder)
    runner = f"{SOURCE}/scripts/latency-runner-ssh pi@board {BIN} " + " ".join(FAST)
    done = run("profile", space, "--runner", runner, "--out", folder / "t.json", "--check", 3, "--quiet",
               env={**os.environ, "FRUGAL_SSH": str(ssh)})
    assert (folder / "host").read_text().strip() == "pi@board"
    table = json.loads((folder / "t.json").read_text())
    assert len(table["operations"]) == 8, table  # stem, two candidates in three places, classifier
    assert all(one["ms"] > 0 for one in table["operations"].values())
    check = json.loads(done.stdout)["run"]["check"]
    assert check["held_out"]["networks"] == 3 and len(check["measured_ms"]) == 3


def kill_and_resume(folder):
    """A slow runner, killed half-way: what was measured stays as it was and only the rest is asked for."""
    space = write_space(folder)
    slow = "n=0; while read -r line; do sleep 0.2; echo \"{\\\"id\\\": $n, \\\"ms\\\": 1.$n}\"; n=$((n+1)); done"
    command = [BIN, "profile", str(space), "--runner", slow, "--out", str(folder / "t.json"), "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    table = folder / "t.json"
    while not table.exists() or len(json.loads(table.read_text())["operations"]) < 2:
        time.sleep(0.02)
        assert process.poll() is None, "it ended before it was killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = json.loads(table.read_text())["operations"]
    assert 2 <= len(before) < 8
    run(*command[1:], "--resume")
    after = json.loads(table.read_text())["operations"]
    assert len(after) == 8 and all(after[key] == value for key, value in before.items())
    bytes_before = table.read_bytes()
    run(*command[1:], "--resume")
    assert table.read_bytes() == bytes_before


def onnxruntime_runner(folder):
    """The shipped runner: pieces inside networks, a check; another runtime's table is neither resumed nor checked."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise Skip(f"{error} (scripts/setup --test installs it into .deps/test)")
    space, table = write_space(folder), folder / "t.json"
    environment = {**os.environ, "FRUGAL_PYTHON": sys.executable}
    done = run("profile", space, "--runtime", "onnxruntime", "--out", table, "--check", 4, "--quiet", env=environment)
    result, measured = json.loads(done.stdout), json.loads(table.read_text())
    assert measured["runtime"] == result["runtime"] == "onnxruntime" and len(measured["operations"]) == 8, measured
    assert all(one["ms"] > 0 and one["repetitions"] >= 3 for one in measured["operations"].values()), measured
    check = result["run"]["check"]
    assert len(check["measured_ms"]) == 4 and check["held_out"]["mean_relative_error"] < 3, check
    error = run("profile", space, "--out", table, "--resume", code=2).stderr
    assert "runtime onnxruntime" in error and "libtorch" in error, error
    error = run("profile", space, "--table", table, "--check", 2, code=2).stderr
    assert "--runtime onnxruntime" in error, error


def sent_over_ssh(folder):
    """The runner's text goes through a stand-in for ssh; a python without onnxruntime says what to install; a runner that is
    asked without models says what is missing."""
    ssh, python = folder / "ssh", folder / "python"
    ssh.write_text("#!/bin/sh\nshift\nexec sh -c \"$1\"\n")
    (folder / "none").mkdir()
    (folder / "none/onnxruntime.py").write_text("raise ImportError('none', name='onnxruntime')\n")
    python.write_text(f"#!/bin/sh\nPYTHONPATH={folder}/none exec {sys.executable} \"$@\"\n")
    for script in (ssh, python):
        script.chmod(0o755)
    space, runner = write_space(folder), f"{SOURCE}/scripts/latency-runner-onnxruntime"
    environment = {**os.environ, "FRUGAL_PYTHON": str(python), "FRUGAL_SSH": str(ssh)}
    over_ssh = f"{sys.executable} {runner} --ssh pi@board"
    for more in ([], ["--runner", over_ssh]):
        error = run("profile", space, "--runtime", "onnxruntime", *more, "--out", folder / "t.json", code=2, env=environment).stderr
        assert "onnxruntime is not installed" in error and "pip install onnxruntime" in error, error
    error = run("profile", space, "--runner", over_ssh, "--out", folder / "t.json", code=2, env=environment).stderr
    assert "--runtime onnxruntime" in error, error


def foreign_table(folder):
    """A table whose numbers cannot be milliseconds is warned of."""
    space = write_space(folder)
    run("profile", space, "--out", folder / "t.json", "--quiet", *FAST)
    table = json.loads((folder / "t.json").read_text())
    for one in table["operations"].values():
        one["ms"] *= 1000
    (folder / "us.json").write_text(json.dumps(table))
    done = run("profile", space, "--table", folder / "us.json", "--check", 2, *FAST)
    assert "warning: predictions are" in done.stderr, done.stderr
    assert "microseconds?" in done.stderr, done.stderr


def read_safetensors(path, name):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    entry = json.loads(raw[8:8 + size])[name]
    begin, end = entry["data_offsets"]
    import numpy
    return numpy.frombuffer(raw[8 + size + begin:8 + size + end], "<f4").reshape(entry["shape"])


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in tensors.values()))


def session(path):
    try:
        import onnxruntime
    except ImportError as error:
        raise Skip(f"{error} (scripts/setup --test installs it into .deps/test)")
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def onnx_published(folder):
    """The published small network: ONNX logits are the reference's within 1e-4."""
    if not SHARED.exists():
        raise Skip("no reference data beside the checkout")
    session  # onnxruntime is asked for before anything is made
    network, weights = SHARED / "proxyless-w0.25-r112.json", SHARED / "proxyless-w0.25-r112.safetensors"
    reference = SHARED / "proxyless-w0.25-r112.reference.safetensors"
    config = json.loads(network.read_text())
    config["resolution"] = 112
    (folder / "n.json").write_text(json.dumps(config))
    run("export", folder / "n.json", "--weights", weights, "--out", folder / "n.onnx")
    logits = session(folder / "n.onnx").run(None, {"input": read_safetensors(reference, "input")})[0]
    worst = abs(logits - read_safetensors(reference, "logits")).max()
    print(f"largest difference of a logit: {worst:.2e}")
    assert worst < 1e-4, worst


def onnx_every_block(folder):
    """Every kind of block and activation, random weights: onnxruntime and nas-search evaluate agree."""
    import numpy
    session_of = session
    compact = ["--set", "blocks=3e1w8 | 5e3s2w16 7e6 Z 3e2", "--set", "stem=8", "--set", "head=24", "--set",
               "resolution=17", "--set", "classes=7"]
    run("network", *compact, "--out", folder / "n.json", "--quiet")
    config = json.loads((folder / "n.json").read_text())
    config["blocks"][1]["mobile_inverted_conv"].update(act_func="h_swish", use_se=True)
    config["blocks"][2]["mobile_inverted_conv"].update(act_func="relu", mid_channels=40)
    config["blocks"][4]["mobile_inverted_conv"] = {
        "name": "ConvLayer", "in_channels": 16, "out_channels": 16, "kernel_size": 3, "dilation": 2, "groups": 4,
        "bias": True, "act_func": "sigmoid"}
    (folder / "n.json").write_text(json.dumps(config))
    random = numpy.random.default_rng(1)
    tensors = {}

    def conv(name, shape, bias=False, bn=True):
        tensors[name + ".conv.weight"] = random.normal(0, 0.3, shape)
        if bias:
            tensors[name + ".conv.bias"] = random.normal(size=shape[0])
        if bn:
            tensors[name + ".bn.weight"] = random.uniform(0.5, 1.5, shape[0])
            tensors[name + ".bn.bias"] = random.normal(size=shape[0])
            tensors[name + ".bn.running_mean"] = random.normal(size=shape[0])
            tensors[name + ".bn.running_var"] = random.uniform(0.5, 2, shape[0])

    def bottleneck(name, i, m, o, k, squeeze=0):
        if m != i:
            conv(name + ".inverted_bottleneck", (m, i, 1, 1))
        conv(name + ".depth_conv", (m, 1, k, k))
        if squeeze:
            fc = name + ".depth_conv.se.fc"
            tensors[fc + ".reduce.weight"] = random.normal(0, 0.3, (squeeze, m, 1, 1))
            tensors[fc + ".reduce.bias"] = random.normal(size=squeeze)
            tensors[fc + ".expand.weight"] = random.normal(0, 0.3, (m, squeeze, 1, 1))
            tensors[fc + ".expand.bias"] = random.normal(size=m)
        conv(name + ".point_linear", (o, m, 1, 1))

    def block(i):
        return f"blocks.{i}.mobile_inverted_conv"

    conv("first_conv", (8, 3, 3, 3))
    bottleneck(block(0), 8, 8, 8, 3)
    bottleneck(block(1), 8, 24, 16, 5, squeeze=8)
    bottleneck(block(2), 16, 40, 16, 7)
    conv(block(4), (16, 4, 3, 3), bias=True)
    conv("feature_mix_layer", (24, 16, 1, 1))
    tensors["classifier.linear.weight"] = random.normal(size=(7, 24))
    tensors["classifier.linear.bias"] = random.normal(size=7)
    write_safetensors(folder / "w.safetensors", {k: v.astype("<f4") for k, v in tensors.items()})
    images = random.normal(size=(3, 3, 17, 17)).astype("<f4")
    write_safetensors(folder / "x.safetensors", {"input": images})
    run("evaluate", folder / "n.json", "--weights", folder / "w.safetensors", "--input", folder / "x.safetensors",
        "--logits", folder / "y.safetensors", "--quiet")
    run("export", folder / "n.json", "--weights", folder / "w.safetensors", "--out", folder / "n.onnx")
    ours = read_safetensors(folder / "y.safetensors", "logits")
    theirs = session_of(folder / "n.onnx").run(None, {"input": images})[0]
    worst = abs(ours - theirs).max()
    print(f"largest difference of a logit: {worst:.2e}, of {abs(ours).max():.2f}")
    assert worst < 1e-4, worst


def two_devices(folder):
    """The two published TF-NAS tables give two networks, each the fastest on its own device."""
    if not SHARED.exists():
        raise Skip("no reference data beside the checkout")
    space = json.loads((SOURCE / "configs/search/tf_nas.json").read_text().split("\n", 1)[1])["space"]
    (folder / "space.json").write_text(json.dumps(space))
    tables = [SHARED / "latency_xeon6130.json", SHARED / "latency_titan_rtx.json"]
    blocks = [stage for stage in space["stages"] for _ in range(stage["depth"])]
    # Every candidate's worth is how much it computes: kernel and expansion, in logarithms.
    alpha, width = [], space["first_block"]
    for number, stage in enumerate(blocks):
        labels = list(stage.get("candidates") or space["candidates"])
        row = [0.2 * int(label[0]) + 0.35 * int(label[2]) for label in labels if label != "Z"]
        first = number == 0 or blocks[number - 1] is not stage
        if "Z" in labels and not first:
            row.append(0.0)
        alpha.append(row)
    (folder / "alpha.json").write_text(json.dumps({"alpha": alpha}))
    arguments = ["derive", folder / "space.json", "--alpha", folder / "alpha.json", "--out", folder / "out"]
    for table in tables:
        arguments += ["--table", table]
    done = run(*arguments, "--limit", "latency_ms=45,10")
    networks = json.loads(done.stdout)["networks"]
    for network in networks:
        print(network["choice"], network["latency_ms"])
    assert networks[0]["choice"] != networks[1]["choice"]
    for network, table in zip(networks, tables):
        assert network["fastest_on"] == [str(table)], networks
    again = json.loads(run(*arguments, "--limit", "latency_ms=45,10").stdout)
    assert again["networks"] == networks


def main():
    test_python = SOURCE / ".deps/test/bin/python"
    if test_python.exists() and pathlib.Path(sys.prefix).resolve() != (SOURCE / ".deps/test").resolve():
        os.execv(test_python, [str(test_python), *sys.argv])
    case = sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        try:
            globals()[case](pathlib.Path(folder))
        except Skip as reason:
            print(f"SKIPPED {case}: {reason}")
        except ModuleNotFoundError as reason:
            print(f"SKIPPED {case}: {reason} (scripts/setup --test installs it into .deps/test)")
    print(f"{case}: done")


main()
