"""Benchmarks 3 to 5: what a gateway costs a tool that prints, and whether all of it arrives.

Started by bench/run --output, which raises the lab. `spout` stands in the place of Nmap on both sides, so that no arm waits for a scanner. Arms
interleaved, one value a block; the ratio is taken within each block. Every byte that a client got is hashed and held against what the tool
prints, and against the recording.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import DIST, NETNS, ROOT, House, Ssh

# Of each kind of output how many MiB, and how the stand-in is told of it.
KINDS = (
    ("3", "bulk, 64 KiB a write", 256, []),
    ("3", "bulk that nothing makes smaller, 64 KiB a write", 256, ["--reason"]),
    ("4", "lines, as `seq` writes them", 128, ["--open"]),
    ("4", "lines, a write each", 32, ["-r"]),
)
EXACT = 4


def command(mebibytes, kind):
    return ["nmap", "-n", "-Pn", "-sT", *kind, "-p", str(mebibytes), "10.20.0.1"]


def received(line, env):
    """How long it took until all was there, in seconds, and the digest of it."""
    digest, begun = hashlib.sha256(), time.perf_counter()
    with subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while bytes_ := process.stdout.read1(1 << 20):
            digest.update(bytes_)
    return time.perf_counter() - begun, digest.hexdigest()


def row(number, what, values, unit):
    print(f"| {number} | {what} | {statistics.median(values):,.2f} {unit} | {min(values):,.2f}–{max(values):,.2f} | {len(values)} |", flush=True)


def main():
    blocks, exact = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory(prefix="writ-bench-", dir="/var/tmp") as home:
        spout = os.path.join(home, "nmap")
        subprocess.run(["cc", "-O2", "-o", spout, os.path.join(ROOT, "bench", "spout.c")], check=True)
        os.chmod(home, 0o755)
        house, ssh = House(home, tool=spout), None
        try:
            ssh = Ssh(home, spout)
            print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores\n")
            print("| # | what | median | min–max | n |\n| --- | --- | --- | --- | --- |")
            for number, what, mebibytes, kind in KINDS:
                line = command(mebibytes, kind)
                house.grant(line, 3600, uses=blocks + 1)
                arms = {
                    "`writ run`, recorded and hashed": ([os.path.join(DIST, "writ"), "run", "--", *line], house.env),
                    "peer: ssh ControlMaster + sudo with I/O log": ([*ssh.master, "sudo", spout, *line[1:]], None),
                    "limit: the same through a pipe": ([spout, *line[1:]], None),
                    "A/A: the same through a pipe, again": ([spout, *line[1:]], None),
                }
                whole = received(*arms["limit: the same through a pipe"])[1]
                found = {arm: [] for arm in arms}
                short = dict.fromkeys(arms, 0)
                for block in range(blocks + 1):
                    for arm, (typed, env) in arms.items():
                        took, digest = received(typed, env)
                        short[arm] += digest != whole
                        if block > 0:
                            found[arm].append(mebibytes / took)
                    shutil.rmtree(os.path.join(home, "iolog"), ignore_errors=True)
                for arm, values in found.items():
                    row(number, f"{what}: {arm}", values, "MiB/s")
                ours, peer = found["`writ run`, recorded and hashed"], found["peer: ssh ControlMaster + sudo with I/O log"]
                row(number, f"{what}: `writ run` as a multiple of the peer", [a / b for a, b in zip(ours, peer)], "x")
                for arm, count in short.items():
                    if count:
                        print(f"| 5 | {what}: {arm}: not byte-exact | {count} | | {blocks + 1} |", flush=True)

            line = command(EXACT, ["-r"])
            house.grant(line, 3600, uses=exact)
            whole = received([spout, *line[1:]], None)[1]
            wrong = 0
            for _ in range(exact):
                _, digest = received([os.path.join(DIST, "writ"), "run", "--", *line], house.env)
                run = house.api("/v1/runs?mine=true&limit=1")["items"][0]["id"]
                _, replayed = received([os.path.join(DIST, "writ"), "watch", run], house.env)
                wrong += digest != whole or replayed != whole
            print(f"| 5 | output of {EXACT} MiB in lines that differed at the client, or in the recording | {wrong} | | {exact} |")
        finally:
            if ssh:
                ssh.stop()
            house.stop()


if __name__ == "__main__":
    main()
