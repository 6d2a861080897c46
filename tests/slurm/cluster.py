#!/usr/bin/python3
"""A SLURM cluster of its own on this machine: two nodes, started in a second.

    tests/slurm/cluster.py up FOLDER [KEY=VALUE...]   then:  . FOLDER/env.sh
    tests/slurm/cluster.py down FOLDER

Real daemons (munged, slurmctld, one slurmd a node; Debian: slurm-wlm munge), their own key,
configuration and ports; nothing in /etc, no systemd, root or not. KEY=VALUE overrides a line
of slurm.conf.

Two slurmd share one host, so everything that nodes have to themselves is given by node:
    TmpFS                       the PMIx folders of their steps would be the same
    a hostname and a /dev/shm   Open MPI tells nodes apart by name and would map segments that
                                the other node made; root gets both from namespaces, an
                                ordinary user from the task prolog (backing directories)
And a requeued job waits for its old credential to expire: cred_expire, 5 s at least.
"""
import getpass
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from patience import wait_for, whole_patience  # noqa: E402

NODES, CORES, MEMORY_MB = 2, 2, 4000
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    # more ranks than cores: Open MPI 4, and the launcher of Open MPI 5
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_oob_tcp_if_include": "lo",
    "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}
PROLOG = """#!/bin/sh
# Only in steps: mpirun would pass one node's folder on to the other's processes.
[ -n "${SLURM_STEP_ID:-}" ] || exit 0
own=/dev/shm/slurm.$(id -u).$SLURMD_NODENAME
mkdir -p "$own"
for part in btl_vader osc_sm osc_rdma; do
    echo "export OMPI_MCA_${part}_backing_directory=$own"
done
"""


def programs_missing():
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    return [p for p in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(p)]


def free_ports(n):
    """The first of n neighbours that nobody listens on."""
    for first in range(20000 + os.getpid() % 4000 * 8, 60000, n):  # not a neighbour's
        sockets = []
        try:
            for port in range(first, first + n):
                s = socket.socket()
                sockets.append(s)
                s.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for s in sockets:
                s.close()
    raise OSError("no free ports")


