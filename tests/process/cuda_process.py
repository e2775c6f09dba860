#!/usr/bin/env python3
"""The trainers on a GPU: the CPU's losses but for rounding, and a run that was killed ends as one that was not.

usage: cuda_process.py BIN_DIR [CASE…]
Every case but the first says SKIPPED where there is no GPU, or LibTorch is built without CUDA.
"""
import json
import pathlib
import re
import signal
import subprocess
import sys

import grow_training_process as grow
import search_process as search
import train_process as train
from cases import run_cases

BIN_DIR = pathlib.Path(sys.argv[1])
GPU = ("--device", "cuda")


def refusal(tool: str, command: str, device: str) -> str:
    done = subprocess.run([BIN_DIR / tool, command, "-", "--device", device, "--out", "/tmp/frugal-no-such-run"], input="{}",
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, f"--device {device}: exit code {done.returncode}: {done.stderr}"
    return done.stderr


def has_gpu(name: str) -> bool:
    message = refusal("nas-search", "train", "cuda:99")
    if "no CUDA here" in message:
        print(f"SKIPPED {name}: no GPU")
        return False
    return True


def wrong_device(name: str) -> None:
    """A device that is not there is the user's mistake, whichever command is told of it."""
    for tool, command in (("nas-search", "train"), ("nas-search", "search"), ("ligo-grow", "train")):
        for device in ("gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1"):
            message = refusal(tool, command, device)
            assert f"--device: unknown device '{device}'" in message and "cpu, cuda or cuda:N" in message, message
        message = refusal(tool, command, "cuda:99")
        assert re.search(r"--device: (no CUDA here|there (is|are) only \d+ GPU)", message), message


def losses(folder: pathlib.Path) -> list:
    lines = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    return [event["loss"] for event in lines if "lr" in event]


def check_close(what: str, cpu: pathlib.Path, gpu: pathlib.Path, steps: int, bound: float) -> None:
    """Rounding may part the curves later (docs/architecture.md says how); in the first steps it may not."""
    curves = losses(cpu)[:steps], losses(gpu)[:steps]
    assert len(curves[0]) == len(curves[1]) == steps, f"{what}: {len(curves[0])} and {len(curves[1])} steps"
    worst = max(abs(a - b) for a, b in zip(*curves))
    print(f"{what}: largest difference of the loss from the CPU's over {steps} steps: {worst:.2g}")
    assert worst < bound, f"{what}: the losses differ by {worst}"


def train_images(name: str) -> None:
    if not has_gpu(name):
        return
    case = train.Case(name)
    config = train.slow(case)
    config["network"].update(dropout=0.0, blocks="3e1w8 | 3e3s2w8 5e3 3e2s1w8")
    config["loop"]["schedule"] = {"lr_peak": 0.005}
    case.run("cpu", config=config)
    case.run("whole", *GPU, config=config)
    check_close("nas-search train", case.folder / "cpu", case.folder / "whole", 40, 1e-3)
    for changes in ({"dropout": 0.2}, {"dropout": 0.2, "optimizer": {"kind": "adamw", "clip_norm": 0.5}}):
        config["network"]["dropout"] = changes["dropout"]
        config["loop"]["optimizer"] = changes.get("optimizer", {})
        label = f"{len(changes)}"
        case.run(f"whole{label}", *GPU, config=config)
        process = case.start(f"broken{label}", *GPU, config=config)
        case.wait_for_steps(f"broken{label}", 30, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        case.run(f"broken{label}", "--resume", *GPU, config=config)
        train.same_result(case, f"whole{label}", f"broken{label}")
    result = json.loads((case.folder / "whole" / "result.json").read_text())
    assert result["run"]["device"].startswith("cuda"), result["run"]


def search_networks(name: str) -> None:
    """With every strategy."""
    if not has_gpu(name):
        return
    for kind in search.strategies(search.Case(name)):
        case = search.Case(kind)
        config = case.changed(strategy__kind=kind, strategy__rerank=4, schedule__warmup_lr=0.01, schedule__lr=0.005)
        case.run("cpu", config)
        case.run("whole", config, *GPU)
        check_close(f"nas-search search, {kind}", case.folder / "cpu", case.folder / "whole", 27, 2e-3)
        case.kill_at("broken", config, 12, *GPU)
        case.kill_at("broken", config, 40, "--resume", *GPU)
        case.run("broken", config, "--resume", *GPU)
        search.same_result(case, "whole", "broken")


MODELS = {
    "gpt2": {}, "gpt2, parts": {"accumulate": 2},
    "gpt2, drops": {"drop": {"layer_keep": 0.7, "token_keep": 0.5}, "model": {"layers": 4}},
    "llama": {"model": {"architecture": "llama", "heads": 4, "kv_heads": 2}},
    "llama, drops": {"drop": {"token_keep": 0.5}, "model": {"architecture": "llama", "layers": 3}},
    "bert": {"model": {"architecture": "bert"}, "objective": "masked", "mask_token_id": 1},
    "roberta": {"model": {"architecture": "roberta"}, "objective": "masked", "mask_token_id": 1},
}


def grow_training(name: str) -> None:
    """Causal and masked language models, images; the learned operator."""
    if not has_gpu(name):
        return
    case = grow.Case(name)
    train.write_idx(case.folder / "data")
    for i, (what, changes) in enumerate(MODELS.items()):
        config = grow.changed(case.config, ema_decay=0.9)
        for key, value in changes.items():
            config[key] = dict(config[key], **value) if key == "model" else value
        check_model(case, what, config, str(i))
    images = {"architecture": "vit", "hidden_size": 16, "layers": 2, "heads": 2, "image_size": 8, "patch_size": 4, "labels": 2}
    config = dict(grow.changed(case.config), model=images, objective="image", images={"kind": "idx", "path": "data"})
    del config["data"]
    check_model(case, "vit", config, "images")
    learned = {"model": "cpu0", "target": {"hidden_size": 32, "layers": 3}, "data": case.config["data"], "batch_size": 8,
               "ligo": {"noise": 0.01}, "loop": {"steps": 60, "log_every": 1, "checkpoint_every": 7, "schedule": {"warmup_steps": 3}}}
    check_model(case, "ligo-grow learn", learned, "learned", "learn", ("model.safetensors", "operator.safetensors"))


def check_model(case, what, config, label, command="train", names=("model.safetensors",)) -> None:
    case.run(command, config, f"cpu{label}")
    case.run(command, config, f"whole{label}", *GPU)
    check_close(what, case.folder / f"cpu{label}", case.folder / f"whole{label}", 20, 1e-3)
    process = case.start(command, config, f"broken{label}", *GPU)
    case.wait_for_steps(f"broken{label}", 10, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    case.run(command, config, f"broken{label}", "--resume", *GPU)
    case.same(f"whole{label}", f"broken{label}", names)


def grow_stages(name: str) -> None:
    """Train, grow (with moments), learn an operator, go on: as on the CPU."""
    if not has_gpu(name):
        return
    case = grow.Case(name)
    config = dict(case.config, stages=[
        {"steps": 20}, {"target": {"hidden_size": 32}, "growth": {"plan": {"width": "exact"}, "optimizer": True}, "steps": 20},
        {"target": {"layers": 4}, "growth": {"method": "ligo", "ligo_steps": 10}, "steps": 20}])
    results = [json.loads(case.run("train", config, out, *flags)[0]) for out, flags in (("cpu", ()), ("gpu", GPU))]
    worst = max(abs(a["loss"] - b["loss"]) for a, b in zip(results[0]["stages"], results[1]["stages"]))
    print(f"{name}: largest difference of a stage's final loss: {worst:.2g}")
    assert worst < 0.02, results


CASES = [wrong_device, train_images, search_networks, grow_training, grow_stages]


if __name__ == "__main__":
    sys.exit(run_cases(CASES, str))
