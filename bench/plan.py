#!/usr/bin/env python3
"""Benchmark 18: what the plan of a command costs beside `nmap -sL -n` of the same, which only lists targets.

    bench/plan.py WRIT_SERVER [BLOCKS]

Both arms get the same 200 commands in each block, interleaved; the first pair is Nmap beside itself. Nmap is started once a
command, as it must be; `writ-server plan` reads them as lines, 20 times and 120 times over, and the difference is what 100 times
cost without a start and its warming up.
Both the time on the clock and that of the processors are told, since a busy machine stretches the former.
"""
import json, random, resource, statistics, subprocess, sys, time

server, blocks = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
random.seed(18)
commands = []
for number in range(200):
    third, fourth = random.randrange(256), random.randrange(256)
    commands.append(random.choice([
        ["-sS", "-p", "22,80,443", f"10.20.{third}.{fourth}"],
        ["-sSV", "-T4", "-p", "1-1000", f"10.20.{third}.0/26"],
        ["-F", "--exclude", f"10.20.{third}.3", f"10.20.{third}.*"],
        ["-sU", "--top-ports", "50", f"10.20.0-3.{fourth}", f"10.21.{third}.1-9"],
    ]))


def now():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def since(start):
    return tuple(end - begin for end, begin in zip(now(), start))


def nmap():
    start = now()
    for command in commands:
        targets = [word for word in command if word.startswith("10.") and command[command.index(word) - 1] != "--exclude"]
        excluded = command[command.index("--exclude"):][:2] if "--exclude" in command else []
        subprocess.run(["nmap", "-sL", "-n", *excluded, *targets], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return tuple(spent / len(commands) for spent in since(start))


def plan(lines):
    start = now()
    subprocess.run([server, "plan"], input=lines, stdout=subprocess.DEVNULL, check=True)
    return since(start)


lines = "".join(json.dumps({"argv": ["nmap", *command]}) + "\n" for command in commands).encode()
arms = {"nmap -sL -n": [], "nmap -sL -n, again": [], "writ-server plan": [], "writ-server plan, start and all, a line of 24,000": []}
for block in range(blocks):
    arms["nmap -sL -n"].append(nmap())
    few, many = plan(lines * 20), plan(lines * 120)
    arms["writ-server plan"].append(tuple((more - less) / (100 * len(commands)) for more, less in zip(many, few)))
    arms["nmap -sL -n, again"].append(nmap())
    arms["writ-server plan, start and all, a line of 24,000"].append(tuple(spent / (120 * len(commands)) for spent in many))

print("| # | what | median | min–max | n |\n| --- | --- | --- | --- | --- |")
for kind, which in enumerate(["on the clock", "of processor time"]):
    for name, times in arms.items():
        spent = [one[kind] * 1e3 for one in times]
        print(f"| 18 | {name}, {which} | {statistics.median(spent):.3f} ms | {min(spent):.3f}–{max(spent):.3f} | {len(spent)} |")
    ratio = [one[kind] / other[kind] for one, other in zip(arms["nmap -sL -n"], arms["writ-server plan"])]
    print(f"| 18 | how many times as quick a plan is, {which} | {statistics.median(ratio):.1f} | {min(ratio):.1f}–{max(ratio):.1f} | {len(ratio)} |")
