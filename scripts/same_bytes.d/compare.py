"""Compares what two runs of a command wrote: byte for byte, or numbers within a tolerance."""
import json
import os
import pathlib
import re
import struct
import subprocess

# What differs by nature, in results and events: times, the host, memory.
NATURAL = {"run", "seconds", "samples_per_second", "samples_per_s", "peak_resident_bytes", "tokens_per_second", "time"}
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def parse(text):
    """A JSON value whose numbers stay as they are written; None where it is no JSON."""
    try:
        return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)
    except ValueError:
        return None


class Number(str):
    pass


def rename(value, keys):
    """The value without what differs by nature, with keys by their new names (keys: old name -> new)."""
    if isinstance(value, dict):
        return {keys.get(k, k): rename(v, keys) for k, v in value.items() if k not in NATURAL}
    if isinstance(value, list):
        return [rename(v, keys) for v in value]
    return value


def close(a, b, tolerance):
    if a == b:
        return True
    if not tolerance:
        return False
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return abs(x - y) <= tolerance * max(abs(x), abs(y)) or max(abs(x), abs(y)) < 1e-12


def unit(number):
    """One unit of the last digit that is written: 0.01 of 3.25, 1e3 of 5e3."""
    digits, _, exponent = number.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def text_difference(a, b, tolerance, rounded=True):
    """Where two texts differ; numbers in them may, by the tolerance or, where they are rounded for people, by one unit of
    the last digit that is written."""
    if a == b:
        return None
    for number, (left, right) in enumerate(zip(a.splitlines(), b.splitlines()), 1):
        if left == right:
            continue
        numbers = NUMBER.findall(left), NUMBER.findall(right)
        if tolerance and NUMBER.sub("#", left) == NUMBER.sub("#", right) and len(numbers[0]) == len(numbers[1]):
            if all(close(x, y, tolerance) or
                   rounded and abs(float(x) - float(y)) <= 1.001 * max(unit(x), unit(y))
                   for x, y in zip(*numbers)):
                continue
        at = next((i for i, (x, y) in enumerate(zip(left, right)) if x != y), min(len(left), len(right)))
        return f"line {number}: {left[max(0, at - 30):at + 30]!r} became {right[max(0, at - 30):at + 30]!r}"
    if len(a.splitlines()) != len(b.splitlines()):
        return f"{len(a.splitlines())} lines became {len(b.splitlines())}"
    return None


def json_difference(a, b, tolerance, place="", added=()):
    """added: keys that the newer build alone may write; where there are some, the order of keys is no difference either."""
    if type(a) is not type(b):
        return f"{place or '/'}: {a!r} became {b!r}"[:200]
    if isinstance(a, dict):
        b = {k: v for k, v in b.items() if k in a or k not in added}
        if (set(a) != set(b)) if added else (list(a) != list(b)):
            gone, came = [k for k in a if k not in b], [k for k in b if k not in a]
            return f"{place or '/'}: keys: {', '.join(gone) or 'none'} went, {', '.join(came) or 'none'} came" + (
                "" if gone or came else ", in another order")
        pairs = [(f"{place}/{k}", a[k], b[k]) for k in a]
    elif isinstance(a, list):
        if len(a) != len(b):
            return f"{place or '/'}: {len(a)} items became {len(b)}"
        pairs = [(f"{place}/{i}", x, y) for i, (x, y) in enumerate(zip(a, b))]
    elif isinstance(a, Number):
        return None if close(a, b, tolerance) else f"{place or '/'}: {a} became {b}"
    elif isinstance(a, str):
        found = text_difference(a, b, tolerance, rounded=False)
        return f"{place or '/'}: {found}" if found else None
    else:
        return None if a == b else f"{place or '/'}: {a!r} became {b!r}"
    return next((found for found in (json_difference(x, y, tolerance, p, added) for p, x, y in pairs) if found), None)


