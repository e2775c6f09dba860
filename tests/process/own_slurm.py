"""A Slurm of one node for the time of a test, in a folder of its own (Debian: slurmctld, slurmd, slurm-client, munge)."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "scancel", "sinfo")


def absent() -> str:
    """Why none can be started; empty where one can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        return f"no {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "not root"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def write_config(folder: pathlib.Path) -> pathlib.Path:
    host = socket.gethostname().split(".")[0]
    config = folder / "slurm.conf"
    config.write_text(f"""ClusterName=frugal
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=20
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=UNLIMITED State=UP OverSubscribe=FORCE:4
""")
    return config


@contextlib.contextmanager
def own_slurm(parent: pathlib.Path):
    """The environment in which sbatch and srun know it. `parent`: none but root may write to it or above it but with the
    sticky bit."""
    folder = parent / "slurm"
    for name in ("", "state", "spool"):
        (folder / name).mkdir(mode=0o700)
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o600)
    environment = {**os.environ, "SLURM_CONF": str(write_config(folder))}
    munged = ["munged", "--foreground", "--force", f"--socket={folder}/munge.sock", f"--key-file={folder}/key",
              f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"]
    started = []
    try:
        for command in (munged, ["slurmctld", "-D"], ["slurmd", "-D"]):
            log = open(folder / f"{command[0]}.out", "w")
            started.append(subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log))
            time.sleep(1)
        for _ in range(60):
            known = subprocess.run(["sinfo", "--noheader", "--format=%t"], env=environment, capture_output=True, text=True)
            if known.stdout.strip() == "idle":
                break
            time.sleep(0.5)
        else:
            raise AssertionError(f"Slurm does not come up: {known.stdout}{known.stderr}"
                                 + "".join(path.read_text()[-500:] for path in folder.glob("*.out")))
        yield environment
    except BaseException:  # what still runs would outlive its Slurm
        subprocess.run(["scancel", "--signal=KILL", "--full", "--user=root"], env=environment, capture_output=True)
        time.sleep(1)
        raise
    finally:
        for process in reversed(started):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
