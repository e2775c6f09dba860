#!/usr/bin/env python3
"""scripts/mutate: what it would change, and that texts, comments and templates are left alone. scripts/fuzz: a parser that is ended
is told, and the others are run."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def module(path):
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    loaded = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(loaded)
    return loaded


def mutate(work):
    script = module(ROOT / "scripts/mutate")
    source = work / "a.cpp"
    source.write_text('#include "a + b"\n'
                      "// a + b\n"
                      "std::vector<int> f(const int* a, int b) {\n"
                      "  if (a[0] < b && !b) return \"x + y\" + ' - ';  // 1 == 1\n"
                      "  throw Error(\"a\" + b);\n"
                      "  auto text = R\"(a + b\n"
                      "    c < d)\";\n"
                      "  return std::min(*a, -b) * 2;\n"
                      "}\n")
    found = sorted((number + 1, operator.strip()) for _, number, _, operator in script.places([source]))
    assert found == [(4, "&&"), (4, "<"), (8, "*"), (8, "std::min(")], found  # no difference of texts
    for file, number, column, operator in script.places([source]):
        assert source.read_text().split("\n")[number][column:].startswith(operator) and script.SWAPS[operator] != operator
    change = {"place": "a.cpp:1", "column": 4, "from": "<", "line": "a < b", "same_before": 0}
    other = {"place": "a.cpp:2", "column": 4, "from": "+", "line": "a + b", "same_before": 0}
    script.Kept(work / "kept.jsonl").add({**change, "found_by": "a test"})
    script.Kept(work / "kept.jsonl").add({**other, "found_by": None})
    kept = script.Kept(work / "kept.jsonl")
    assert kept.found_by(change) == kept.found_by({**change, "place": "a.cpp:9"}) == "a test", kept.known
    assert kept.found_by(other) is None and kept.found_by({**change, "line": "a < c"}) is None, "is tried again"
    assert kept.found_by({**change, "same_before": 1}) is None, "another line that reads the same"
    order = lambda: [(place[2], place[3]) for place in sorted(script.places([source]), key=lambda one: script.order_of(one, work, 3))]
    before = order()
    source.write_text("int g(int a) { return a; }\n" + source.read_text())
    assert order() == before, "another line moves none"
    command = [sys.executable, str(ROOT / "scripts/mutate"), "4", "--seed", "9", "--list", "lib/config"]
    lists = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert lists[0] == lists[1] and len(lists[0].splitlines()) == 4, lists
    assert all(line.startswith("lib/config/") for line in lists[0].splitlines()), lists
    done = subprocess.run([*command[:-1], "tests"], capture_output=True, text=True)
    assert done.returncode == 2 and "is no folder or file of lib" in done.stderr, done.stderr


def fuzz(work):
    for name, end in (("csv", "echo fuzz_csv: fine; exit 0"), ("idx", "echo the input of 3 bytes >&2; exit 1")):
        program = work / f"fuzz_{name}"
        program.write_text(f"#!/bin/sh\n{end}\n")
        program.chmod(0o755)
    run = lambda *words: subprocess.run([sys.executable, str(ROOT / "scripts/fuzz"), "--bin", str(work), "--minutes", "0.01", *words],
                                        capture_output=True, text=True)
    done = run("csv")
    assert done.returncode == 0 and done.stdout == "fuzz_csv: fine\n", done
    done = run("idx", "csv")
    assert done.returncode == 1 and "fuzz_idx: ended with 1\nthe input of 3 bytes" in done.stdout, done
    assert "fuzz_csv: fine" in done.stdout, done
    done = run("nothing")
    assert done.returncode == 2 and "no parser is named 'nothing'" in done.stderr, done


with tempfile.TemporaryDirectory() as folder:
    mutate(pathlib.Path(folder))
    fuzz(pathlib.Path(folder))
print("ok")
