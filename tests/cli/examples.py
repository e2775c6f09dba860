#!/usr/bin/env python3
"""Runs the example commands of scalefit's --help texts and of README.md, in a folder that holds what they name.

  examples.py BIN

What only consists of scalefit is run; where the README shows what it prints (```json after the command), those lines
must be in what it printed, one after the other, with numbers as they are rounded there. Where a stage trains (scalefit measure, another of our tools, mpirun), only
flags are checked: each stage that is a tool of ours is asked for the --help of its subcommand, which must offer
every flag that is given.
"""
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("scalefit", "nas-search", "ligo-grow", "tinytrain-compile")


def loss(size, data, factor=1.0):
    return factor * (1.7 + 400 / size ** 0.34 + 410 / data ** 0.28)


def checkpoints():
    """A run of 12,000 steps: warm-up, then half a cosine down to a fifth; losses of the annealing law."""
    rates = [3e-4 * min(1.0, step / 500) * (0.6 + 0.4 * math.cos(math.pi * max(0, step - 500) / 11500)) for step in range(12001)]
    area = momentum = fallen = 0.0
    lines = []
    for step in range(1, 12001):
        area += rates[step]
        momentum = 0.999 * momentum + rates[step - 1] - rates[step] if step > 500 else 0.0
        fallen += momentum
        if step % 100 == 0:
            noise = 0.003 * math.sin(12.9898 * step)
            lines.append(f"{step},{rates[step]:.6e},{2.4 + 0.9 * area ** -0.45 - 0.8 * fallen + noise:.6f}\n")
    return "".join(lines)


def prepare(folder, environment):
    sizes, amounts = [1e6 * 2 ** i for i in range(5)], [1e7 * 2 ** i for i in range(5)]
    noise = [0.004 * math.sin(12.9898 * i) for i in range(25)]
    rows = [(n, d, loss(n, d) * (1 + noise[5 * i + j])) for i, n in enumerate(sizes) for j, d in enumerate(amounts)]
    csv = "params,tokens,loss\n" + "".join(f"{n:g},{d:g},{y:.6f}\n" for n, d, y in rows)
    (folder / "runs.csv").write_text(csv)
    (folder / "runs.jsonl").write_text("".join(f'{{"params":{n:g},"tokens":{d:g},"loss":{y:.6f}}}\n' for n, d, y in rows))
    (folder / "larger.csv").write_text("params,tokens\n1e9,2e10\n4e9,8e10\n")
    (folder / "curves.csv").write_text("Model,Seen Examples,Loss,Training\n" + "".join(
        f"{model},{1e6 * 1.4 ** i:.0f},{loss(1e18, 1e3 * 1.4 ** i, f):.6f},{int(i < 12)}\n"
        for model, f in (("a", 1.0), ("b", 1.1)) for i in range(16)))
    (folder / "checkpoints.csv").write_text("step,learning_rate,loss\n" + checkpoints())
    for name in ("data", "configs"):
        (folder / name).symlink_to(SOURCE / name)
    for name, law in (("fit", "chinchilla"), ("a", "chinchilla"), ("b", "overtraining")):
        run(f"scalefit fit runs.csv --set law={law} --set draws=60 > {name}.json", folder, environment)


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def same_line(shown, came):
    if NUMBER.sub("#", shown) != NUMBER.sub("#", came):
        return False
    for a, b in zip(NUMBER.findall(shown), NUMBER.findall(came)):
        unit = 10.0 ** -len(a.partition(".")[2])
        if abs(float(a) - float(b)) > max(unit, 1e-4 * abs(float(b))):
            return False
    return True


def check_output(command, shown, came):
    lines, wanted = came.splitlines(), shown.splitlines()
    if not any(all(same_line(*pair) for pair in zip(wanted, lines[i:])) for i in range(len(lines) - len(wanted) + 1)):
        raise SystemExit(f"FAILED: {command}: README shows\n{shown}which is not in\n{came[:1500]}")


def run(command, folder, environment):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"FAILED: {command}\n{done.stderr}")
    return done.stdout


def check_flags(command, environment):
    for stage in re.split(r"\||&&", command):
        words = stage.split()
        words = words[next((i for i, w in enumerate(words) if w in TOOLS), len(words)):]
        if not words or shutil.which(words[0], path=environment["PATH"]) is None:
            continue
        text = subprocess.run(words[:2] + ["--help"], capture_output=True, text=True, env=environment).stdout
        for flag in (w for w in words[2:] if w.startswith("--")):
            if flag not in text:
                raise SystemExit(f"FAILED: {command}: {' '.join(words[:2])} has no {flag}")


def commands(environment):
    text = subprocess.run(["scalefit", "--help"], capture_output=True, text=True, env=environment).stdout
    names = re.findall(r"^  (\w+) {2,}", text[text.index("Subcommands:"):], re.M)
    for help_of in [["scalefit"]] + [["scalefit", name] for name in names]:
        text = subprocess.run(help_of + ["--help"], capture_output=True, text=True, env=environment).stdout
        found = [line.strip() for line in text.split("Examples:")[-1].splitlines() if line.startswith("  ")]
        if len(found) < 2:
            raise SystemExit(f"FAILED: {' '.join(help_of)} --help ends without two examples")
        yield from ((line, None) for line in found)
    blocks = re.findall(r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", (SOURCE / "README.md").read_text(), re.S)
    for block, shown in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split(" #")[0].strip()
            if line and not line.startswith(("#", "scripts/")):
                yield line, shown or None


def main():
    environment = dict(os.environ, PATH=f"{pathlib.Path(sys.argv[1]).resolve()}:{os.environ['PATH']}", LC_ALL="C")
    count = checked = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(folder, environment)
        for command, shown in commands(environment):
            stages = [stage.split() for stage in re.split(r"\||&&", command)]
            if all(stage[0] == "scalefit" and stage[1:2] != ["measure"] for stage in stages):
                came = run(command, folder, environment)
                if shown:
                    check_output(command, shown, came)
                count += 1
            else:
                check_flags(command, environment)
                checked += 1
    print(f"{count} commands ran, {checked} that train had their flags checked")


if __name__ == "__main__":
    main()
