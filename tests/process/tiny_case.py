"""What the cases of an int8 network share: a folder of its own with a small made-up network and small made-up IDX files,
and tinytrain-compile started in it."""
import pathlib
import subprocess
import sys
import tempfile

from train_process import write_idx

BIN = pathlib.Path(sys.argv[1])


class TinyCase:
    def __init__(self, name: str):
        self.temp = tempfile.TemporaryDirectory(prefix="frugal-tiny-")
        self.folder = pathlib.Path(self.temp.name)
        write_idx(self.folder / "data")
        self.model = str(self.folder / "model")
        self.data = {"kind": "idx", "path": str(self.folder / "data")}
        subprocess.run([BIN / "write_tiny_model", self.model, "1", "8", "8"], check=True)

    def start(self, subcommand: str, *arguments, stdin: str = "") -> subprocess.Popen:
        process = subprocess.Popen([str(BIN / "tinytrain-compile"), subcommand, *map(str, arguments)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def end(self, process: subprocess.Popen, expect: int = 0):
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == expect, f"exit code {process.returncode}, not {expect}: {stderr}"
        return stdout, stderr
