#!/usr/bin/env python3
"""nas-search at a terminal: a few lines that say the network, how good it is and what to run next; JSON with --json.

usage: nas_terminal_process.py BIN_DIR [CASE…]
Runs the tool on tiny made-up images, each command as people start it.
"""
import json
import pathlib
import sys

from cases import at_terminal, run_cases
from search_process import Case as SearchCase

BIN = pathlib.Path(sys.argv[1]) / "nas-search"


class Case(SearchCase):
    def __init__(self, name: str):
        super().__init__(name)
        self.search = self.folder / "search.json"
        self.search.write_text(json.dumps(self.config))
        self.train = self.folder / "train.json"
        self.train.write_text(json.dumps({"data": self.config["data"] | {"validation": 0}, "batch_size": 8,
                                          "loop": {"epochs": 2, "schedule": {"lr_peak": 0.05}}}))

    def lines(self, *arguments: str) -> list:
        text, code = at_terminal([str(BIN), *arguments], cwd=self.folder)
        assert code == 0, (arguments, text)
        return text.decode().splitlines()

    def result(self, *arguments: str) -> dict:
        text, code = at_terminal([str(BIN), *arguments, "--json"], cwd=self.folder)
        assert code == 0, (arguments, text)
        return json.loads(text)

    def words(self, lines: list, word: str) -> str:
        """What stands behind a word at the beginning of a line."""
        found = [line.split(maxsplit=1)[1] for line in lines if line.split()[:1] == [word]]
        assert len(found) == 1, (word, lines)
        return found[0]


def from_search_to_int8(case: Case) -> None:
    """Each command ends in a few lines, and each names the next command, which works."""
    quiet = ("--quiet", "--threads", "1")
    found = case.lines("search", "search.json", "--out", "found", *quiet)
    searched = json.loads((case.folder / "found" / "search.json").read_text())["targets"][0]
    assert len(found) < 8 and case.words(found, "found") == searched["network"], found
    assert "validation error" in case.words(found, "gives"), found
    following = case.words(found, "next").replace("CONFIG.json", "train.json").split()
    assert following[:2] == ["nas-search", "train"], following
    trained = case.lines(*following[1:], *quiet)
    again = case.result(*following[1:], *quiet)  # done before: the same line
    assert case.words(trained, "gives") == f"test error {100 * again['test_error']:.2f} %", trained
    assert case.words(trained, "network").startswith("found/network.json: "), trained

    folder = following[-1]
    network = (f"{folder}/network.json", "--weights", f"{folder}/weights.safetensors", "--threads", "1")
    data = ("--set", "kind=idx", "--set", f"path={case.config['data']['path']}")
    evaluated = case.lines("evaluate", *network, *data)
    result = case.result("evaluate", *network, *data)
    assert case.words(evaluated, "error").startswith(f"{100 * result['error']:.2f} % of 40 test images"), evaluated
    assert len(evaluated) == 2 + len(result["per_class"]), evaluated

    (case.folder / "quantize.json").write_text(json.dumps({"network": folder, "data": {key: case.config["data"][key] for key in ("kind", "path")}}))
    stored = case.lines("quantize", "quantize.json", "--out", "int8", *quiet)
    assert "in float" in case.words(stored, "accuracy") and (case.folder / case.words(stored, "file").split(",")[0]).exists(), stored

    derived = case.lines("derive", "search.json", "--alpha", "found/search.json", "--out", "net")
    assert case.words(derived, "network") == searched["network"] and "CONFIG.json" in case.words(derived, "next"), derived
    case.lines(*case.words(derived, "next").replace("CONFIG.json", "train.json").split()[1:], *quiet)
    assert "--out" in case.words(case.lines("derive", "search.json", "--alpha", "found/search.json"), "next")


def piped(case: Case) -> None:
    """Not at a terminal the result is JSON, as before."""
    stdout, _ = case.run("found", case.config)
    assert json.loads(stdout)["targets"], stdout


if __name__ == "__main__":
    sys.exit(run_cases((from_search_to_int8, piped), Case))
