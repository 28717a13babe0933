using System.Buffers.Binary;
using System.IO.Enumeration;
using Writ.Runner.Kernel;

namespace Writ.Runner.Host;

/// <summary>
/// Programs that give a right by being there: file capabilities that reach the network raw or make their user root, guarded
/// tools that are set-user-id, and other copies of guarded tools.
/// </summary>
internal static class FileRights
{
    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode ForOthers = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode SetId = UnixFileMode.SetUser | UnixFileMode.SetGroup;

    // capabilities(7): numbers of those that give the network raw, and of those that make their holder root.
    private static readonly (int Number, string Name)[] Telling =
        [(12, "cap_net_admin"), (13, "cap_net_raw"), (1, "cap_dac_override"), (6, "cap_setgid"), (7, "cap_setuid"), (16, "cap_sys_module"), (17, "cap_sys_rawio"),
         (18, "cap_sys_chroot"), (19, "cap_sys_ptrace"), (21, "cap_sys_admin"), (31, "cap_setfcap"), (38, "cap_perfmon"), (39, "cap_bpf")];

    /// <summary>The names of capabilities that give the network raw, or make their holder root.</summary>
    public static IReadOnlySet<string> TellingNames { get; } = Telling.Select(capability => capability.Name).ToHashSet(StringComparer.Ordinal);

    // Sends echo requests and nothing else.
    private static readonly string[] Pings = ["ping", "ping4", "ping6"];

    // What lies on other machines, in memory of the kernel, or nowhere.
    private static readonly string[] Passed =
        ["proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "configfs", "fusectl", "hugetlbfs", "autofs", "binfmt_misc",
         "nsfs", "efivarfs", "nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "afs"];

    /// <param name="root">Where to look.</param>
    /// <param name="tools">What is guarded.</param>
    /// <param name="own">The runner's own folder, which nobody else can enter.</param>
    public static IEnumerable<StandingRight> Find(HostRoot root, IReadOnlyList<GuardedTool> tools, string own)
    {
        var passed = root.IsHost ? PassedMounts() : [];
        passed.Add(own);
        foreach (var (path, mode, length) in Programs(root.Folder, passed))
        {
            var named = root.Named(path);
            if (Capabilities(path) is { Length: > 0 } capabilities && !(Pings.Contains(Path.GetFileName(named)) && capabilities is ["cap_net_raw"]))
                yield return new("capability", named, $"everybody who may execute it has {string.Join(", ", capabilities)}", $"setcap -r {named}", () => Libc.Must(Libc.removexattr(path, CapabilityName), named));
            var tool = tools.FirstOrDefault(tool => IsTool(tool, path, length));
            if (tool is null)
                continue;
            if ((mode & SetId) != 0)
                yield return new("setuid", named, $"everybody who may execute it runs {tool.Name} with another's rights", $"chmod u-s,g-s {named}", () => File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~SetId));
            if (!IsSame(tool, path) && (mode & ForOthers) != 0)
                yield return new("copy", named, $"another copy of {tool.Name}, which everybody may execute who reaches it", $"chmod go-x {named}", () => File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~ForOthers));
        }
    }

    private const string CapabilityName = "security.capability";

    private static bool IsTool(GuardedTool tool, string path, long length) =>
        Path.GetFileName(path) == tool.Name || (length == tool.Size && Digest(path) == tool.Sha256);

    private static bool IsSame(GuardedTool tool, string path) => path == tool.Path || (FileMark.Of(path) is { } mark && mark == FileMark.Of(tool.Path));

    private static string? Digest(string path)
    {
        try
        {
            return ProgramFile.Digest(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<(string Path, UnixFileMode Mode, long Length)> Programs(string folder, HashSet<string> passed)
    {
        // An entry comes with what the kernel said of it: a host has hundreds of thousands, and each is asked about once.
        var files = new FileSystemEnumerable<FileSystemInfo>(folder, (ref entry) => entry.ToFileSystemInfo(),
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint })
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref entry) => !passed.Contains(entry.ToFullPath()),
        };
        return files.OfType<FileInfo>().Where(IsProgram).Select(file => (file.FullName, file.UnixFileMode, file.Length));
    }

    private static bool IsProgram(FileInfo file)
    {
        try
        {
            return file.Length > 0 && (file.UnixFileMode & Execute) != 0;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The telling capabilities that the file gives, by name; none where it gives none.</summary>
    private static unsafe string[] Capabilities(string path)
    {
        // linux/capability.h: struct vfs_cap_data, little-endian; magic, then permitted and inheritable, low and high halves.
        var value = stackalloc byte[32];
        var length = (int)Libc.getxattr(path, CapabilityName, value, 32);
        if (length < 12)
            return [];
        var bytes = new ReadOnlySpan<byte>(value, length);
        ulong permitted = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        if (length >= 20)
            permitted |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) << 32;
        return [.. Telling.Where(capability => (permitted >> capability.Number & 1) != 0).Select(capability => capability.Name).Order(StringComparer.Ordinal)];
    }

    /// <summary>Where file systems are mounted that are passed over.</summary>
    private static HashSet<string> PassedMounts()
    {
        var mounts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
            var (fields, kind) = (line.Split(' '), line[(line.IndexOf(" - ", StringComparison.Ordinal) + 3)..].Split(' ')[0]);
            if (Passed.Contains(kind))
                mounts.Add(fields[4].Replace("\\040", " ", StringComparison.Ordinal));
        }

        return mounts;
    }
}
