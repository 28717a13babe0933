"""Reads each kind of hostile document in a process of its own, the kinds in turns, and prints medians with least and most."""
import os
import statistics
import subprocess
import sys

KINDS = {
    "laughs": "entities in one another (billion laughs)",
    "entity": "an entity that names a file",
    "token": "one attribute of 64 MiB",
    "comment": "one comment of 64 MiB",
    "attributes": "an element with millions of attributes",
    "deep": "elements in one another, without end",
    "empty": "millions of empty elements",
    "hosts": "hundreds of thousands of hosts",
    "ports": "a million ports",
    "texts": "thousands of outputs of 16 KiB",
    "lists": "lists of 32,000 ports over and over",
}

seen = {kind: [] for kind in KINDS}
for _ in range(int(sys.argv[1])):
    for kind in KINDS:
        line = subprocess.run([os.path.join(os.environ["WRIT_BENCH_BUILT"], "read"), kind], check=True, capture_output=True, text=True).stdout
        seconds, peak, hosts, trouble = line.strip().split(" ", 3)
        seen[kind].append((float(seconds), int(peak), int(hosts), trouble))

print("| 64 MiB of | read in | min–max | memory at the peak | hosts kept | what is told |")
print("| --- | --- | --- | --- | --- | --- |")
for kind, what in KINDS.items():
    times = [one[0] for one in seen[kind]]
    peaks = [one[1] for one in seen[kind]]
    print(f"| {what} | {statistics.median(times):.2f} s | {min(times):.2f}–{max(times):.2f} | {max(peaks)} MiB | {seen[kind][0][2]:,} | {seen[kind][0][3]} |")
