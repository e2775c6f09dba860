#!/usr/bin/env python3
"""What README.md and docs/ name in backticks as a file or folder of this tree is there.

  doc_paths.py ROOT

A word in backticks that begins with one of our folders is such a name; so is one that begins with a room of lib/
(`fit/law/laws`). Where it has stars it must match something, and a name without an ending may stand for its sources
(`lib/fit/law/minimise`)."""
import pathlib
import re
import sys

FOLDERS = ("lib", "tools", "configs", "data", "scripts", "tests", "docs")


def there(root, name):
    """Whether the tree has it, as it is, as a source without its ending, or in lib/."""
    places = [name, name + ".*", "lib/" + name, "lib/" + name + ".*"]
    return any(next(root.glob(place.rstrip("/")), None) is not None for place in places)


def main():
    root = pathlib.Path(sys.argv[1])
    rooms = {path.name for path in (root / "lib").iterdir() if path.is_dir()}
    missing = checked = 0
    for page in [root / "README.md", *sorted(set((root / "docs").glob("*.md")) - {root / "docs/figures.md"})]:  # names of benchmarks
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name in re.findall(r"`([\w./*+-]+/[\w./*+-]*)`", line):
                if name.split("/")[0] not in (*FOLDERS, *rooms):
                    continue
                checked += 1
                if not there(root, name):
                    print(f"{page.relative_to(root)}:{number}: there is no {name}")
                    missing += 1
    print(f"{checked} names checked, {missing} missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
