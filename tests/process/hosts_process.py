#!/usr/bin/env python3
"""nas-search train on two hosts: two network namespaces with a cable between them, and mpirun across it.

usage: hosts_process.py BIN_DIR [CASE…]
A case that this machine does not permit (no mpirun, no ip, no root) says SKIPPED and why.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from cases import changed, run_cases
from mpi_process import LAUNCHER, TWO, ours
from train_process import Case, same_result, slow

PEER_SECONDS = 3


class Hosts:
    """Two namespaces, 10.77.0.1 (where mpirun starts) and 10.77.0.2; a host name of its own for the second."""

    def __init__(self, folder: pathlib.Path):
        self.names = [f"frugal{os.getpid()}{letter}" for letter in "ab"]
        self.agent = folder / "agent"
        # What mpirun starts its part on another host with, in place of ssh: agent HOST COMMAND…
        self.agent.write_text(f'#!/bin/sh\nshift\nexec ip netns exec {self.names[1]} unshare --uts sh -c "hostname {self.names[1]}; $*"\n')
        self.agent.chmod(0o755)

    def __enter__(self):
        for name in self.names:
            ip("netns", "add", name)
        ip("link", "add", "cable", "netns", self.names[0], "type", "veth", "peer", "name", "cable", "netns", self.names[1])
        for number, name in enumerate(self.names, 1):
            ip("-n", name, "address", "add", f"10.77.0.{number}/24", "dev", "cable")
            for device in ("lo", "cable"):
                ip("-n", name, "link", "set", device, "up")
        return self

    def __exit__(self, *_):
        self.end()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=False)

    def end(self) -> None:
        """Whatever still runs on either host."""
        for name in self.names:
            for pid in self.processes(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def processes(self, name: str) -> list:
        return [int(pid) for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()]

    def trainers(self, name: str) -> list:
        found = []
        for pid in self.processes(name):
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "nas-search":
                    found.append(pid)
        return found

    def launcher(self) -> tuple:
        one_network = ("btl_tcp_if_include", "oob_tcp_if_include")
        return ("ip", "netns", "exec", self.names[0], *LAUNCHER, "--host", "10.77.0.1:1,10.77.0.2:1", "-n", "2", "--map-by", "node",
                "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", str(self.agent), "--mca", "btl", "tcp,self",
                *(word for key in one_network for word in ("--mca", key, "10.77.0.0/24")))

    def cut(self) -> None:
        ip("-n", self.names[1], "link", "set", "cable", "down")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def same_bytes(case: Case) -> None:
    """Two hosts give what two processes of one host give."""
    case.run("local", launcher=TWO)
    with Hosts(case.folder) as hosts:
        stdout, _ = case.run("hosts", launcher=hosts.launcher())
    assert len(stdout.splitlines()) == 1, stdout
    same_result(case, "local", "hosts")


def cut_off(case: Case) -> None:
    """The cable is pulled in the middle: both processes end in the time that the config states, the first with a message and
    a checkpoint that is gone on from to the same bytes."""
    config = changed(slow(case), loop__checkpoint_every=0, loop__epochs=30, loop__peer_seconds=PEER_SECONDS)
    case.run("whole", config=config, launcher=TWO)
    with Hosts(case.folder) as hosts:
        process = case.start("cut", config=config, launcher=hosts.launcher())
        case.wait_for_steps("cut", 10, process)
        hosts.cut()
        started = time.monotonic()
        assert all(len(hosts.trainers(name)) == 1 for name in hosts.names), "one process a host"
        while any(hosts.trainers(name) for name in hosts.names):
            assert time.monotonic() - started < PEER_SECONDS + 30, "a process waits on for the one that is gone"
            time.sleep(0.05)
        print(f"cut_off: both ended after {time.monotonic() - started:.1f} seconds, of {PEER_SECONDS} that the config states")
        time.sleep(1)  # what was said goes through mpirun
        hosts.end()    # mpirun itself waits for word from the other host
        _, stderr = process.communicate(timeout=20)
    assert len(ours(stderr)) == 1 and f"has waited {PEER_SECONDS} seconds for another one" in stderr, stderr
    assert (case.folder / "cut" / "checkpoint.safetensors").exists(), f"no checkpoint: {stderr}"
    case.run("cut", "--resume", config=config, launcher=TWO)
    same_result(case, "whole", "cut")


def not_here() -> str:
    """Why two hosts cannot be made; empty where they can."""
    for program in ("mpirun", "ip", "unshare"):
        if not shutil.which(program):
            return f"no {program}"
    name = f"frugal{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no network namespaces: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", name], check=False)
    return ""


CASES = [same_bytes, cut_off]

if __name__ == "__main__":
    if why := not_here():
        print(f"SKIPPED {' '.join(sys.argv[2:])}: {why}")
        sys.exit(0)
    sys.exit(run_cases(CASES, Case))
