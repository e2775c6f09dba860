"""What tests share that compile the kernels' C, one source at a time."""
import subprocess
import tempfile

SKIPPED = 77


def compiled(compiler, source, folder, *flags):
    command = [compiler, "-std=c11", "-Wall", "-Werror", *flags, f"-I{folder}", "-c", str(source), "-o", "/dev/null"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def takes(compiler, folder, *flags):
    """Whether the compiler has these flags."""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as probe:
        probe.write("int f(int x) { return x; }\n")
        probe.flush()
        return compiled(compiler, probe.name, folder, *flags).returncode == 0
