"""Benchmark 13: entries of the audit log a second, durable and placed by the sequencer, beside single-row commits of pgbench.

Started by bench/run --entries, which raises the lab. Writ and pgbench use the same PostgreSQL, one after the other, 64 clients each. Writ's are requests
that policy answers by itself: each is read, planned, judged, granted, and leaves the entries of that in its transaction. In the name of many
people, since what one person is given is given one after the other.
"""

import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import API, House

ASK = '{"command": ["nmap", "-n", "-sT", "-p", "22,80,443", "10.20.0.0/28"], "duration_seconds": 600, "uses": 1, "reason": "bench"}'
CLIENTS, PEOPLE, REQUESTS, SECONDS = 64, 16, 2_000, 5
# As long as an entry is, about.
INSERT = "INSERT INTO bench (bytes) VALUES (decode(repeat('5a', 700), 'hex'));\n"


class Postgres:
    """A cluster in a folder of its own, on a Unix socket alone, with fsync on."""

    def __init__(self, home):
        self.home = home
        self.bin = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda found: int(found.split("/")[-2]))
        shutil.chown(home, "postgres", "postgres")
        self.run("initdb", "-D", f"{home}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.server = subprocess.Popen([*self.user(), f"{self.bin}/postgres", "-D", f"{home}/data", "-k", home, "-c", "listen_addresses=", "-c", "max_connections=200"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while subprocess.run([*self.user(), f"{self.bin}/pg_isready", "-q", "-h", home], check=False).returncode:
            time.sleep(0.05)
        for name in ("writ", "bench"):
            self.run("psql", "-q", "-h", home, "-c", f"CREATE DATABASE {name}")
        self.run("psql", "-q", "-h", home, "-d", "bench", "-c", "CREATE TABLE bench (id bigserial PRIMARY KEY, bytes bytea NOT NULL)")
        self.script = os.path.join(home, "insert.sql")
        with open(self.script, "w", encoding="ascii") as script:
            script.write(INSERT)
        os.chmod(self.script, 0o644)

    @staticmethod
    def user():
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]

    def run(self, name, *arguments):
        return subprocess.run([*self.user(), f"{self.bin}/{name}", *arguments], check=True, capture_output=True, text=True, cwd=self.home).stdout

    def commits(self):
        said = self.run("pgbench", "-n", "-h", self.home, "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), "-f", self.script, "bench")
        return next(float(line.split()[2]) for line in said.splitlines() if line.startswith("tps"))

    def stop(self):
        self.server.send_signal(2)
        self.server.wait()


def placed(house):
    return int(house.api("/v1/log")["checkpoint"].split("\n")[1])


def entries(house, home):
    """How many entries and requests a second: from the first request until the last entry is placed."""
    before, begun = placed(house), time.perf_counter()
    answers = subprocess.run(["curl", "-sS", "--parallel", "--parallel-max", str(CLIENTS), "--parallel-immediate", "-K", f"{home}/asks"], check=True, capture_output=True, text=True).stdout.split()
    answered = time.perf_counter()
    if refused := [code for code in answers if code[0] != "2"]:
        sys.exit(f"{len(refused)} of {len(answers)} requests were answered {refused[0]}")
    size, whole = placed(house), time.perf_counter()
    while time.perf_counter() - whole < 1.5:
        if (now := placed(house)) != size:
            size, whole = now, time.perf_counter()
        time.sleep(0.05)
    return (size - before) / (whole - begun), REQUESTS / (answered - begun), (whole - answered) * 1000


def write_asks(house, home):
    """What curl is to send: the same request again and again, in the name of one person after the other. Nobody else may read it."""
    tokens = [house.tool("writ-server", "token", "create", "--data", os.path.join(home, "server"), "--actor", f"sam-{number}", "--group", "secops") for number in range(PEOPLE)]
    ask = ASK.replace('"', '\\"')
    with open(os.open(os.path.join(home, "asks"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as asks:
        for number in range(REQUESTS):
            asks.write("next\n" if number else "")
            asks.write(f'url = "http://127.0.0.1:{API}/v1/requests"\nheader = "Content-Type: application/json"\nheader = "Authorization: Bearer {tokens[number % PEOPLE]}"\n'
                       f'data = "{ask}"\noutput = "/dev/null"\nwrite-out = "%{{http_code}}\\n"\n')


def row(what, values, unit=""):
    print(f"| 13 | {what} | {statistics.median(values):,.2f}{unit} | {min(values):,.2f}–{max(values):,.2f} | {len(values)} |", flush=True)


def main():
    blocks = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="writ-bench-", dir="/var/tmp") as home, tempfile.TemporaryDirectory(prefix="writ-pg-") as cluster:
        postgres = Postgres(cluster)
        house = None
        try:
            house = House(home, database=f"Host={cluster};Username=postgres;Database=writ;Maximum Pool Size=100")
            write_asks(house, home)
            entries(house, home)
            found = []
            for _ in range(blocks):
                found.append((postgres.commits(), entries(house, home), postgres.commits()))
            print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores\n")
            print("| # | what | median | min–max | n |\n| --- | --- | --- | --- | --- |")
            row("pgbench: single-row commits a second, 64 clients", [first for first, _, _ in found])
            row("A/A: pgbench, again, as a multiple", [again / first for first, _, again in found], "x")
            row("entries a second, durable and placed, 64 clients", [ours[0] for _, ours, _ in found])
            row("requests a second that were planned, judged and granted", [ours[1] for _, ours, _ in found])
            row("from the last answer until its entries are placed", [ours[2] for _, ours, _ in found], " ms")
            row("entries as a multiple of pgbench's commits (the mean of both)", [2 * ours[0] / (first + again) for first, ours, again in found], "x")
        finally:
            if house:
                house.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
