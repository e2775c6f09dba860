#!/usr/bin/env python3
"""The C beside a compiled network on the host and on emulated boards, with a network written by hand (linear/).

  boards.py BIN_DIR SOURCE_DIR CASE     host_errors, or a target: host, m3, m4, m7, m55, rv32

A target's lines must be the host's: every prediction, every loss, the trained numbers. Then what goes wrong there: memory
that the linker refuses, a stack that is too large, a write behind the end of memory. Skipped by name where there is no
cross-compiler or emulator (scripts/setup --device)."""
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

INPUT, CLASSES, NETWORK = 12, 3, 0x11223344
NEEDS = {"host": ("make", "cc"), "rv32": ("make", "riscv64-unknown-elf-gcc", "qemu-system-riscv32")}
ARM = ("make", "arm-none-eabi-gcc", "qemu-system-arm")
WHOLE = ("m3", "rv32")


def header(magic=0x4D535246, version=1, sample=INPUT, classes=CLASSES, count=1, network=0):
    return struct.pack("<6I", magic, version, sample, classes, count, network)


def sample(label, values, learn=1):
    rate = struct.unpack("<I", struct.pack("<f", 0.01))[0]
    return struct.pack("<IiIi", learn, label, rate, int(0.01 * 2**24)) + struct.pack(f"<{INPUT}b", *values)


