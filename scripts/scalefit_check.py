"""What scripts/check-curves and scripts/check-joint share: they call `scalefit validate` and lay its JSON out."""
import json
import pathlib
import subprocess
import sys

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build/bin/scalefit"


def column(role, name):
    """The setting that names a column; quoted, so that a name like 1e9 stays text."""
    return f"columns.{role}={json.dumps(name, ensure_ascii=False)}"


def validate(path, mode, settings, arguments=(), as_is=False):
    """Only the columns named are used; rows that lack a value, or hold none that has a logarithm, are left out."""
    if not PROGRAM.exists():
        sys.exit(f"check: error: {PROGRAM}: not built\nhint: scripts/build")
    given = {setting.split("=")[0] for setting in settings}
    roles = ("size", "data", "compute", "unique_data", "density", "weight", "standard_error", "group", "train")
    settings = [column(role, "none") for role in roles if f"columns.{role}" not in given] + list(settings)
    settings += ["missing=drop", "invalid=drop", "duplicates=keep"]
    command = [PROGRAM, "validate", path, "--mode", mode, *arguments]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.returncode)
    if as_is:
        sys.stdout.write(done.stdout)
        sys.exit(0)
    return json.loads(done.stdout)
