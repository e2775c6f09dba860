#!/usr/bin/env python3
"""Golden tests of the command line: one file holds command, input, standard output, standard error, exit code.

    # What is checked and why (comment lines at the top).
    --- command            run by bash in an empty folder, with build/bin first in PATH
    --- file NAME          a file of that folder (any number of them)
    --- copy PATH          a file of the source tree, copied into that folder
    --- needs mount        skip, by name, where a tmpfs may not be mounted
    --- needs PROGRAM      skip, by name, where a program of build/bin or PATH is not there
    --- stdin
    --- stdout             left out: not compared
    --- stderr             left out: must be empty
    --- exit               left out: 0

In what is expected, <number> stands for a number, <any> for any text within a line, and a line <...> for any
lines, also none. `run.py --update BIN FILE...` writes what came out into the file; a section that holds one of
these stand-ins is left as it is.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SOURCE = pathlib.Path(__file__).resolve().parents[2]
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


def parse(text):
    sections, name = [], None
    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            name = line[4:].strip()
            sections.append([name, ""])
        elif name is not None:
            sections[-1][1] += line
        elif line.strip() and not line.startswith("#"):
            raise SystemExit(f"a line before the first section is no comment: {line}")
    return sections


def pattern_of(expected):
    out = []
    for line in expected.splitlines(keepends=True):
        if line.strip() == "<...>":
            out.append(r"(?:.*\n)*?")
            continue
        for piece in re.split(r"(<number>|<any>)", line):
            out.append({"<number>": NUMBER, "<any>": r"[^\n]*"}.get(piece, re.escape(piece)))
    return re.compile("".join(out) + r"\Z")


def first_difference(expected, came):
    wanted, got = expected.splitlines(), came.splitlines()
    for i in range(max(len(wanted), len(got))):
        a = wanted[i] if i < len(wanted) else "(nothing)"
        b = got[i] if i < len(got) else "(nothing)"
        if a.strip() == "<...>":
            break
        if not pattern_of(a).match(b):
            return f"line {i + 1}\n  wanted: {a}\n  came:   {b}"
    return "a line after a <...>"


def missing_need(needs, environment):
    for need in needs:
        if need == "mount":
            probe = tempfile.mkdtemp()
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", probe], capture_output=True)
            if mounted.returncode == 0:
                subprocess.run(["umount", probe], check=True)
            os.rmdir(probe)
            if mounted.returncode != 0:
                return "mounting a tmpfs is not allowed here"
        elif shutil.which(need, path=environment["PATH"]) is None:
            return f"no program {need}"
    return None


def run(path, bin_dir, update):
    raw = path.read_text()
    sections = parse(raw)
    by_name = {name: text for name, text in sections}
    environment = dict(os.environ, PATH=f"{bin_dir}:{os.environ['PATH']}", LC_ALL="C", SOURCE=str(SOURCE))
    lack = missing_need([name[6:] for name, _ in sections if name.startswith("needs ")], environment)
    if lack:
        print(f"SKIPPED {path.name}: {lack}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        for name, text in sections:
            if name.startswith("file "):
                target = pathlib.Path(folder, name[5:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            elif name.startswith("copy "):
                shutil.copy(SOURCE / name[5:], folder)
        done = subprocess.run(["bash", "-c", by_name["command"]], cwd=folder, env=environment, timeout=300,
                              input=by_name.get("stdin", ""), capture_output=True, text=True, errors="replace")
    came = {"stdout": done.stdout, "stderr": done.stderr}
    problems = []
    wanted_exit = by_name.get("exit", "0").strip()
    if str(done.returncode) != wanted_exit:
        problems.append(f"exit code {done.returncode}, wanted {wanted_exit}")
    for stream in ("stdout", "stderr"):
        expected = by_name.get(stream, "" if stream == "stderr" else None)
        if expected is not None and not pattern_of(expected).match(came[stream]):
            problems.append(f"{stream} differs at {first_difference(expected, came[stream])}")
    if problems and update:
        rewrite(path, sections, came, done.returncode)
        print(f"updated {path.name}")
        return 0
    for problem in problems:
        print(f"FAILED {path.name}: {problem}")
    if problems:
        print("--- all of stdout\n" + done.stdout[:4000] + "--- all of stderr\n" + done.stderr[:4000])
    return 1 if problems else 0


def rewrite(path, sections, came, code):
    by_name = {name: text for name, text in sections}
    comment = path.read_text().split("--- ", 1)[0]
    out = comment + "".join(f"--- {n}\n{t}" for n, t in sections if n not in ("stdout", "stderr", "exit"))
    for stream in ("stdout", "stderr"):
        kept = by_name.get(stream, "")
        if any(mark in kept for mark in ("<...>", "<any>", "<number>")):
            out += f"--- {stream}\n{kept}"
        elif came[stream] and (stream == "stderr" or stream in by_name):
            out += f"--- {stream}\n{came[stream]}"
    path.write_text(out + (f"--- exit\n{code}\n" if code else ""))


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    bin_dir, paths = pathlib.Path(arguments[0]).resolve(), [pathlib.Path(a) for a in arguments[1:]]
    paths = paths or sorted(pathlib.Path(__file__).parent.glob("*.test"))
    codes = [run(path, bin_dir, "--update" in sys.argv) for path in paths]
    if len(codes) > 1:
        print(f"{codes.count(0)} passed, {codes.count(1)} failed, {codes.count(SKIPPED)} skipped")
    return 1 if 1 in codes else (SKIPPED if set(codes) == {SKIPPED} else 0)


if __name__ == "__main__":
    sys.exit(main())