def can_unshare():
    """May each node have a name and a /dev/shm of its own?"""
    test = "hostname x && mount -t tmpfs tmpfs /dev/shm"
    return subprocess.run(["unshare", "--mount", "--uts", "sh", "-c", test],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def resolves_to_loopback(name):
    try:
        return socket.gethostbyname(name).startswith("127.")
    except OSError:
        return False


def has_addresses():
    """As SLURM asks for them: AI_ADDRCONFIG takes 127.0.0.1 alone for no address at all."""
    try:
        return bool(socket.getaddrinfo("127.0.0.1", 1, socket.AF_INET, flags=socket.AI_ADDRCONFIG))
    except OSError:
        return False


def add_to_lo(address):
    """What `ip addr add ADDRESS/8 dev lo` does, which need not be installed: rtnetlink(7). (An
    ioctl would call it lo:1, and over two addresses of two names Open MPI never connects.)"""
    NEWADDR, REQUEST, ACK, CREATE, EXCL = 20, 0x1, 0x4, 0x400, 0x200
    IFA_ADDRESS, IFA_LOCAL, HOST = 1, 2, 254
    body = struct.pack("=BBBBI", socket.AF_INET, 8, 0, HOST, socket.if_nametoindex("lo"))
    for kind in (IFA_LOCAL, IFA_ADDRESS):
        body += struct.pack("=HH4s", 8, kind, socket.inet_aton(address))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as s:
        s.send(struct.pack("=IHHII", 16 + len(body), NEWADDR, REQUEST | ACK | CREATE | EXCL, 1, 0)
               + body)
        error, = struct.unpack_from("=i", s.recv(4096), 16)
    if error:
        raise OSError(-error, os.strerror(-error))


def add_an_address():
    """127.0.0.2, where 127.0.0.1 is the only one."""
    if has_addresses():
        return
    try:
        add_to_lo("127.0.0.2")
    except OSError as e:
        sys.exit(f"127.0.0.1 is the only address here, and 127.0.0.2 cannot be added: {e}; as "
                 "root: ip addr add 127.0.0.2/8 dev lo")
    if not has_addresses():
        sys.exit("SLURM finds no address here, not even with 127.0.0.2 on lo")


class Cluster:
    def __init__(self, folder, **conf):
        self.folder = os.path.abspath(folder)
        self.conf, self.env = conf, {}
        self.namespaces = False

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # ---- up ----

    def up(self):
        for name in list(os.environ):
            if name.startswith(("SLURM", "SBATCH_", "SRUN_", "SALLOC_", "PMIX_", "PRTE_", "MUNGE_")):
                del os.environ[name]
        if len(self.folder) > 60:
            raise ValueError(f"{self.folder}: too long for the names of sockets in it")
        for name in ("state", "log", "pid", "spool", "tmp", "munge", "cgroup"):
            os.makedirs(self.path(name), exist_ok=True)
        os.chmod(self.folder, 0o755)
        add_an_address()
        self.namespaces = can_unshare()
        self.write_files()
        self.start_munge()
        self.start(["slurmctld", "-i"], "slurmctld")
        for node in range(1, NODES + 1):
            self.start_node(node)
        wait_for("both nodes are idle", 30, self.is_idle)
        return self

    def write_files(self):
        port = free_ports(NODES + 1)
        host, user = socket.gethostname().split(".")[0], getpass.getuser()
        conf = {
            "ClusterName": "neurank", "SlurmctldHost": f"{host}(127.0.0.1)",
            "SlurmctldPort": port, "SlurmUser": user, "SlurmdUser": user,
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self.path('munge/socket')},cred_expire=5",
            "CredType": "cred/munge", "StateSaveLocation": self.path("state"),
            "SlurmdSpoolDir": self.path("spool/%n"), "TmpFS": self.path("tmp/%n"),
            "TaskProlog": self.path("prolog.sh"), "PlugStackConfig": self.path("plugstack.conf"),
            "SlurmctldPidFile": self.path("pid/slurmctld"), "SlurmdPidFile": self.path("pid/%n"),
            "SlurmctldLogFile": self.path("log/slurmctld"),
            "SlurmdLogFile": self.path("log/%n"), "MailProg": "/bin/true",
            "ProctrackType": "proctrack/linuxproc", "TaskPlugin": "task/none",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "JobCompType": "jobcomp/filetxt", "JobCompLoc": self.path("log/jobs"),
            "MpiDefault": "pmix", "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_CPU_Memory", "DefMemPerCPU": 500,
            "SchedulerParameters": "sched_interval=1,bf_interval=1,batch_sched_delay=0",
            "JobRequeue": 1, "ReturnToService": 2, "PropagateResourceLimits": "NONE",
            "MinJobAge": 3600, "KillWait": whole_patience(5, most=65533),
            "SlurmctldTimeout": whole_patience(30, most=65533),
            "SlurmdTimeout": whole_patience(60, most=65533),
            "MessageTimeout": whole_patience(20, most=100),  # it warns of more
            "UnkillableStepTimeout": whole_patience(120, most=65533),
            "MaxArraySize": 1001, "SlurmdParameters": "config_overrides",
        }
        if resolves_to_loopback(host):
            conf["CommunicationParameters"] = "NoCtldInAddrAny,NoInAddrAny"
        conf.update(self.conf)
        lines = [f"{key}={value}" for key, value in conf.items()]
        for node in range(1, NODES + 1):
            name = f"node{node}" if self.namespaces else host
            lines.append(f"NodeName=node{node} NodeHostname={name} NodeAddr=127.0.0.1 "
                         f"Port={port + node} CPUs={CORES} Boards=1 SocketsPerBoard=1 "
                         f"CoresPerSocket={CORES} ThreadsPerCore=1 RealMemory={MEMORY_MB}")
        lines.append(f"PartitionName=test Nodes=node[1-{NODES}] Default=YES MaxTime=1-00:00:00 "
                     "DefaultTime=10 State=UP")
        self.write("slurm.conf", "\n".join(lines) + "\n")
        self.write("plugstack.conf", "")
        # slurmd does not start without cgroups, which a chroot or a container may lack; nothing
        # here uses them.
        self.write("cgroup.conf", "CgroupPlugin=cgroup/v1\n"
                   f"CgroupMountpoint={self.path('cgroup')}\n")
        self.write("prolog.sh", PROLOG, 0o755)
        names = " ".join(f"node{node}" for node in range(1, NODES + 1))
        self.write("hosts", f"127.0.0.1 localhost {host} {names}\n")
        self.env = {**ENVIRONMENT, "SLURM_CONF": self.path("slurm.conf"),
                    "MUNGE_SOCKET": self.path("munge/socket")}
        self.write("env.sh", "".join(f"export {k}={v}\n" for k, v in self.env.items()))
        os.environ.update(self.env)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def start_munge(self):
        key = self.path("munge/key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(os.urandom(1024))
        self.start(["munged", f"--socket={self.path('munge/socket')}", f"--key-file={key}",
                    f"--log-file={self.path('log/munged')}",
                    f"--pid-file={self.path('pid/munged')}",
                    f"--seed-file={self.path('munge/seed')}", "--num-threads=2"], "munged")

    def start(self, command, name):
        with open(self.path("log", f"{name}.out"), "ab") as out:
            if subprocess.run(command, stdout=out, stderr=out).returncode != 0:
                with open(self.path("log", f"{name}.out")) as f:
                    sys.exit(f"{name} did not start: {f.read()[-400:]}")

    def start_node(self, node):
        name = f"node{node}"
        for folder in ("spool", "tmp"):
            os.makedirs(self.path(folder, name), exist_ok=True)
        command = ["slurmd", "-N", name]
        if self.namespaces:
            # a root that debootstrap made has no such file, and nobody there misses it
            hosts = (f"mount --bind '{self.path('hosts')}' /etc/hosts && "
                     if os.path.exists("/etc/hosts") else "")
            inner = (f"hostname {name} && {hosts}"
                     f"mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec slurmd -N {name}")
            command = ["unshare", "--mount", "--uts", "sh", "-c", inner]
        self.start(command, name)

    def is_idle(self):
        states = self.output("sinfo", "-h", "-N", "-o", "%T").split()
        return states.count("idle") == NODES

    # ---- while it is up ----

    def output(self, *command):
        return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout

    def pid(self, name):
        try:
            with open(self.path("pid", name)) as f:
                return int(f.read())
        except (OSError, ValueError):
            return None

    def kill_node(self, node):
        """As if the node's daemon had crashed: kill -9."""
        os.kill(self.pid(f"node{node}"), signal.SIGKILL)

    def submit(self, *command, **env):
        """sbatch; returns the job's id."""
        p = subprocess.run(["sbatch", "--parsable", *map(str, command)], text=True,
                           capture_output=True, env={**os.environ, **env})
        if p.returncode != 0:
            sys.exit(f"sbatch {command}: {p.stderr}")
        return p.stdout.strip()

    def state(self, job):
        """Of the last start: PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, ..."""
        text = self.output("scontrol", "show", "job", job)
        m = re.search(r"JobState=(\w+)", text)
        return m.group(1) if m else "GONE"

    def restarts(self, job):
        m = re.search(r"Restarts=(\d+)", self.output("scontrol", "show", "job", job))
        return int(m.group(1)) if m else None

    def wait_state(self, job, *states, seconds=120):
        try:
            wait_for(f"job {job}", seconds, lambda: self.state(job) in states)
        except TimeoutError as e:
            sys.exit(f"{e}: {self.state(job)}\n" + self.output("scontrol", "show", "job", job))
        return self.state(job)

    # ---- down ----

    def ours(self):
        """Processes of this cluster: daemons, and all that jobs have started. A slurmstepd of
        newer versions writes its title over its environment: known by the folder it is in."""
        mark, own = f"SLURM_CONF={self.path('slurm.conf')}".encode(), os.getpid()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    environ = f.read().split(b"\0")
                with open(f"/proc/{pid}/comm") as f:
                    name = f.read().strip()
                here = mark in environ or os.readlink(f"/proc/{pid}/cwd") == self.path("log")
            except OSError:
                continue
            job = any(e.startswith(b"SLURM_JOB_ID=") for e in environ)
            if here and int(pid) != own and (job or name.startswith(("slurm", "munged", "srun"))):
                yield int(pid)

    def down(self):
        os.environ.update(self.env or {"SLURM_CONF": self.path("slurm.conf"),
                                       "MUNGE_SOCKET": self.path("munge/socket")})
        subprocess.run(["scancel", "--full", "--signal=KILL", "-u", getpass.getuser()],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for pid in list(self.ours()):
                try:
                    os.kill(pid, sent)
                except OSError:
                    pass
            try:
                wait_for("the cluster is down", 3, lambda: not list(self.ours()))
                break
            except TimeoutError:
                continue
        munged = self.pid("munged")
        if munged and os.path.exists(f"/proc/{munged}"):
            os.kill(munged, signal.SIGTERM)
        for node in range(1, NODES + 1):
            shutil.rmtree(f"/dev/shm/slurm.{os.getuid()}.node{node}", ignore_errors=True)

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()


def main():
    missing = programs_missing()
    if len(sys.argv) < 3 or sys.argv[1] not in ("up", "down"):
        sys.exit(__doc__)
    if missing:
        sys.exit(f"missing: {' '.join(missing)} (Debian: apt-get install slurm-wlm munge)")
    cluster = Cluster(sys.argv[2], **dict(a.split("=", 1) for a in sys.argv[3:]))
    if sys.argv[1] == "up":
        cluster.up()
        print(f". {cluster.path('env.sh')}")
    else:
        cluster.down()


if __name__ == "__main__":
    main()
