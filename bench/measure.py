"""Times Writ and its peers side by side: arms interleaved, one value a block, median with minimum and maximum.

Started by bench/run, which raises the lab. Everything listens on loopback; the only thing scanned is the lab's own network.
"""

import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DIST = os.path.join(ROOT, "dist")
NETNS = f"writ-{os.environ['WRIT_LAB']}-runner"
API, RUNNERS, SSH = 18180, 18543, 18222
TRIVIAL = ["nmap", "-sL", "-n", "10.20.0.1"]
SLOW = ["nmap", "-sT", "-T2", "-p", "1-1000", "10.20.0.7"]

POLICY = """\
version: 1
roles: { engineer: { groups: [secops] } }
zones: { staging: { addresses: [10.20.0.0/24] } }
rules:
  - id: self-serve
    roles: [engineer]
    zones: [staging]
    tools: { nmap: any }
    max-duration: 2h
    max-uses: 10000
    approval: none
"""


class House:
    """A server and a runner in a folder of their own, on SQLite; on PostgreSQL, or with another program in Nmap's place, where one is given."""

    def __init__(self, home, tool=None, database=None):
        self.home, self.processes = home, []
        self.env = {"PATH": os.environ["PATH"], "HOME": home, "WRIT_SERVER": f"http://127.0.0.1:{API}", "NO_COLOR": "1"}
        if database:
            self.env["WRIT_DATABASE"] = database
        data = os.path.join(home, "server")
        self.tool("writ-server", "init", "--data", data)
        begun = time.monotonic()
        self.server = self.start("writ-server", "serve", "--data", data, "--urls", f"http://127.0.0.1:{API}",
                                 "--runner-listen", f"https://127.0.0.1:{RUNNERS}")
        while not self.ready():
            time.sleep(0.002)
        self.ready_ms = (time.monotonic() - begun) * 1000
        admin = self.tool("writ-server", "token", "create", "--data", data, "--actor", "ada", "--admin")
        self.env["WRIT_TOKEN"] = self.tool("writ-server", "token", "create", "--data", data, "--actor", "sam", "--group", "secops")
        with open(os.path.join(home, "policy.yaml"), "w", encoding="utf-8") as policy:
            policy.write(POLICY)
        self.tool("writ", "policy", "apply", policy.name, token=admin)
        enrolment = self.tool("writ", "runner", "enroll", "bench", token=admin)
        runner = os.path.join(home, "runner")
        self.tool("writ-runner", "enroll", "--server", f"https://127.0.0.1:{RUNNERS}", "--data", runner, "--ceiling", "10.20.0.0/24",
                  "--network-namespace", NETNS, "--pool", "10.99.1.1-10.99.1.254", enrolment=enrolment)
        if tool:
            path = os.path.join(runner, "runner.json")
            with open(path, encoding="utf-8") as file:
                config = file.read().replace('"path": "/usr/bin/nmap"', f'"path": "{tool}", "data": ["/usr/share/nmap"]')
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
        self.runner = self.start("writ-runner", "serve", "--data", runner)
        while "connected" not in self.tool("writ", "runners"):
            time.sleep(0.05)

    def tool(self, name, *arguments, token=None, enrolment=None):
        env = dict(self.env)
        if token:
            env["WRIT_TOKEN"] = token
        if enrolment:
            env["WRIT_ENROLL_TOKEN"] = enrolment
        done = subprocess.run([os.path.join(DIST, name), *arguments], env=env, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            self.stop()
            sys.exit(f"{name} {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self, name, *arguments):
        log = open(os.path.join(self.home, f"{name}.log"), "ab")
        process = subprocess.Popen([os.path.join(DIST, name), *arguments], env=self.env, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{API}/health/ready", timeout=1).status == 200
        except OSError:
            return False

    def api(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{API}{path}", method="POST" if body is not None else "GET",
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.env['WRIT_TOKEN']}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            sys.exit(f"{path}: {refused.read().decode()}")

    def grant(self, command, seconds, uses=1):
        asked = self.api("/v1/requests", {"command": command, "duration_seconds": seconds, "uses": uses, "reason": "bench"})
        return asked["grant"]

    def run(self, command, grant, detach=True):
        return self.api("/v1/runs", {"command": command, "grant": grant, "detach": detach})["id"]

    def wait(self, run, *states):
        while (view := self.api(f"/v1/runs/{run}"))["state"] not in states:
            time.sleep(0.01)
        return view

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()


class Ssh:
    """sshd on loopback in a folder of its own, with a ControlMaster; sudo writes its I/O log."""

    def __init__(self, home, logged="/usr/bin/nmap"):
        self.home = home
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{home}/{name}"], check=True)
        shutil.copy(f"{home}/user.pub", f"{home}/authorized")
        os.makedirs("/run/sshd", exist_ok=True)
        with open(f"{home}/sshd_config", "w", encoding="utf-8") as config:
            config.write(f"ListenAddress 127.0.0.1:{SSH}\nHostKey {home}/host\nAuthorizedKeysFile {home}/authorized\n"
                         f"PidFile {home}/sshd.pid\nPermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\n")
        self.sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", f"{home}/sshd_config"], stderr=subprocess.DEVNULL)
        with open("/etc/sudoers.d/writ-bench", "w", encoding="utf-8") as sudoers:
            sudoers.write(f'Defaults!{logged} log_output, iolog_dir={home}/iolog\nDefaults user_command_timeouts\n')
        self.base = ["ssh", "-q", "-p", str(SSH), "-i", f"{home}/user", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        self.master = [*self.base, "-o", f"ControlPath={home}/master", "root@127.0.0.1"]
        time.sleep(0.5)
        subprocess.run([*self.base, "-o", f"ControlPath={home}/master", "-fNM", "root@127.0.0.1"], check=True)
        self.command = [*self.master, "ip", "netns", "exec", NETNS, "sudo", *TRIVIAL]
        self.cold = [*self.base, "root@127.0.0.1", "ip", "netns", "exec", NETNS, "sudo", *TRIVIAL]

    def late(self):
        """How late sudo's own limit ends a tool, in ms, and whether a child that left its session and ignores TERM lives on."""
        mark = f"{100 + time.time() % 1:.6f}"
        tree = f"trap '' TERM; setsid sh -c \"trap '' TERM HUP; sleep {mark}\" >/dev/null 2>&1 </dev/null & exec sleep {mark}"
        begun = time.monotonic()
        subprocess.run([*self.master, "sudo", "-T", "1", "sh", "-c", shlex.quote(tree)], check=False, capture_output=True)
        took = time.monotonic() - begun
        return (took - 1) * 1000, sleeping(mark)

    def left_alone(self):
        """Whether a tool runs on a second after its client was killed."""
        mark = f"{100 + time.time() % 1:.6f}"
        client = subprocess.Popen([*self.master, "sudo", "sleep", mark], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        client.kill()
        client.wait()
        time.sleep(1)
        return sleeping(mark)

    def stop(self):
        subprocess.run([*self.master[:-1], "-O", "exit", "root@127.0.0.1"], capture_output=True, check=False)
        self.sshd.terminate()
        self.sshd.wait()
        os.remove("/etc/sudoers.d/writ-bench")


def sleeping(mark):
    """Ends what sleeps under this mark, which is ours alone; true where there was something."""
    found = False
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as line:
                if line.read() == f"sleep\0{mark}\0".encode():
                    found = True
                    os.kill(int(process), signal.SIGKILL)
        except OSError:
            continue  # It has ended meanwhile.
    return found


def timed(command, env=None):
    begun = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def instant(text):
    """RFC 3339 with any number of decimals, as Unix seconds."""
    from datetime import datetime
    main, _, rest = text.partition(".")
    digits = rest.rstrip("Z").partition("+")[0]
    return datetime.fromisoformat(main + "+00:00").timestamp() + float("0." + (digits or "0"))


def memory(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def row(number, what, values, unit="ms"):
    low, middle, high = min(values), statistics.median(values), max(values)
    # A 99th percentile of fewer says nothing.
    tail = f"; p99 {statistics.quantiles(values, n=100)[98]:.1f}" if len(values) >= 1_000 else ""
    print(f"| {number} | {what} | {middle:.1f} {unit} | {low:.1f}–{high:.1f}{tail} | {len(values)} |", flush=True)


def main():
    blocks = int(sys.argv[1])
    samples = int(sys.argv[2]) if len(sys.argv) > 2 else max(blocks, 10)
    with tempfile.TemporaryDirectory(prefix="writ-bench-") as home:
        house, ssh = House(home), None
        try:
            idle = (memory(house.server), memory(house.runner))
            ssh = Ssh(home)
            writ = [os.path.join(DIST, "writ")]
            direct = ["ip", "netns", "exec", NETNS, *TRIVIAL]
            grant = house.grant(TRIVIAL, 3600, uses=blocks * 20 + 10)
            arms = {
                ("1", "`writ run` of a trivial command on a held grant"): [*writ, "run", "--", *TRIVIAL],
                ("1", "peer: ssh ControlMaster + sudo with I/O log"): ssh.command,
                ("2", "peer: cold ssh + sudo with I/O log"): ssh.cold,
                ("1", "limit: the same Nmap directly"): direct,
                ("1", "A/A: the same Nmap directly, again"): list(direct),
                ("15", "`writ --version`"): [*writ, "--version"],
                ("15", "beside it: `dotnet --version` (the SDK, which does more than start)"): ["dotnet", "--version"],
                ("15", "limit: `true`"): ["true"],
            }
            for command in arms.values():
                timed(command, house.env)
            found = {arm: [] for arm in arms}
            for _ in range(blocks):
                for arm, command in arms.items():
                    found[arm].append(statistics.median(timed(command, house.env) for _ in range(10)))
            for (number, what), values in found.items():
                row(number, what, values)
            del grant

            def overdue(_):
                view = house.wait(house.run(SLOW, house.grant(SLOW, 1.2)), "killed", "failed", "exited")
                return (instant(view["ended_at"]) - instant(view["deadline"])) * 1000

            # Four at a time, as each waits for its deadline most of the time; who is held up by the others is late, so none looks better for it.
            with ThreadPoolExecutor(4) as lanes:
                late = list(lanes.map(overdue, range(samples)))
            dead = []
            row("6", "deadline to the whole process tree dead, as the runner saw it", late)
            peers = [ssh.late() for _ in range(max(blocks, 10))]
            row("6", "peer: ssh + sudo's own time limit, a tool that ignores TERM", [late for late, _ in peers])
            print(f"| 6 | peer: the same, a detached child lived on | {sum(alive for _, alive in peers)} | | {len(peers)} |", flush=True)
            for _ in range(samples):
                held = house.grant(SLOW, 60)
                house.wait(house.run(SLOW, held), "running")
                dead.append(house.api(f"/v1/grants/{held}/revoke", {"reason": "bench"})["latency_milliseconds"])
            row("8", "revoke (API call) to the tree dead and confirmed", dead)
            gone = []
            for _ in range(samples):
                house.grant(SLOW, 60)
                client = subprocess.Popen([*writ, "run", "--", *SLOW], env=house.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while not (live := house.api("/v1/runs?state=running")["items"]):
                    time.sleep(0.01)
                killed = time.time()
                client.send_signal(signal.SIGKILL)
                client.wait()
                gone.append((instant(house.wait(live[0]["id"], "killed")["ended_at"]) - killed) * 1000)
            row("9", "client killed to the run dead", gone)
            alive = [ssh.left_alone() for _ in range(max(blocks, 10))]
            print(f"| 9 | peer: ssh ControlMaster + sudo, ran on a second after its client was killed | {sum(alive)} | | {len(alive)} |", flush=True)
            row("16", "server ready after start (new data folder)", [house.ready_ms])
            row("16", "memory of the server before the first run", [idle[0]], "MiB")
            row("16", "memory of the runner before the first run", [idle[1]], "MiB")
            row("16", "memory of the runner after all of the above", [memory(house.runner)], "MiB")
        finally:
            if ssh:
                ssh.stop()
            house.stop()


if __name__ == "__main__":
    main()
