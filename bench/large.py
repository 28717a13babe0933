"""What large output costs in memory: a gigabyte through `writ run` into a pipe, recorded.

Started by bench/run --large, which raises the lab. `spout` stands in the place of Nmap. The peak of each process's resident memory is what
the kernel counted (VmHWM) from just before the run on; the client's and the supervisor's are looked at while they live.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time

from measure import DIST, ROOT, House

# 1,000,341,504 bytes: a recording has at most 1 GiB unless an operator says otherwise, and what would pass that is killed.
GIGABYTE = 954


def peak(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0  # It has ended meanwhile.


def forget(pid):
    """The peak counts anew; what is resident at this moment, in MiB."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
        refs.write("5")
    return peak(pid)



def supervisors(runner):
    """Processes of the runner's own program besides it, which are its supervisors: they outlive it and have no parent to be found by."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(name) != runner and os.readlink(f"/proc/{name}/exe") == os.path.join(DIST, "writ-runner"):
                found.append(int(name))
        except OSError:
            continue
    return found


def main():
    with tempfile.TemporaryDirectory(prefix="writ-bench-", dir="/var/tmp") as home:
        spout = os.path.join(home, "nmap")
        subprocess.run(["cc", "-O2", "-o", spout, os.path.join(ROOT, "bench", "spout.c")], check=True)
        os.chmod(home, 0o755)
        house = House(home, tool=spout)
        try:
            print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores\n")
            print("| output | took | server: before, most | runner: before, most | supervisor: most | client: most | byte-exact |\n| --- | --- | --- | --- | --- | --- | --- |")
            for mebibytes in (4, 256, GIGABYTE):
                line = ["nmap", "-n", "-Pn", "-sT", "-p", str(mebibytes), "10.20.0.1"]
                with subprocess.Popen([spout, *line[1:]], stdout=subprocess.PIPE) as direct:
                    whole = hashlib.file_digest(direct.stdout, "sha256").hexdigest()
                house.grant(line, 3600, uses=1)
                before = (forget(house.server.pid), forget(house.runner.pid))
                most, over = {"client": 0, "supervisor": 0}, threading.Event()
                begun, digest = time.perf_counter(), hashlib.sha256()
                with subprocess.Popen([os.path.join(DIST, "writ"), "run", "--", *line], env=house.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:

                    def look():
                        while not over.wait(0.05):
                            most["client"] = max(most["client"], peak(client.pid))
                            most["supervisor"] = max([most["supervisor"], *map(peak, supervisors(house.runner.pid))])

                    watching = threading.Thread(target=look)
                    watching.start()
                    while bytes_ := client.stdout.read1(1 << 20):
                        digest.update(bytes_)
                    over.set()
                    watching.join()
                    said = client.stderr.read().decode()
                if client.returncode != 0:
                    sys.exit(f"writ run: exit {client.returncode}: {said.strip()}")
                took = time.perf_counter() - begun
                print(f"| {mebibytes:,} MiB | {took:.1f} s | {before[0]:.0f}, {peak(house.server.pid):.0f} MiB | {before[1]:.0f}, {peak(house.runner.pid):.0f} MiB "
                      f"| {most['supervisor']:.0f} MiB | {most['client']:.0f} MiB | {'yes' if digest.hexdigest() == whole else 'NO'} |", flush=True)
        finally:
            house.stop()


if __name__ == "__main__":
    main()
