# What lab/up, lab/down and lab/exec share: the names of one lab, and the record of its processes.
# shellcheck shell=bash

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=${WRIT_LAB:-lab}
runner=writ-$lab-runner
corp=writ-$lab-corp
state=/run/writ-$lab

die() {
  printf 'lab: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# A name goes into paths and namespace names; its length keeps these within what a tool will print.
[[ $lab =~ ^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$ ]] ||
  die "WRIT_LAB must be 1 to 24 of a-z, 0-9 and -" "for example WRIT_LAB=demo lab/up"

need_lab_rights() {
  local tool
  ((EUID == 0)) || die "network namespaces need root" "run it with sudo"
  for tool in ip flock python3; do
    command -v "$tool" >/dev/null || die "$tool is missing" "apt-get install iproute2 util-linux python3"
  done
}

# One lab/up or lab/down at a time. The lock lies on a file of the repository, so that it leaves nothing behind;
# children do not inherit it unless they are told to.
lock_lab() {
  exec 9<"$lab_dir/common.sh"
  flock 9
}

have_namespace() { [[ -e /run/netns/$1 ]]; }

# The kernel's start time of a process: with the pid it names one process for good.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The name may hold spaces and brackets; field 22 is the 20th after it.
  read -ra stat <<<"${stat##*) }"
  printf '%s\n' "${stat[19]}"
}

# The recorded process, if it is still that one and not another with the same number.
recorded_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$state/services.pid" || return 1
  [[ $pid =~ ^[0-9]+$ && $(start_time "$pid") == "$started" ]] || return 1
  printf '%s\n' "$pid"
}

stop_services() {
  local pid
  pid=$(recorded_pid) || return 0
  kill -KILL "$pid" 2>/dev/null || return 0
  until ! recorded_pid >/dev/null; do read -r -t 0.02 <> <(:) || true; done
}

# What runners that were killed have left: the places of their runs, each a namespace that bears the name of its link.
remove_runs() {
  local place
  ip -n "$1" -o link show type veth 2>/dev/null | sed -n 's/^[0-9]*: \(wr-[0-9a-f]\{5\}-[0-9]*\)@.*/\1/p' | while read -r place; do
    ip netns del "$place" 2>/dev/null || ip -n "$1" link del "$place" 2>/dev/null || true
  done
}

remove_lab() {
  local namespace
  stop_services
  for namespace in "$runner" "$corp"; do
    have_namespace "$namespace" || continue
    ip netns pids "$namespace" 2>/dev/null | while read -r pid; do
      printf 'lab: process %s is still in %s and loses its network\n' "$pid" "$namespace" >&2
    done
    remove_runs "$namespace"
    # Deleting one end of the link deletes both, at once, even if a process keeps the namespace alive.
    ip -n "$namespace" link del corp 2>/dev/null || ip -n "$namespace" link del runner 2>/dev/null || true
    ip netns del "$namespace"
  done
  rm -rf "$state" "/etc/netns/$runner" "/etc/netns/$corp"
  rmdir /etc/netns 2>/dev/null || true
}
