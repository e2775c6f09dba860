"""docs/figures.md from docs/figures.json: what scripts/bench measured last, and the rows that other scripts measure.

docs/figures.json: "benchmarks", a result a benchmark (scripts/bench --table puts in what was measured since), and "others",
rows that are written by hand from what the command that they name printed: what, ours, wanted, others, command, measured."""
import json
import os

HEAD = """# Figures

Written by `scripts/bench --table` from [figures.json](figures.json); change that, not this. Measured on two cores that are
shared with other programs: absolute times are noise there, ratios of two sides in one run are what counts. Each row names
the command that repeats it, and the day and commit of its measurement.

## Beside another program, in one run

`scripts/bench NAME` runs both sides in turn and takes medians. `ratio` is ours / other.

| benchmark | ours | other | ratio | wanted | unit | what | measured |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
OTHERS = """
## By other scripts

| what | ours | wanted | others | command | measured |
| --- | --- | --- | --- | --- | --- |
"""
TAIL = """
## Not yet where we want it

"""


def cell(value):
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value).replace("|", "\\|")


def row(cells):
    return "| " + " | ".join(cell(one) for one in cells) + " |\n"


def merge(benchmarks, kept):
    """Puts the newest result of each benchmark that was kept into the table."""
    if kept.exists():
        for line in kept.read_text().splitlines():
            result = json.loads(line)
            benchmarks[result.pop("benchmark")] = result


def text_of(table):
    out = HEAD
    for name, result in table["benchmarks"].items():
        out += row([f"`{name}`", result["ours"], result["peer"], result["ratio"], result["goal"], result["unit"], result["how"],
                    f"{result['date']}, {result['commit']}"])
    out += OTHERS
    for one in table["others"]:
        out += row([one["what"], one["ours"], one["wanted"], one["others"], f"`{one['command']}`", one["measured"]])
    return out + TAIL + "".join(f"- {one}\n" for one in table["not_yet"])


def check(root):
    """Whether the page is the one of its JSON."""
    table = json.loads((root / "docs/figures.json").read_text())
    if (root / "docs/figures.md").read_text() == text_of(table):
        return 0
    print("docs/figures.md is not what docs/figures.json says: run scripts/bench --table")
    return 1


def write(root, kept):
    source, page = root / "docs/figures.json", root / "docs/figures.md"
    table = json.loads(source.read_text())
    merge(table["benchmarks"], kept)
    for path, text in ((source, json.dumps(table, indent=1, ensure_ascii=False) + "\n"), (page, text_of(table))):
        aside = path.with_suffix(".part")
        aside.write_text(text)
        os.replace(aside, path)
    print(f"{page.relative_to(root)}: {len(table['benchmarks'])} benchmarks, {len(table['others'])} other rows")
    return 0
