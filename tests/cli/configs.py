#!/usr/bin/env python3
"""Every subcommand with a config, of every tool that was built, says what its config may hold, and means it.

  configs.py BIN help     --help-config names every path of --print-config, without what the work itself needs
  configs.py BIN schema   --schema is a valid JSON Schema; what --print-config prints and the files of configs/ pass
                          it; a wrong value, type or key is refused by the schema and by the tool

`schema` needs Python's jsonschema (scripts/setup --test installs it into .deps/test); skipped, by name, without.
"""
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("scalefit", "nas-search", "ligo-grow", "tinytrain-compile")
SKIPPED = 77
# Which subcommand reads the files of configs/; the first pattern that fits counts.
FILES = {
    "scalefit": [("scalefit/fit-*", "fit"), ("scalefit/*design*", "design"), ("scalefit/*measure*", "measure")],
    "nas-search": [("train/*", "train"), ("search/*", "search")],
    "tinytrain-compile": [("adapt/contribute*", "contribute"), ("adapt/*", "adapt"), ("quantize/*", "quantize")],
    "ligo-grow": [("grow/*-learn.json", "learn"), ("grow/*-savings.json", "compare"), ("grow/*-compare*.json", "compare"),
                  ("grow/*-depth.json", "compare"), ("grow/*", "train")],
}


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def answer(*command):
    code, out, error = run(*command)
    assert code == 0, f"{' '.join(map(str, command))}: exit code {code}\n{error}"
    assert error == "", f"{' '.join(map(str, command))}: {error}"
    return out


def subcommands(tool):
    """Names of those that have a config."""
    text = answer(tool, "--help")
    names = re.findall(r"^  ([\w-]+) {2,}", text[text.index("Subcommands:"):], re.M)
    assert names, f"{tool} lists no subcommand"
    return [name for name in names if "--print-config" in answer(tool, name, "--help")]


def paths(value, before=""):
    """Every path of a printed config as --set takes it, indices of lists as N."""
    for key, inner in value.items():
        path = before + key
        yield path
        if isinstance(inner, dict):
            yield from paths(inner, path + ".")
        elif isinstance(inner, list):
            for one in inner:
                if isinstance(one, dict):
                    yield from paths(one, path + ".N.")


def check_help(tool, name):
    text = answer(tool, name, "--help-config")
    named = set(re.findall(r"^  ([\w.]+)(?:  |$)", text, re.M))
    printed = json.loads(answer(tool, name, "--print-config"))
    # Free names, of columns say, are values: their object is named.
    free = {path for path in named if re.search(rf"^  {re.escape(path)}\s+object: names", text, re.M)}
    missing = [path for path in paths(printed) if path not in named and not any(path.startswith(f + ".") for f in free)]
    assert not missing, f"{tool} {name} --help-config does not name {missing}"
    for path in named:
        block = re.search(rf"^  {re.escape(path)}(?:\s+)(\S.*)\n {{34}}(\S.*)$", text, re.M)
        assert block, f"{tool} {name} --help-config says nothing about {path}"


def fields(schema, path=()):
    for key, inner in schema.get("properties", {}).items():
        yield path + (key,), inner
        if inner.get("type") == "object":
            yield from fields(inner, path + (key,))


def wrong_values(schema):
    """One of each kind: (path, value)."""
    kinds = {}
    for path, field in fields(schema):
        types = field["type"] if isinstance(field["type"], list) else [field["type"]]
        if "enum" in field:
            kinds.setdefault("choice", (path, "no such choice"))
        for key, wrong in (("minimum", lambda x: x - 1), ("exclusiveMinimum", lambda x: x),
                           ("maximum", lambda x: x + 1), ("exclusiveMaximum", lambda x: x)):
            if key in field:
                kinds.setdefault(key, (path, wrong(field[key])))
        for kind, wrong in (("number", "text"), ("integer", 1.5), ("boolean", 1), ("string", 1.5), ("array", 1)):
            if kind in types:
                kinds.setdefault(kind, (path, wrong))
        if "properties" in field:
            kinds.setdefault("inner key", (path + ("no_such_key",), 1))
    return {"key": (("no_such_key",), 1), **kinds}


def without_comments(text):
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


def check_schema(tool, name):
    import jsonschema
    schema = json.loads(answer(tool, name, "--schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert schema["title"] == f"{tool.name} {name}", schema["title"]
    printed = json.loads(answer(tool, name, "--print-config"))
    validator.validate(printed)
    for kind, (path, value) in wrong_values(schema).items():
        changed = copy.deepcopy(printed)
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        where = f"{tool.name} {name}: {'.'.join(path)}={json.dumps(value)} ({kind})"
        assert not validator.is_valid(changed), f"{where} passes the schema"
        code, _, error = run(tool, name, "--print-config", "--set", f"{'.'.join(path)}={json.dumps(value)}")
        assert code == 2 and f"--set {'/'.join(path)}" in error, f"{where} is not refused: {code} {error}"
    return validator


def check_files(tool, validators):
    seen, count = set(), 0
    for pattern, name in FILES.get(tool.name, []):
        for path in sorted(SOURCE.glob(f"configs/{pattern}")):
            if path in seen:
                continue
            seen.add(path)
            errors = [f"{list(e.path)}: {e.message}" for e in
                      validators[name].iter_errors(json.loads(without_comments(path.read_text())))]
            assert not errors, f"{path} does not pass the schema of {tool.name} {name}: {errors}"
            count += 1
    return count


def main():
    bin_dir, case = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    if case == "schema":
        try:
            import jsonschema  # noqa: F401
        except ImportError:
            python = SOURCE / ".deps/test/bin/python"
            if python.exists() and pathlib.Path(sys.prefix).resolve() != (SOURCE / ".deps/test").resolve():
                os.execv(python, [str(python), *sys.argv])
            print("SKIPPED: no jsonschema (scripts/setup --test installs it into .deps/test)")
            return SKIPPED
    for tool in (bin_dir / name for name in TOOLS):
        if shutil.which(tool) is None:
            continue
        names = subcommands(tool)
        if case == "help":
            for name in names:
                check_help(tool, name)
            print(f"{tool.name}: {len(names)} subcommands")
        else:
            count = check_files(tool, {name: check_schema(tool, name) for name in names})
            print(f"{tool.name}: {len(names)} subcommands, {count} files of configs/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
