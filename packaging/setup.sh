# What the scripts at the top of the repository share: telling what happens, running long commands,
# making sure that the machine has what they need, and ending without leaving anything behind. Source it.
# A script that has something to take down defines `finish`; it is called once, with the exit code, at every end.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=$(basename "$0")
logs=$root/artifacts/log
PATH=$PATH:/usr/sbin:/sbin # nft and ip lie there, and not every user's path has them

say() { printf '%s: %s\n' "$me" "$*"; }

# die WHAT [HINT]: one line of what is wrong, one of what to do, and the end.
die() {
  printf '%s: %s\n' "$me" "$1" >&2
  [[ -z ${2:-} ]] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# pause SECONDS: sleeps without a process that could outlive a killed script.
pause() { read -r -t "$1" <> <(:) || true; }

# --- long commands ---------------------------------------------------------------------------------

# run_quietly LABEL LOG COMMAND...   output goes to the log; its end is shown on failure
# run_shown   LABEL LOG COMMAND...   output goes to the log and is shown as it comes
# Both print a line whenever 30 seconds pass in silence, and return the command's exit code. The command writes to
# a file and never to our own output, so that no process that it leaves behind can hold up a reader of ours.
run_quietly() { run_with_heartbeat quietly "$@"; }
run_shown() { run_with_heartbeat shown "$@"; }

run_with_heartbeat() {
  local how=$1 label=$2 log=$3 code=0
  shift 3
  mkdir -p "$(dirname "$log")"
  : >"$log"
  heartbeat "$how" "$label" "$log" &
  beat=$!
  run logged "$log" "$@" || code=$?
  stop_heartbeat
  ((code == 0)) || [[ $how == shown ]] || show_failure "$label" "$log" "$code"
  return "$code"
}

# Redirected in here and not where it is called: a signal's trap would write to the log too. A program takes the
# place of this shell, so that it leads the process group; `timeout` would otherwise begin another.
logged() {
  local log=$1
  shift
  exec >>"$log" 2>&1
  [[ $(type -t "$1") != file ]] || exec "$@"
  "$@"
}

# run COMMAND...   in a process group of its own, which we can end. Bash heeds no signal while a command runs in the
# foreground, so it runs in the background and we wait.
running=
run() {
  local code=0
  set -m
  "$@" </dev/null &
  running=$!
  set +m
  wait "$running" || code=$?
  running=
  return "$code"
}

leave() {
  local code=$1
  trap - EXIT INT TERM
  stop_heartbeat
  end_compiler
  if [[ -n $running ]]; then
    kill -TERM -- "-$running" 2>/dev/null || true
    for _ in {1..50}; do
      kill -0 -- "-$running" 2>/dev/null || break
      pause 0.1
    done
    kill -KILL -- "-$running" 2>/dev/null || true
  fi
  if declare -F finish >/dev/null; then finish "$code"; fi
  exit "$code"
}
trap 'leave $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

beat=
heartbeat() {
  local how=$1 label=$2 log=$3 begun=$SECONDS spoken=$SECONDS size=0 now stop=
  trap 'stop=1' TERM
  trap - EXIT INT
  exec {seen}<"$log"
  while :; do
    if [[ $how == shown ]]; then
      now=$(stat -c %s "$log")
      ((now == size)) || spoken=$SECONDS
      size=$now
      cat <&"$seen"
    fi
    # The script may have been killed before it could tell us to stop.
    if [[ -n $stop ]] || ! kill -0 $$ 2>/dev/null; then exit 0; fi
    if ((SECONDS - spoken >= 30)); then
      spoken=$SECONDS
      say "$label, $((SECONDS - begun)) s so far"
    fi
    pause 1
  done
}

stop_heartbeat() {
  [[ -n $beat ]] || return 0
  kill -TERM "$beat" 2>/dev/null || true
  wait "$beat" || true
  beat=
}

show_failure() {
  local label=$1 log=$2 code=$3
  say "$label failed (exit $code); the whole output is in ${log#"$root"/}" >&2
  if ! grep -aE '(error|warning) [A-Z]+[0-9]+' "$log" | sort -u | head -n 20 | grep . >&2; then
    tail -n 20 "$log" >&2
  fi
}

# --- what the machine must have --------------------------------------------------------------------

need_root() { ((EUID == 0)) || die "$1 needs root" "sudo ./$me"; }

need_platform() {
  [[ $(uname -s)/$(uname -m) == Linux/x86_64 ]] || die "writ is built on 64-bit x86 linux, and this is $(uname -sm)"
}

# The SDK that global.json asks for. Sets up the environment of every later dotnet command.
need_dotnet() {
  local wanted folder
  wanted=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json")
  # sudo forgets the path of an SDK that lies in a home folder.
  for folder in ${DOTNET_ROOT:+"$DOTNET_ROOT"} ${HOME:+"$HOME/.dotnet"} /usr/share/dotnet /usr/lib/dotnet; do
    command -v dotnet >/dev/null || [[ ! -x $folder/dotnet ]] || PATH=$PATH:$folder
  done
  sdk=$(cd "$root" && dotnet --version 2>/dev/null) ||
    die "the .NET SDK $wanted (or a later one of its line) is missing" "install it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this again"
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false MSBUILDTERMINALLOGGER=off
  # No build server stays behind when a script is done.
  export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
  locked=()
  # In CI the lock files are law. They name the ahead-of-time compiler of the pinned SDK, so only that one can be held to them.
  if [[ ${CI:-} == true && $sdk == "$wanted" ]]; then
    # Used by the scripts that source this file.
    # shellcheck disable=SC2034
    locked=(-p:RestoreLockedMode=true)
  fi
}

# share_compiler, end_compiler   between them all projects are compiled by one process, which is warm after the first.
# It leaves out the runtime's counting in order to compile itself better, which costs more than a few minutes give back.
compiler=
share_compiler() {
  export DOTNET_TieredPGO=0 UseSharedCompilation=true
  [[ -z ${SharedCompilationId:-} ]] || return 0 # the script that called us began it, and ends it
  compiler=writ-$$
  export SharedCompilationId=$compiler
}

end_compiler() {
  [[ -n $compiler ]] || return 0
  local sdks
  sdks=$(dotnet --list-sdks | sed -n "s/^$sdk \[\(.*\)\]$/\1/p")
  dotnet "$sdks/$sdk/Roslyn/bincore/VBCSCompiler.dll" "-pipename:$compiler" -shutdown >/dev/null 2>&1 || true
  compiler=
  export UseSharedCompilation=false
  unset DOTNET_TieredPGO SharedCompilationId
}

# need_packages WHAT:PACKAGE...   WHAT is a command or a path (which may be a pattern). Missing ones are installed by
# apt when we may, otherwise named.
need_packages() {
  local pair missing=()
  for pair in "$@"; do have "${pair%%:*}" || missing+=("${pair##*:}"); done
  ((${#missing[@]} > 0)) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    die "missing here: ${missing[*]}" "as root: apt-get install ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  run_quietly "installing packages" "$logs/apt.log" install_packages "${missing[@]}" ||
    die "could not install ${missing[*]}" "apt-get install ${missing[*]}"
  for pair in "$@"; do have "${pair%%:*}" || die "${pair##*:} is installed, yet there is no ${pair%%:*}"; done
}

have() {
  case $1 in
  /*) compgen -G "$1" >/dev/null ;;
  *) command -v "$1" >/dev/null ;;
  esac
}

# In a shell of its own, which takes away what it put there however it ends. Packages of servers start them, now and at
# each boot, which nobody asked for: tests start their own.
install_packages() (
  without_cluster=/etc/postgresql-common/createcluster.d/writ-setup.conf no_service=/usr/sbin/policy-rc.d
  made=() code=0
  trap 'rm -f "${made[@]}"' EXIT
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  # PostgreSQL's first installation makes a database of its own.
  if [[ " $* " == *" postgresql "* ]] && ! dpkg-query -W postgresql-common >/dev/null 2>&1; then
    mkdir -p "$(dirname "$without_cluster")"
    made+=("$without_cluster")
    echo 'create_main_cluster = false' >"$without_cluster"
  fi
  if [[ ! -e $no_service ]]; then
    made+=("$no_service")
    printf '#!/bin/sh\nexit 101\n' >"$no_service"
    chmod 755 "$no_service"
  fi
  apt-get install -y --no-install-recommends "$@" || code=$?
  for service in redis-server:redis-server openssh-server:ssh; do
    [[ " $* " != *" ${service%%:*} "* ]] || ! command -v systemctl >/dev/null || systemctl disable "${service##*:}" || true
  done
  exit "$code"
)

build_packages=(gcc:gcc /usr/include/stdlib.h:libc6-dev '/usr/lib/*/libssl.so.3:openssl' /etc/ssl/certs/ca-certificates.crt:ca-certificates npm:npm node:nodejs)
lab_packages=(ip:iproute2 flock:util-linux python3:python3 nmap:nmap)
run_packages=(nft:nftables bwrap:bubblewrap setpriv:util-linux prlimit:util-linux)
# shellcheck disable=SC2034  # used by ./test
tool_packages=(dig:bind9-dnsutils ping:iputils-ping traceroute:traceroute curl:curl sslscan:sslscan
  masscan:masscan tcpdump:tcpdump testssl:testssl.sh hexdump:bsdextrautils ps:procps tmux:tmux redis-server:redis-server redis-cli:redis-tools
  ssh:openssh-client /usr/sbin/sshd:openssh-server)
# shellcheck disable=SC2034  # used by ./test
verify_packages=(setcap:libcap2-bin go:golang-go /usr/share/gocode/src/golang.org/x/mod/sumdb/note:golang-golang-x-mod-dev)
# shellcheck disable=SC2034  # used by ./test
database_packages=('/usr/lib/postgresql/*/bin/initdb:postgresql')
# shellcheck disable=SC2034  # used by ./test
player_packages=(asciinema:asciinema)
# shellcheck disable=SC2034  # used by ./test
mail_packages=(/usr/lib/python3/dist-packages/aiosmtpd/smtp.py:python3-aiosmtpd)
# shellcheck disable=SC2034  # used by ./test
browser_packages=(/usr/bin/chromium:chromium)

# Everything that a build needs.
setup_build() {
  need_platform
  need_packages "${build_packages[@]}"
  need_dotnet
}

# Everything that a lab and runs in it need.
setup_lab() {
  need_root "$1"
  need_packages "${lab_packages[@]}" "${run_packages[@]}"
  need_kernel
}

# Tries each feature once, in namespaces that vanish with the command.
need_kernel() {
  local elsewhere="use a kernel that has it; in a container, one started with --privileged"
  unshare --net true 2>/dev/null || die "this kernel does not let us make network namespaces" "$elsewhere"
  unshare --net ip link add probe0 type veth peer name probe1 2>/dev/null || die "this kernel has no veth links" "$elsewhere"
  unshare --net bash -c 'ip link add probe0 type veth peer name probe1 && ip link set probe0 up && nft -f -' 2>/dev/null <<'END' ||
table netdev probe {
  set allowed { type ipv4_addr . inet_proto . inet_service; flags interval,timeout; elements = { 192.0.2.0/24 . tcp . 1-9 timeout 5s } }
  chain ingress { type filter hook ingress device "probe0" priority 0; policy drop; ip daddr . meta l4proto . th dport @allowed fwd to "probe1"; }
}
END
    die "this kernel's nftables cannot filter and forward at netdev ingress" "$elsewhere"
  bwrap --ro-bind / / --dev /dev --unshare-pid --proc /proc --die-with-parent true 2>/dev/null ||
    die "bubblewrap cannot make a process namespace here" "$elsewhere"
}
