"""What the programs of cases share: each case is a function of one argument; all run, or those that are named."""
import json
import os
import pty
import subprocess
import sys
from typing import Callable, Iterable


def run_cases(cases: Iterable[Callable], argument: Callable[[str], object]) -> int:
    """Runs the cases that the command line names after BIN_DIR (all where it names none), each on argument(its name);
    an AssertionError fails that case alone. Returns the exit code."""
    chosen = sys.argv[2:]
    by_name = {case.__name__: case for case in cases}
    unknown = [name for name in chosen if name not in by_name]
    if unknown:
        print(f"no such case: {', '.join(unknown)}; there are {', '.join(by_name)}", file=sys.stderr)
        return 2
    failed = 0
    for name in chosen or by_name:
        try:
            by_name[name](argument(name))
            print(f"{name}: ok")
        except AssertionError as error:
            failed += 1
            print(f"{name}: FAILED: {error}")
    return 1 if failed else 0


def changed(config: dict, **changes) -> dict:
    """A copy of a config with other values: changed(config, loop__epochs=2) sets config["loop"]["epochs"]."""
    copy = json.loads(json.dumps(config))
    for path, value in changes.items():
        place = copy
        *parents, last = path.split("__")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return copy


def at_terminal(command, cwd=None, errors=False) -> tuple:
    """(what the command writes to a terminal, with `errors` on standard error too; its exit code). Lines end with \\n."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs if errors else None, cwd=cwd)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # what Linux says at a terminal's end
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    return text.replace(b"\r\n", b"\n"), process.wait()
