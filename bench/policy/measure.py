"""Evaluations beside Casbin and Cedar, arms interleaved; prints a table in Markdown. See bench/README.md."""
import os, statistics, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
blocks = int(sys.argv[1]) if len(sys.argv) > 1 else 7
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
built = os.environ["WRIT_BENCH_BUILT"]


class Arm:
    def __init__(self, name, command, **env):
        self.name, self.rates, self.medians = name, {}, {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **env})

    def block(self, rules, warm=False):
        self.process.stdin.write(f"{rules} {seconds}\n")
        self.process.stdin.flush()
        rate, median = self.process.stdout.readline().split()
        if not warm:
            self.rates.setdefault(rules, []).append(float(rate))
            self.medians.setdefault(rules, []).append(float(median))


def row(number, what, values, unit, scale=1.0):
    shown = [value * scale for value in values]
    digits = 0 if min(shown) >= 100 else 2
    print(f"| {number} | {what} | {statistics.median(shown):,.{digits}f}{unit} | {min(shown):,.{digits}f}–{max(shown):,.{digits}f} | {len(shown)} |")


arms = [
    Arm("Writ", [f"{built}/evaluate"]),
    Arm("Writ, again (A/A)", [f"{built}/evaluate"]),
    Arm("peer: Cedar wasm, sliced", ["node", f"{here}/cedar.mjs"], CEDAR_FROM=f"{built}/peers"),
    Arm("peer: Casbin Go", [f"{built}/casbin"]),
]
sizes = (200, 10_000, 100_000)
# Warmed up as a server is: compilers that work in the background (.NET, V8) have seen every size.
for arm in arms:
    for _ in range(3):
        for rules in sizes:
            arm.block(rules, warm=True)
for block in range(blocks):
    # Every block begins with another arm, so that none always follows the same one.
    for arm in arms[block % len(arms):] + arms[:block % len(arms)]:
        for rules in sizes:
            arm.block(rules)

print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores\n")
print("| # | what | median | min–max | blocks |\n| --- | --- | --- | --- | --- |")
for arm in arms:
    row(10, f"{arm.name}: evaluations a second, 10,000 rules, with reasons", arm.rates[10_000], "")
for arm in arms[2:]:
    row(10, f"Writ as a multiple of {arm.name[6:]}", [ours / theirs for ours, theirs in zip(arms[0].rates[10_000], arm.rates[10_000])], "x")
for arm in arms:
    row(11, f"{arm.name}: half of the evaluations take at most, 100,000 rules", arm.medians[100_000], " µs", 1e-3)
    row(11, f"{arm.name}: at 100,000 rules as a multiple of at 200", [many / few for many, few in zip(arm.medians[100_000], arm.medians[200])], "x")
for arm in arms:
    arm.process.stdin.close()
    arm.process.wait()
