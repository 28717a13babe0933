using System.Runtime.InteropServices;
using Writ.Runner.Kernel;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// The system calls that no run may make. It is a list of what is denied, as tools differ in what they need: whatever could
/// change what holds a run (mounts, namespaces, other processes), or reaches far into the kernel for no use of a tool's.
/// </summary>
internal static class Seccomp
{
    // linux/audit.h, linux/seccomp.h, asm-generic/errno.h.
    internal const uint ArchitectureX64 = 0xc000003e, ArchitectureArm64 = 0xc00000b7;
    internal const uint Allow = 0x7fff0000, KillProcess = 0x80000000, Errno = 0x00050000;
    internal const uint Eperm = 1, Enosys = 38, Eprotonosupport = 93, Eafnosupport = 97;
    /// <summary>x32 calls are 64-bit ones with this bit, which would pass by a list of plain numbers.</summary>
    private const uint X32 = 0x40000000;
    /// <summary>CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET.</summary>
    private const uint NewNamespaces = 0x7e020000;
    // struct seccomp_data: number, architecture, instruction pointer, six 64-bit arguments, of which the low word counts.
    private const int Number = 0, Architecture = 4, First = 16, Second = 24, Third = 32;
    private const uint PushInput = 0x5412, PushConsole = 0x541c;

    /// <summary>The families of sockets that a run may have: UNIX, INET, INET6, PACKET; and NETLINK of routes.</summary>
    private static readonly uint[] Families = [1, 2, 10, 17];
    private const uint NetlinkFamily = 16, NetlinkRoute = 0;

    /// <summary>What is denied with EPERM: the name, and the number on x86-64 and on arm64; -1 where there is none.</summary>
    internal static IReadOnlyList<(string Name, int X64, int Arm64)> Denied { get; } =
    [
        // The file system around the run.
        ("mount", 165, 40), ("umount2", 166, 39), ("pivot_root", 155, 41), ("chroot", 161, 51), ("open_tree", 428, 428), ("move_mount", 429, 429),
        ("fsopen", 430, 430), ("fsconfig", 431, 431), ("fsmount", 432, 432), ("fspick", 433, 433), ("mount_setattr", 442, 442),
        ("name_to_handle_at", 303, 264), ("open_by_handle_at", 304, 265), ("quotactl", 179, 60), ("quotactl_fd", 443, 443),
        ("fanotify_init", 300, 262), ("fanotify_mark", 301, 263), ("swapon", 167, 224), ("swapoff", 168, 225),
        // Namespaces; clone has a check of its own.
        ("unshare", 272, 97), ("setns", 308, 268),
        // Other processes.
        ("ptrace", 101, 117), ("process_vm_readv", 310, 270), ("process_vm_writev", 311, 271), ("kcmp", 312, 272), ("process_madvise", 440, 440), ("pidfd_getfd", 438, 438),
        // The kernel itself.
        ("init_module", 175, 105), ("finit_module", 313, 273), ("delete_module", 176, 106), ("kexec_load", 246, 104), ("kexec_file_load", 320, 294),
        ("add_key", 248, 217), ("request_key", 249, 218), ("keyctl", 250, 219), ("bpf", 321, 280), ("perf_event_open", 298, 241), ("userfaultfd", 323, 282),
        ("io_uring_setup", 425, 425), ("io_uring_enter", 426, 426), ("io_uring_register", 427, 427), ("lookup_dcookie", 212, 18), ("syslog", 103, 116),
        ("acct", 163, 89), ("reboot", 169, 142), ("iopl", 172, -1), ("ioperm", 173, -1), ("modify_ldt", 154, -1), ("vhangup", 153, 58), ("uselib", 134, -1),
        // What belongs to the whole machine.
        ("settimeofday", 164, 170), ("clock_settime", 227, 112), ("adjtimex", 159, 171), ("clock_adjtime", 305, 266), ("sethostname", 170, 161), ("setdomainname", 171, 162),
        // System V memory, which no limit of a process counts.
        ("shmget", 29, 194), ("msgget", 68, 186), ("semget", 64, 190),
    ];

    /// <summary>The filter of this machine's processor.</summary>
    /// <exception cref="PlatformNotSupportedException">There is none.</exception>
    public static byte[] ForThisMachine() => Program(RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => ArchitectureX64,
        System.Runtime.InteropServices.Architecture.Arm64 => ArchitectureArm64,
        var other => throw new PlatformNotSupportedException($"there is no list of system calls for {other}"),
    });

    /// <summary>The filter of an architecture, as an array of struct sock_filter.</summary>
    internal static byte[] Program(uint architecture)
    {
        var x64 = architecture == ArchitectureX64;
        var program = new BpfProgram().Word(Architecture).WhenEqual(architecture, "ours").Return(KillProcess).Label("ours").Word(Number);
        if (x64)
            program.WhenEqual(uint.MaxValue, "allow").WhenAtLeast(X32, "kill");
        program.WhenEqual(x64 ? 41u : 198u, "socket").WhenEqual(x64 ? 53u : 199u, "socket").WhenEqual(x64 ? 16u : 29u, "ioctl")
            .WhenEqual(x64 ? 56u : 220u, "clone").WhenEqual(435, "clone3");
        foreach (var (_, numberOfX64, numberOfArm64) in Denied)
        {
            if ((x64 ? numberOfX64 : numberOfArm64) is var number && number >= 0)
                program.WhenEqual((uint)number, "deny");
        }

        program.Return(Allow);

        // Its flags lie in memory, where no filter can look: libc falls back to clone.
        program.Label("clone3").Return(Errno | Enosys);
        program.Label("clone").Word(First).WhenAnyOf(NewNamespaces, "deny").Return(Allow);
        // Characters put into a terminal's input would be typed by whoever reads it next.
        program.Label("ioctl").Word(Second).WhenEqual(PushInput, "deny").WhenEqual(PushConsole, "deny").Return(Allow);
        program.Label("socket").Word(First).WhenEqual(NetlinkFamily, "netlink");
        foreach (var family in Families)
            program.WhenEqual(family, "allow");
        program.Return(Errno | Eafnosupport);
        program.Label("netlink").Word(Third).WhenEqual(NetlinkRoute, "allow").Return(Errno | Eprotonosupport);
        program.Label("deny").Return(Errno | Eperm).Label("kill").Return(KillProcess);
        return program.Label("allow").Return(Allow).ToBytes();
    }
}
