"""Benchmark 14: a scan fenced, sandboxed and recorded beside the same Nmap started directly in a namespace without hooks.

Started by bench/run --scan, which raises the lab. Arms interleaved, one value a block, the direct scan beside itself first (A/A); the ratio is
taken within each block. Traffic stays in the lab's own network.
"""

import os
import statistics
import subprocess
import sys
import tempfile

from measure import DIST, NETNS, House, timed

CORP = NETNS.replace("-runner", "-corp")
SCANS = {
    "a": ("256 hosts × 1,000 ports, no latency", 0, ["nmap", "-n", "-Pn", "-sS", "-T4", "-p", "1-1000", "10.20.0.0/24"]),
    "b": ("the same, 5 ms round trip by netem", 5, ["nmap", "-n", "-Pn", "-sS", "-T4", "-p", "1-1000", "10.20.0.0/24"]),
    "c": ("`-sV` of 16 hosts, 4 ports", 0, ["nmap", "-n", "-sV", "-p", "22,25,53,80", "10.20.0.0/28"]),
}


def latency(milliseconds):
    """Whether the lab's link is so slow now; false where this kernel has no netem."""
    subprocess.run(["ip", "netns", "exec", CORP, "tc", "qdisc", "del", "dev", "runner", "root"], check=False, capture_output=True)
    # Deep enough that nothing of a quick scan is lost in it.
    return not milliseconds or subprocess.run(
        ["ip", "netns", "exec", CORP, "tc", "qdisc", "add", "dev", "runner", "root", "netem", "delay", f"{milliseconds}ms", "limit", "100000"],
        check=False, capture_output=True).returncode == 0


def row(what, values, unit):
    print(f"| 14 | {what} | {statistics.median(values):,.2f} {unit} | {min(values):,.2f}–{max(values):,.2f} | {len(values)} |", flush=True)


def main():
    blocks = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="writ-bench-") as home:
        house = House(home)
        try:
            print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores\n")
            print("| # | what | median | min–max | n |\n| --- | --- | --- | --- | --- |")
            for part, (what, delay, scan) in SCANS.items():
                if not latency(delay):
                    print(f"| 14 | ({part}) {what}: not measured, this kernel has no netem | | | 0 |", flush=True)
                    continue
                direct, writ = ["ip", "netns", "exec", NETNS, *scan], [os.path.join(DIST, "writ"), "run", "--", *scan]
                house.grant(scan, 3600, uses=blocks + 1)
                timed(direct, house.env)
                timed(writ, house.env)
                found = [(timed(direct, house.env), timed(writ, house.env), timed(direct, house.env)) for _ in range(blocks)]
                row(f"({part}) {what}: directly", [first / 1000 for first, _, _ in found], "s")
                row(f"({part}) A/A: directly, again, as a multiple of directly", [second / first for first, _, second in found], "x")
                row(f"({part}) `writ run`, its start and all", [ours / 1000 for _, ours, _ in found], "s")
                row(f"({part}) `writ run` as a multiple of directly (the mean of both)", [2 * ours / (first + second) for first, ours, second in found], "x")
        finally:
            latency(0)
            house.stop()


if __name__ == "__main__":
    main()
