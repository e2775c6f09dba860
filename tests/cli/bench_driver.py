#!/usr/bin/env python3
"""scripts/bench: two builds in turn; a benchmark whose program is missing is a line with its reason, and the others go on."""
import json
import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/bench"


def bench(*words, code):
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, f"exit code {done.returncode}, not {code}: {done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    ours = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        only = pathlib.Path(folder)
        (only / "scalefit").symlink_to(ours / "scalefit")
        lines = bench("--bin", only, "--against", ours, "--rounds", 2, "--bound", 100, "fit/global", "startup", code=1)
        by_name = {line["benchmark"]: line for line in lines}
        assert "fit_bench" in by_name["fit/global-and-1000-refits"]["error"], lines
        for name in ("startup/help", "startup/small-fit"):
            one = by_name[name]
            assert 0 < one["least"] <= one["slower"] <= one["most"] and one["rounds"] == 2, one
        bench("--bin", only, "--against", ours, "--rounds", 2, "--bound", 100, "startup/small-fit", code=0)
        bench("--bin", only, "--against", ours, "--rounds", 2, "--bound", 0.01, "startup/small-fit", code=1)
        bench("zzz", code=2)


if __name__ == "__main__":
    main()