def stream(count=60, learnt=40):
    draw = random.Random(1)
    body = b""
    for i in range(count):
        label = draw.randrange(CLASSES)
        values = [max(-128, min(127, int(draw.gauss(60 if k // 4 == label else -20, 60)))) for k in range(INPUT)]
        body += sample(label, values, 1 if i < learnt else 0)
    return header(count=count, network=NETWORK) + body


class Folder:
    def __init__(self, bin_dir, source_dir, target, *settings):
        self.path = pathlib.Path(tempfile.mkdtemp())
        self.target = target
        whole = ["--whole"] if target in WHOLE else []
        subprocess.run([f"{bin_dir}/write_device_folder", str(self.path), f"{source_dir}/tests/device/linear", target,
                        *whole, *settings], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def make(self, *arguments):
        return subprocess.run(["make", "-s", "-j2", "WERROR=1", *arguments], cwd=self.path, capture_output=True, text=True,
                              check=False, timeout=120)

    def run(self, content, *arguments):
        (self.path / "stream.bin").write_bytes(content)
        return self.make("run", "SAMPLES=stream.bin", *arguments)

    def changed(self, definitions):
        """Builds the network alone anew, with other definitions."""
        (self.path / "frugal_model.c").touch()
        return f"OPTIMISE=-O2 {definitions}"


def without_instructions(output):
    lines = [line.split() for line in output.splitlines()]
    return [line[:4] if line[0] in ("learn", "predict") else line for line in lines if line[0] != "memory"]


def fails(done, message):
    assert done.returncode != 0, f"expected '{message}', it went well"
    said = done.stdout + done.stderr
    assert message in said, f"expected '{message}', got {said}"


def same_and_whole(name, folder, host):
    """The stream as on the host, twice the same instructions, memory within its bounds."""
    done = folder.run(stream())
    assert done.returncode == 0, done.stderr + done.stdout
    assert folder.run(stream()).stdout == done.stdout, "two runs differ"
    expected = host.run(stream()).stdout
    float_loss = name in WHOLE  # whose losses are whole numbers
    strip = (lambda lines: [line[:3] for line in lines]) if float_loss else (lambda lines: lines)
    assert strip(without_instructions(done.stdout)) == strip(without_instructions(expected)), "not as on the host"
    lines = [line.split() for line in done.stdout.splitlines()]
    right = sum(line[1] == line[2] for line in lines if line[0] == "predict")
    assert right >= 18, f"{right} of 20 right after learning"
    memory = [int(n) for n in next(line for line in lines if line[0] == "memory")[1:]]
    instructions = [int(line[4]) for line in lines if line[0] == "learn"]
    if name == "host":
        assert memory == [0, 0, 0, 0] and not any(instructions)
        return
    static, stack, used, flash = memory
    assert 148 + INPUT <= static < 400 and stack == 4096 and 100 < used < 1000 and 2000 < flash < 8000, memory
    assert all(500 < n < 3000 for n in instructions), instructions


def what_goes_wrong(folder, name):
    fails(folder.run(stream()[:-1]), "error: sample 59: the stream ends inside it")
    fails(folder.run(stream(), folder.changed("-DLINEAR_DEEP")), "error: trapped: the stack is larger than its place")
    fails(folder.run(stream(), folder.changed("-DLINEAR_OUTSIDE=0")), "error: trapped: memory that is not there was used")
    fails(folder.run(stream(), folder.changed("-DLINEAR_OUTSIDE=-1") + " -DLINEAR_WILD"),
          "error: trapped: memory that is not there was used")
    done = folder.run(stream(), folder.changed("-DLINEAR_OUTSIDE=-1"))  # the last word is there
    assert done.returncode == 0, done.stdout + done.stderr
    profiled = folder.run(stream(), "PROFILE=1", "BUILD=build/profile")
    calls = [line.split() for line in profiled.stdout.splitlines() if line.startswith("call ")]
    assert [call[1] for call in calls] == ["0", "1"] and all(int(call[2]) > 1000 for call in calls), profiled.stdout
    if name == "m55":
        return
    elf = "\n".join(subprocess.run(["nm", next(folder.path.glob("build/*/frugal.elf"))], capture_output=True, text=True,
                                   check=False).stdout.split())
    assert "__aeabi_f" not in elf and "__addsf3" not in elf, "floating point in software"


def board(name, bin_dir, source_dir):
    with Folder(bin_dir, source_dir, name) as folder, Folder(bin_dir, source_dir, "host") as host:
        same_and_whole(name, folder, host)
        if name != "host":
            what_goes_wrong(folder, name)
    if name == "host":
        return
    with Folder(bin_dir, source_dir, name, "sram=4200", "stack=4096") as small:
        fails(small.make(), "region `SRAM' overflowed by")
    with Folder(bin_dir, source_dir, name, "flash=2048") as small:
        fails(small.make(), "region `FLASH' overflowed by")


def host_errors(bin_dir, source_dir):
    zeros = [0] * INPUT
    wrong = [(b"", "the stream ends inside its header"), (header()[:20], "the stream ends inside its header"),
             (header(magic=1), "it does not begin with FRSM"), (header(version=2), "version 2, the network has 1"),
             (header(sample=13), "sample bytes 13, the network has 12"),
             (header(classes=10), "classes 10, the network has 3"), (header(network=5), "for another network"),
             (header(), "sample 0: the stream ends inside it"),
             (header() + sample(0, zeros)[:16], "sample 0: the stream ends inside it"),
             (header(count=2) + sample(0, zeros) + sample(1, zeros)[:-1], "sample 1: the stream ends inside it"),
             (header() + sample(3, zeros), "sample 0: its label is no class of the network"),
             (header() + sample(-1, zeros), "sample 0: its label is no class of the network"),
             (header() + sample(-1, zeros, 0), "sample 0: its label is no class of the network"),
             (header() + sample(0, zeros, 2), "sample 0: it is to be remembered, and this network keeps no old examples"),
             (header() + sample(0, zeros, 3), "sample 0: it is neither to be learnt (1) nor predicted (0) nor remembered (2)")]
    with Folder(bin_dir, source_dir, "host") as folder:
        for content, message in wrong:
            fails(folder.run(content, "SANITIZE=1"), "error: " if message is None else message)
        fails(folder.make("run", "SAMPLES=nowhere"), "no stream of samples: SAMPLES=nowhere")
        assert folder.run(header(count=0), "SANITIZE=1").returncode == 0
        fails(folder.make("TARGET=cortex-m9"), "TARGET is host, cortex-m3")
        built = subprocess.run(["cmake", "-S", str(folder.path), "-B", str(folder.path / "built")], capture_output=True,
                               text=True, check=False)
        assert built.returncode == 0, built.stderr
        built = subprocess.run(["cmake", "--build", str(folder.path / "built")], capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr + built.stdout
        (folder.path / "stream.bin").write_bytes(stream())
        ran = subprocess.run([folder.path / "built/frugal_example", folder.path / "stream.bin"], capture_output=True,
                             text=True, check=False)
        assert ran.stdout == folder.run(stream(), "SANITIZE=1").stdout and ran.returncode == 0


def main():
    bin_dir, source_dir, case = sys.argv[1:]
    missing = [program for program in NEEDS.get(case, NEEDS["host"] if case == "host_errors" else ARM)
               if not shutil.which(program)]
    if missing:
        print(f"SKIPPED: no {', '.join(missing)} (scripts/setup --device installs them)")
        return
    if case == "host_errors":
        host_errors(bin_dir, source_dir)
    else:
        board(case, bin_dir, source_dir)
    print(f"{case}: ok")


if __name__ == "__main__":
    main()
