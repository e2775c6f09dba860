"""The checks of scripts/soak. Each runs one command and returns None where it held, else what did not."""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

SIGNAL_SECONDS = 1.0  # a signal is answered within
UNSURE = {"run", "seconds", "id"}  # of JSON: what differs by nature, and the hash of a config that names OUT


class Held(Exception):
    """The check does not apply; says why."""


class Place:
    """A folder in which commands run, each attempt with an OUT of its own."""

    def __init__(self, folder, bin_dir, draw):
        self.folder, self.bin, self.draw = folder, bin_dir, draw
        self.count = 0
        self.whole = {}  # by command: its result, and the seconds that it took; by tool: see least
        self.work = {}   # by command: the seconds of the processor

    def fresh(self, command, under="out"):
        self.count += 1
        folder = self.folder / under / str(self.count)
        folder.mkdir(parents=True)
        return folder / (command.out or "it")

    def start(self, command, out, *flags, limit=None):
        words = [word.replace("OUT", str(out)) for word in command.line.split()]
        before = (lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))) if limit else None
        return subprocess.Popen([self.bin / command.tool, *words, *flags], cwd=self.folder, stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=before)

    def run(self, command, out, *flags, limit=None, timeout=300):
        process = self.start(command, out, *flags, limit=limit)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            return None, stdout, f"took more than {timeout} s: {stderr}"
        return process.returncode, stdout, stderr

    def least(self, tool):
        """The address space in which the tool starts; below it the system ends it, not the tool."""
        limit = self.whole.get(tool, 8 << 20)
        while tool not in self.whole:
            done = subprocess.run([self.bin / tool, "--version"], capture_output=True,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
            if done.returncode == 0:
                self.whole[tool] = limit
            else:
                limit = limit * 21 // 20
        return limit

    def wanted(self, command):
        """The result of an undisturbed run, and its seconds."""
        if command.name not in self.whole:
            out = self.fresh(command)
            started, worked = time.monotonic(), processor_seconds()
            code, _, stderr = self.run(command, out)
            self.work[command.name] = processor_seconds() - worked
            if code != 0:
                raise AssertionError(f"undisturbed: exit code {code}: {stderr.strip()}")
            self.whole[command.name] = result_of(out), time.monotonic() - started
        return self.whole[command.name]


def processor_seconds():
    """Of the programs that have ended: what a busy machine does not lengthen."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def plain(value, out):
    if isinstance(value, dict):
        return {key: plain(one, out) for key, one in value.items() if key not in UNSURE}
    if isinstance(value, list):
        return [plain(one, out) for one in value]
    return value.replace(str(out), "OUT") if isinstance(value, str) else value


def content(path, out):
    raw = path.read_bytes()
    if path.suffix in (".json", ".jsonl"):
        with contextlib.suppress(ValueError):
            lines = raw.decode().splitlines() if path.suffix == ".jsonl" else [raw.decode()]
            values = [plain(json.loads(line), out) for line in lines]
            return sorted(map(json.dumps, values)) if path.name == "runs.jsonl" else values
    return raw.replace(str(out).encode(), b"OUT")


def result_of(out):
    """What lies there, by name, without what differs by nature: locks, logs, pages with times."""
    files = [out] if out.is_file() else [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
    kept = {}
    for path in files:
        name = str(path.relative_to(out.parent)).split("/", 1)[-1]
        if path.name in (".lock", "events.jsonl", "table.json", "table.json.part") or path.suffix in (".html", ".log") or ".claims" in name:
            continue
        kept[name] = content(path, out)
    return kept


def difference(wanted, got):
    for name in sorted(wanted.keys() | got.keys()):
        if name not in got:
            return f"{name} is missing"
        if name not in wanted:
            return f"{name} is too much"
        if wanted[name] != got[name]:
            return f"{name} differs"
    return None


def left_aside(out):
    """Half-written files that nobody will clear: those of a name of their own."""
    return [str(path.relative_to(out.parent)) for path in out.parent.rglob("*") if path.name.endswith(".part")]


def last_line(text):
    return (text.strip().splitlines() or [""])[-1][:200]


def killed(place, command):
    """Killed at a random moment, then gone on with: the same bytes."""
    if not (command.resumes or command.again):
        raise Held("has nothing to go on with")
    wanted, seconds = place.wanted(command)
    out = place.fresh(command)
    process = place.start(command, out)
    time.sleep(place.draw.uniform(0, seconds))
    process.kill()
    process.communicate()
    code, _, stderr = place.run(command, out, *(["--resume"] if command.resumes else []))
    if code != 0:
        return f"gone on with: exit code {code}: {last_line(stderr)}"
    return difference(wanted, result_of(out))


def stopped(place, command):
    """SIGTERM or SIGINT at a random moment: 128 + n within a second, nothing half-written; then gone on with."""
    wanted, seconds = place.wanted(command)
    out = place.fresh(command)
    number = place.draw.choice((signal.SIGTERM, signal.SIGINT))
    process = place.start(command, out)
    time.sleep(min(seconds, 0.05) + place.draw.uniform(0, seconds))
    if process.poll() is not None:
        process.communicate()
        return None  # done before
    process.send_signal(number)
    sent = time.monotonic()
    _, stderr = process.communicate(timeout=60)
    answered = time.monotonic() - sent
    if process.returncode not in (0, 128 + number, -number):  # by itself, before our handler was there: the system's own
        return f"exit code {process.returncode} after signal {number}: {last_line(stderr)}"
    if answered > SIGNAL_SECONDS:
        return f"answered after {answered:.1f} seconds"
    if left_aside(out):
        return f"left {left_aside(out)}"
    if command.resumes or command.again:
        code, _, stderr = place.run(command, out, *(["--resume"] if command.resumes else []))
        return f"gone on with: exit code {code}: {last_line(stderr)}" if code else difference(wanted, result_of(out))
    got = result_of(out)
    return difference(wanted, got) if got else None


def two_writers(place, command):
    """Two at once on one output: one result, whole; the other is refused, or comes to the same."""
    wanted, _ = place.wanted(command)
    out = place.fresh(command)
    both = [place.start(command, out), place.start(command, out)]
    ends = [(process.communicate(timeout=300), process.returncode) for process in both]
    codes = [code for _, code in ends]
    if 0 not in codes:
        return f"exit codes {codes}: {last_line(ends[0][0][1])}; {last_line(ends[1][0][1])}"
    for (_, stderr), code in ends:
        if code not in (0, 2) or code == 2 and not re.search("in use|being written|another process", stderr):
            return f"exit code {code}: {last_line(stderr)}"
    return difference(wanted, result_of(out)) or (f"left {left_aside(out)}" if left_aside(out) else None)


@contextlib.contextmanager
def small_disk(place, size):
    mount = place.folder / "disk"
    mount.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mount], capture_output=True).returncode:
        raise Held("mounting is not permitted")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


def size_of(out):
    files = [out] if out.is_file() else [path for path in out.rglob("*") if path.is_file()]
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in files)


def full_disk(place, command):
    """No room for it, or for all of it: exit code 1 and the reason, nothing half-written."""
    wanted, _ = place.wanted(command)
    for share in (0.01, place.draw.uniform(0.1, 0.9)):
        bytes_of_it = sum(len(json.dumps(value)) if not isinstance(value, bytes) else len(value) for value in wanted.values())
        with small_disk(place, max(4096, int(bytes_of_it * share) // 4096 * 4096)):
            out = place.fresh(command, "disk") if share > 0.5 else place.folder / "disk" / (command.out or "it")
            code, _, stderr = place.run(command, out)
            if code not in (0, 1) and not (code == 2 and "disk" in stderr):  # grow looks at the room before
                return f"exit code {code}: {last_line(stderr)}"
            if code == 1 and not re.search("disk is full|No space|cannot write|cannot create", stderr):
                return f"does not name the reason: {last_line(stderr)}"
            if left_aside(out):
                return f"left {left_aside(out)}"
            if code == 0 and (wrong := difference(wanted, result_of(out))):
                return f"exit code 0, but {wrong}"
    return None


def read_only(place, command):
    """Where nothing can be written: an error that names the place, before the work is done."""
    place.wanted(command)
    seconds = place.work[command.name]
    with small_disk(place, "1m") as mount:
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True, capture_output=True)
        started = processor_seconds()
        code, _, stderr = place.run(command, mount / (command.out or "it"))
        took = processor_seconds() - started
    if code not in (1, 2) or "disk" not in stderr:
        return f"exit code {code}: {last_line(stderr)}"
    if seconds > 3 and took > 0.7 * seconds:
        return f"found after the work: {took:.1f} of {seconds:.1f} seconds of the processor"
    return None


def most_virtual(process):
    most = 0
    with contextlib.suppress(OSError, TypeError):
        while process.poll() is None:
            most = max(most, int(re.search(r"VmPeak:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) << 10)
            time.sleep(0.002)
    process.communicate()
    return most


def little_memory(place, command):
    """An address space that is too small: exit code 1 and a sentence, never an abort; nothing half-written."""
    wanted, _ = place.wanted(command)
    start = place.least(command.becomes or command.tool)
    most = most_virtual(place.start(command, place.fresh(command)))
    for share in (0.03, place.draw.uniform(0.05, 0.95), place.draw.uniform(0.05, 0.95)):
        out = place.fresh(command)
        code, _, stderr = place.run(command, out, limit=int(start + share * max(0, most - start)) + (1 << 20))
        errors = [line for line in stderr.splitlines() if ": error: " in line]
        if code not in (0, 1):
            return f"exit code {code} at {share:.2f}: {last_line(stderr)}"
        if code == 1 and (len(errors) != 1 or "memory" not in stderr):
            return f"says at {share:.2f}: {last_line(stderr)}"
        if left_aside(out):
            return f"left {left_aside(out)}"
        if code == 0 and (wrong := difference(wanted, result_of(out))):
            return f"exit code 0, but {wrong}"
    return None


def over_an_older_one(place, command):
    """Killed while an older result lies there: that one, or the new one, whole; what lies aside, the next use clears."""
    if command.resumes or not command.finite:
        raise Held("goes on with its own folder")
    wanted, seconds = place.wanted(command)
    out = place.fresh(command)
    if place.run(command, out)[0] != 0:
        return "cannot be made"
    process = place.start(command, out)
    time.sleep(place.draw.uniform(0, seconds))
    process.kill()
    process.communicate()
    return difference(wanted, {name: file for name, file in result_of(out).items() if not name.endswith(".part")})


CHECKS = {check.__name__: check for check in (killed, stopped, over_an_older_one, two_writers, full_disk, read_only, little_memory)}
