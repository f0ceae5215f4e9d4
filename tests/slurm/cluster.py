"""A real Slurm on this machine, for as long as somebody holds its standard input open.

    python tests/slurm/cluster.py    # as root: prints the SLURM_CONF to export; Ctrl-D takes everything down

Four virtual nodes (Slurm counts CPUs, the machine need not have them). Two of eight CPUs have three
partitions: jobs of `urgent` preempt those of `main`, with notice, and those of `cheap`, at once. Two of two
CPUs, for jobs on whole nodes, are the partition `small`. The daemons go when standard input ends; so they go
however the tests end, since a killed test run closes its end of the pipe as well.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NODES = {"node1": 8, "node2": 8, "node3": 2, "node4": 2}
"""CPUs of the nodes."""

GRACE = 60  # seconds between the notice and the end of a preempted job
PATIENCE = 60.0  # seconds for all nodes to come up
TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# a requeued job waits until its old credential has expired: two minutes unless said otherwise
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
TmpFS={folder}/tmp-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
# the signal of --signal is sent with the notice of a preemption as well
SlurmctldParameters=preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=10
MinJobAge=3600
{nodes}
PartitionName=main Nodes=node[1-2] Default=YES State=UP MaxTime=60 \\
  PriorityTier=1 PreemptMode=REQUEUE GraceTime={grace}
PartitionName=cheap Nodes=node[1-2] State=UP MaxTime=60 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=node[1-2] State=UP MaxTime=60 PriorityTier=10 PreemptMode=OFF
PartitionName=small Nodes=node[3-4] State=UP MaxTime=60
"""


def missing() -> str:
    """Why no Slurm can be started here, or ""."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a private Slurm is started by root on Linux only"
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"{', '.join(lacking)} not installed (make install-slurm)" if lacking else ""


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def start(folder: Path) -> None:
    """Start the daemons and wait until all nodes are idle.

    Raises:
        RuntimeError: if they do not come up.
    """
    host = socket.gethostname().split(".")[0]
    ports = free_ports(1 + len(NODES))
    nodes = "\n".join(
        f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} "
        "RealMemory=1000 State=UNKNOWN"
        for (node, cpus), port in zip(NODES.items(), ports[1:], strict=True)
    )
    text = CONFIGURATION.format(host=host, ports=ports, folder=folder, nodes=nodes, grace=GRACE)
    (folder / "slurm.conf").write_text(text, encoding="utf-8")
    # without this file slurmd looks for a cgroup hierarchy of its own, which a container does not have
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n", encoding="utf-8")
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    (folder / "state").mkdir()
    places = [f"--{what}={folder}/munge.{end}" for what, end in (("socket", "socket"), ("log-file", "log"))]
    places += [f"--key-file={key}", f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munge.seed"]
    call("munged", "--force", *places)
    call("slurmctld", "-c", "-f", f"{folder}/slurm.conf")
    for node in NODES:
        for what in ("spool", "tmp"):
            (folder / f"{what}-{node}").mkdir()
        call("slurmd", "-f", f"{folder}/slurm.conf", "-N", node)
    patience = time.monotonic() + PATIENCE
    while call("sinfo", "--noheader", "--Node", "--partition=main,small", "--format=%T").split() != [
        "idle"
    ] * len(NODES):
        if time.monotonic() > patience:
            raise RuntimeError("the nodes of Slurm did not come up")
        time.sleep(0.2)


def stop(folder: Path) -> None:
    """Cancel all jobs, end the daemons; no process of theirs stays."""
    with contextlib.suppress(RuntimeError):
        call("scancel", "--user=root", "--signal=KILL", "--full")
        call("scancel", "--user=root")
        patience = time.monotonic() + 20
        while call("squeue", "--noheader") and time.monotonic() < patience:
            time.sleep(0.2)
    numbers = [int(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.pid"), reverse=True)]
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGTERM)
    patience = time.monotonic() + 20
    while any(Path(f"/proc/{number}").exists() for number in numbers) and time.monotonic() < patience:
        time.sleep(0.1)
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def call(*command: str) -> str:
    """Run a command and return what it prints.

    Raises:
        RuntimeError: if it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def main() -> None:
    """Bring Slurm up, wait for the end of standard input, take it down."""
    if reason := missing():
        sys.exit(reason)
    folder = Path(tempfile.mkdtemp(prefix="hpcbip-slurm-"))
    os.environ["SLURM_CONF"] = f"{folder}/slurm.conf"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        try:
            start(folder)
        except RuntimeError as error:
            logs = [f"{log.name}: {log.read_text(encoding='utf-8')[-2000:]}" for log in folder.glob("*.log")]
            sys.exit("\n".join([str(error), *logs]))
        print(f"SLURM_CONF={folder}/slurm.conf", flush=True)
        sys.stdin.read()
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