def shape(value):
    """The keys of a JSON value of measured times."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if k not in NATURAL}
    if isinstance(value, list):
        return [shape(v) for v in value]
    return "number" if isinstance(value, Number) else value


def tensors(raw):
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    return {name: (entry if name == "__metadata__" else (entry["dtype"], entry["shape"],
                                                         raw[slice(*(8 + size + x for x in entry["data_offsets"]))]))
            for name, entry in header.items()}


def safetensors_difference(a, b):
    a, b = tensors(a), tensors(b)
    if set(a) != set(b):
        return f"tensors: {', '.join(sorted(set(a) - set(b))) or 'none'} went, {', '.join(sorted(set(b) - set(a))) or 'none'} came"
    for name in a:
        if a[name] != b[name] and name == "__metadata__":
            texts = [{k: rename(parse(v), {}) if parse(v) is not None else v for k, v in one[name].items()} for one in (a, b)]
            found = json_difference(*texts, 0, "__metadata__")
            if found:
                return found
        elif a[name] != b[name]:
            kind, size, left = a[name]
            if (kind, size) != b[name][:2]:
                return f"{name}: {kind} {size} became {b[name][0]} {b[name][1]}"
            if kind != "F32":
                return f"{name}: other bytes"
            pairs = list(zip(struct.unpack(f"<{len(left) // 4}f", left), struct.unpack(f"<{len(left) // 4}f", b[name][2])))
            return f"{name}: {sum(x != y for x, y in pairs)} of {len(pairs)} values, by at most {max(abs(x - y) for x, y in pairs):.3g}"
    return None


ONNX = """
import sys, numpy, onnxruntime
sessions = [onnxruntime.InferenceSession(p, providers=["CPUExecutionProvider"]) for p in sys.argv[1:]]
shapes = [[2 if not isinstance(d, int) else d for d in s.get_inputs()[0].shape] for s in sessions]
assert shapes[0] == shapes[1], shapes
x = numpy.random.default_rng(0).normal(size=shapes[0]).astype("f4")
a, b = (s.run(None, {s.get_inputs()[0].name: x})[0] for s in sessions)
print("same" if a.tobytes() == b.tobytes() else f"logits differ by {abs(a - b).max():.3g}")
"""


def onnx_difference(a, b, python):
    """Other bytes are no difference where onnxruntime computes the same logits."""
    if not os.path.exists(python):
        return "other bytes, and there is no onnxruntime to ask (scripts/setup --test)"
    done = subprocess.run([python, "-c", ONNX, str(a), str(b)], capture_output=True, text=True)
    if done.returncode != 0:
        return f"onnxruntime: {done.stderr.strip().splitlines()[-1]}"
    return None if done.stdout.strip() == "same" else done.stdout.strip()


def without_moved_plots(pages, texts):
    """A plot in which a text was changed has other room for its lines: of such a plot the texts alone are compared."""
    plot = re.compile(r"<svg.*?</svg>", re.S)
    pairs = list(zip(*(plot.findall(page) for page in pages)))
    moved = {i for i, pair in enumerate(pairs) if any(re.search(pattern, one) for pattern, _ in texts for one in pair)}

    def shorten(page):
        number = iter(range(len(pairs)))
        return plot.sub(lambda found: "\n".join(text for text in re.findall(r"<text[^>]*>([^<]*)", found[0])
                                                if not NUMBER.fullmatch(text))
                        if next(number, None) in moved else found[0], page)

    return [shorten(page) for page in pages]


def file_difference(a, b, tolerance, keys, added, texts, keys_only, python):
    """What differs between two files, in words; None: nothing that was not meant to."""
    left, right = a.read_bytes(), b.read_bytes()
    if left == right:
        return None
    if a.suffix == ".safetensors":
        return safetensors_difference(left, right)
    if a.suffix == ".onnx":
        return onnx_difference(a, b, python)
    try:
        sides = [raw.decode() for raw in (left, right)]
    except UnicodeDecodeError:
        return f"other bytes ({len(left)} and {len(right)})"
    if a.suffix == ".html":  # the names of clip paths are hashes of what is drawn
        sides = without_moved_plots([re.sub(r"\bclip[0-9a-f]+", "clip", side) for side in sides], texts)
    for pattern, new in texts:
        sides = [re.sub(pattern, new, side) for side in sides]
    values = [parse(side) for side in sides]
    if None in values:  # JSON lines?
        values = [[parse(line) for line in side.splitlines()] for side in sides]
        if any(None in lines for lines in values):
            return text_difference(*sides, tolerance)
    values = [rename(value, keys) for value in values]
    if keys_only:
        values = [shape(value) for value in values]
    return json_difference(*values, tolerance, added=added)


def folder_difference(a: pathlib.Path, b: pathlib.Path, tolerance, keys, added, texts, keys_only, python):
    names = [{str(p.relative_to(side)) for p in side.rglob("*") if p.is_file() and p.name != ".lock" and
              p.suffix != ".part"} for side in (a, b)]
    found = [f"{name}: {'is no longer written' if name in names[0] else 'is new'}" for name in sorted(names[0] ^ names[1])]
    for name in sorted(names[0] & names[1]):
        difference = file_difference(a / name, b / name, tolerance, keys, added, texts, name in keys_only, python)
        if difference:
            found.append(f"{name}: {difference}")
    return found, len(names[0] & names[1])
