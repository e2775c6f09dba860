#!/usr/bin/env python3
"""Names and links that others made, and those that the user gives: control characters do not reach the terminal, a link that
--out or --html names stays a link, and of its kind every command of scalefit.

usage: foreign_names.py BIN_DIR"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "process"))
from cases import at_terminal  # noqa: E402

TOOL = pathlib.Path(sys.argv[1]).resolve() / "scalefit"


def main(work):
    rows = [(1e6 * 4**i, 1e8 * 4**j) for i in range(4) for j in range(4)]
    lines = [f"{n:.0f},{d:.0f},{1.7 + 400 / n**0.34 + 410 / d**0.28:.6f}" for n, d in rows]
    hostile = "no\x1b]0;title\x07te\u202e"
    (work / "runs.csv").write_text("\n".join([f"params,tokens,loss,{hostile}", *(f"{line},{i % 3}" for i, line in enumerate(lines))]) + "\n")
    (work / "design.json").write_text(json.dumps({"axes": [{"name": "width", "count": 3}], "size": "1e6*width", "data": "1e6*width"}))

    def run(*words):
        done = subprocess.run([TOOL, *words], cwd=work, capture_output=True)
        assert done.returncode == 0, (words, done.stderr)
        return done

    # A link that the user names leads to its file, before and after.
    def through_link(flag, *words):
        (work / "real").write_text("old")
        (work / "link").unlink(missing_ok=True)
        (work / "link").symlink_to("real")
        run(*words, flag, "link")
        assert (work / "link").is_symlink() and (work / "real").read_text() != "old", words

    run("fit", "runs.csv", "--out", "fit.json")
    for words in (["fit", "runs.csv"], ["predict", "fit.json", "--at", "params=1e9,tokens=1e10"], ["plan", "fit.json", "--set", "budgets=[1e20]"],
                  ["compare", "fit.json", "fit.json"], ["validate", "runs.csv"]):
        through_link("--out", *words)
        through_link("--html", *words, "--out", "/dev/null")
    through_link("--out", "design", "design.json")

    # Texts of a file and names, in an error, in notes, in an answer.
    for words in (["fit", "runs.csv", "--set", "columns.loss=none", "--set", "columns.error=none"], ["fit", "runs.csv", "--json"], ["fit", "runs.csv"],
                  ["fit", hostile + ".csv"], ["validate", "runs.csv"]):
        shown, _ = at_terminal([TOOL, *words], work, errors=True)
        text = shown.replace(b"\r\x1b[K", b"").decode()  # how a line of progress is drawn anew
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text, (words, text)
    assert "\\x1b]0;title\\x07" in at_terminal([TOOL, "fit", hostile + ".csv"], work, errors=True)[0].decode()


with tempfile.TemporaryDirectory() as folder:
    main(pathlib.Path(folder))
print("ok")
