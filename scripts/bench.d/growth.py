#!/usr/bin/env python3
"""How a command's time and memory grow with its input: made at three sizes, four times as large each; the exponent is that of a
power law through the larger two. Exit code 1 where one is beyond its goal; the message names it.

  growth.py CASE PROGRAM     CASE: see CASES below; PROGRAM: ours, which the case runs

Prints one JSON object: {"exponent", "seconds" (of the largest), "memory_exponent", "peak_mib", "sizes", …}. Time is processor
time (of the clock where other programs are started), the median of three; the time of `--help` is taken off, and so is the
memory."""
import json
import math
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time


def run(words, folder):
    """Seconds of the processor and of the clock, peak memory in MiB, exit code: 2 is an answer too, as files of strangers end
    in one."""
    begun = time.perf_counter()
    process = subprocess.Popen([str(word) for word in words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 2):
        sys.exit(f"{words} ended with {code}: {message[-500:]}")
    return (usage.ru_utime + usage.ru_stime, time.perf_counter() - begun), usage.ru_maxrss / 1024, code


def joint_runs(path, count):
    """Sizes and data of a square grid, with noise."""
    draw = random.Random(1)
    side = math.isqrt(count)
    with open(path, "w") as out:
        out.write("params,tokens,loss\n")
        for i in range(count):
            n, d = 1e6 * 10 ** (3 * (i % side) / side), 1e8 * 10 ** (3 * (i // side) / side)
            loss = (1.7 + 400 / n**0.34 + 410 / d**0.28) * math.exp(draw.gauss(0, 0.01))
            out.write(f"{n:.6e},{d:.6e},{loss:.6f}\n")


def curve_runs(path, count):
    draw = random.Random(2)
    with open(path, "w") as out:
        out.write("tokens,loss\n")
        for i in range(count):
            d = 1e6 * 10 ** (4 * i / count)
            out.write(f"{d:.8e},{(1.7 + 410 / d**0.28) * math.exp(draw.gauss(0, 0.01)):.6f}\n")


def wide_csv(path, count):
    with open(path, "w") as out:
        out.write("params,tokens,loss," + ",".join(f"note_{i}" for i in range(count)) + "\n")
        for i in range(12):
            n, d = 1e6 * 4 ** (i % 4), 1e8 * 4 ** (i // 4)
            out.write(f"{n:.0f},{d:.0f},{1.7 + 400 / n**0.34 + 410 / d**0.28:.6f}" + f",{i}" * count + "\n")


def own_keys(path, count):
    """JSON lines, a key of its own in each."""
    with open(path, "w") as out:
        for i in range(count):
            n, d = 1e6 * 4 ** (i % 4), 1e8 * 4 ** (i // 4 % 4)
            loss = (1.7 + 400 / n**0.34 + 410 / d**0.28) * (1 + 1e-3 * math.sin(i))
            out.write(json.dumps({"params": n, "tokens": d, "loss": round(loss, 7), f"only_{i}": i}) + "\n")


def one_object(path, count):
    """A JSON object of objects by row, as pandas writes a table."""
    columns = {"params": {}, "tokens": {}, "loss": {}}
    for i in range(count):
        n, d = 1e6 * 4 ** (i % 4), 1e8 * 4 ** (i // 4 % 4)
        for name, value in (("params", n), ("tokens", d), ("loss", (1.7 + 400 / n**0.34 + 410 / d**0.28) * (1 + 1e-3 * math.sin(i)))):
            columns[name][str(i)] = value
    path.write_text(json.dumps(columns))


def many_tensors(path, count):
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 1}))
    header, at = {}, 0
    for i in range(count):
        header[f"model.layers.{i}.weight"] = {"dtype": "F32", "shape": [1], "data_offsets": [at, at + 4]}
        at += 4
    text = json.dumps(header).encode()
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))


def run_list(path, count):
    path.write_text("".join(json.dumps({"id": f"run-{i}"}) + "\n" for i in range(count)))


FIT = ["{program}", "fit", "{input}", "--out", "/dev/null"]
# What writes the input, its sizes, the command, and the goals: of an exponent, of seconds at the largest size.
CASES = {
    "fit-runs": (joint_runs, ".csv", (12_500, 50_000, 200_000), FIT, {"exponent": 1.1, "seconds": 5}),
    "fit-curve": (curve_runs, ".csv", (12_500, 50_000, 200_000), FIT, {"exponent": 1.1, "seconds": 5}),
    "csv-columns": (wide_csv, ".csv", (18_750, 75_000, 300_000), FIT, {"exponent": 1.1, "memory_exponent": 1.2, "seconds": 10}),
    "json-keys": (own_keys, ".jsonl", (1_250, 5_000, 20_000), FIT, {"exponent": 1.1, "memory_exponent": 1.2, "seconds": 2}),
    "json-object": (one_object, ".json", (12_500, 50_000, 200_000), FIT, {"exponent": 1.1, "memory_exponent": 1.2, "seconds": 8}),
    "safetensors-header": (many_tensors, "", (6_250, 25_000, 100_000), ["{program}", "inspect", "{input}"],
                           {"exponent": 1.1, "memory_exponent": 1.2, "seconds": 1}),
    "measure": (run_list, ".jsonl", (125, 500, 2_000), ["{program}", "measure", "{config}", "{input}", "--quiet",
                "--set", "folder={fresh}"], {"exponent": 1.1, "seconds": 6}),
}


def exponent(sizes, values):
    """Of the larger two: what a start costs would bend a law through all."""
    return math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2])


def main():
    case, program = sys.argv[1], str(pathlib.Path(sys.argv[2]).resolve())
    write, ending, sizes, words, goals = CASES[case]
    with tempfile.TemporaryDirectory(prefix="frugal-growth-") as work:
        folder = pathlib.Path(work)
        (folder / "measure.json").write_text('{"command": ["true"], "parallel": 1}')

        def filled(words, source="", fresh=""):
            stands_for = {"{config}": str(folder / "measure.json"), "{program}": program, "{input}": str(source), "{fresh}": str(fresh)}
            for name, value in stands_for.items():
                words = [word.replace(name, value) for word in words]
            return words

        bare = [run([filled(words)[0], "--help"], folder) for _ in range(3)]
        clock = 1 if case == "measure" else 0
        start, floor = statistics.median(one[0][clock] for one in bare), min(one[1] for one in bare)
        seconds, peaks, codes = [], [], set()
        for size in sizes:
            source = folder / f"input-{size}{ending}"
            write(source, size)
            times = []
            for again in range(3):
                spent, peak, code = run(filled(words, source, folder / f"out-{size}-{again}"), folder)
                times.append(max(spent[clock] - start, 1e-4))
                codes.add(code)
            seconds.append(statistics.median(times))
            peaks.append(max(peak - floor, 8))  # fewer say nothing
    found = {"exponent": exponent(sizes, seconds), "seconds": seconds[-1], "memory_exponent": exponent(sizes, peaks), "peak_mib": peaks[-1]}
    found = {name: round(value, 3) for name, value in found.items()}
    print(json.dumps(found | {"sizes": sizes, "all_seconds": [round(s, 4) for s in seconds], "all_mib": [round(p, 1) for p in peaks],
                              "exit_codes": sorted(codes)}))
    missed = [f"{name} {found[name]}, wanted at most {goal}" for name, goal in goals.items() if found[name] > goal]
    if missed:
        sys.exit(f"{case}: {'; '.join(missed)} (seconds {seconds}, MiB {peaks} at {sizes})")


if __name__ == "__main__":
    main()
