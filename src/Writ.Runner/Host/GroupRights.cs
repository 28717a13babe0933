namespace Writ.Runner.Host;

/// <summary>Groups whose members reach the network raw, or the whole host, without asking.</summary>
internal static class GroupRights
{
    private static readonly (string Group, string Gives)[] Known =
    [
        ("wireshark", "raw packets through dumpcap"),
        ("pcap", "raw packets through capture tools"),
        ("docker", "the whole host through containers"),
        ("lxd", "the whole host through containers"),
        ("incus", "the whole host through containers"),
        ("incus-admin", "the whole host through containers"),
        ("libvirt", "networks of the host through virtual machines"),
        ("disk", "the whole host through its disks"),
    ];

    public static IEnumerable<StandingRight> Find(HostRoot root)
    {
        var primary = root.Lines("/etc/passwd").Select(line => line.Split(':')).Where(user => user.Length > 3).ToLookup(user => user[3], user => user[0]);
        foreach (var group in root.Lines("/etc/group").Select(line => line.Split(':')).Where(group => group.Length == 4))
        {
            if (Known.FirstOrDefault(known => known.Group == group[0]) is not { Group: { } name, Gives: var gives })
                continue;
            foreach (var member in group[3].Split(',', StringSplitOptions.RemoveEmptyEntries).Where(member => member != "root"))
                yield return new("group", $"{name}: {member}", $"{member} has {gives}", $"gpasswd -d {member} {name}", () => Remove(root, name, member));
            foreach (var member in primary[group[2]].Where(member => member != "root"))
                yield return new("group", $"{name}: {member}", $"{member} has {gives}, as it is their first group", $"usermod -g GROUP {member}", null);
        }
    }

    private static void Remove(HostRoot root, string group, string member)
    {
        foreach (var path in (string[])["/etc/group", "/etc/gshadow"])
        {
            var lines = root.Lines(path);
            if (lines.Count > 0)
                root.Rewrite(path, lines.Select(line => line.StartsWith(group + ":", StringComparison.Ordinal) ? Without(line, member) : line));
        }
    }

    private static string Without(string line, string member)
    {
        var last = line.LastIndexOf(':') + 1;
        return line[..last] + string.Join(',', line[last..].Split(',').Where(other => other != member));
    }
}
