#!/usr/bin/env python3
"""scripts/same-bytes itself: this build gives the same as itself, a changed number is found, wrong usage is refused.

usage: same_bytes_process.py BIN_DIR [CASE…]
"""
import pathlib
import subprocess
import sys
import tempfile

from cases import run_cases

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/same-bytes"
BIN = pathlib.Path(sys.argv[1]).resolve()


def same_bytes(*arguments, expect):
    done = subprocess.run([str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == expect, f"exit code {done.returncode}, not {expect}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def same(folder):
    text = same_bytes(BIN, BIN, "--quick", expect=0)
    print(text)


def changed(folder):
    """A program that gives another digit in one number: that command differs, and it says where."""
    other = folder / "scalefit"
    other.write_text(f'#!/bin/sh\nif [ "$1" = design ]; then {BIN}/scalefit "$@" | sed "s/0.125/0.126/"; '
                     f'else exec {BIN}/scalefit "$@"; fi\n')
    other.chmod(0o755)
    text = same_bytes(BIN, folder, "--only", "scalefit/design/axes", "scalefit/fit/chinchilla", expect=1)
    assert "became" in text and "0.126" in text and "1 of 2 commands" in text, text


def usage(folder):
    assert "holds none of our programs" in same_bytes(BIN, folder, expect=2)
    assert "no command's name holds zzz" in same_bytes(BIN, BIN, "--only", "zzz", expect=2)
    assert "old" in same_bytes(BIN, expect=2)


def case(name):
    return pathlib.Path(tempfile.mkdtemp(prefix="frugal-same-"))


if __name__ == "__main__":
    sys.exit(run_cases([same, changed, usage], case))
