using Writ.Runner.Host;
using Writ.Runner.Kernel;

namespace Writ.Tests.Runner.Host;

/// <summary>On a folder that stands for a host.</summary>
public sealed class StandingRightsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("writ-host-");
    private readonly HostRoot _root;
    private readonly GuardedTool[] _tools;

    public StandingRightsTests()
    {
        _root = new(_folder.FullName);
        Write("/usr/bin/nmap", "the program");
        _tools = [new("nmap", "/usr/bin/nmap", 11, ProgramFile.Digest(_root.In("/usr/bin/nmap")))];
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(string path, string text, UnixFileMode mode = UnixFileMode.UserRead)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root.In(path))!);
        File.WriteAllText(_root.In(path), text);
        File.SetUnixFileMode(_root.In(path), mode);
    }

    private string[] Sudo() => [.. SudoRights.Find(_root, _tools).Select(right => $"{right.Where}: {right.What}{(right.Remove is null ? "" : " *")}")];

    [Theory]
    [InlineData("dana ALL=(root) NOPASSWD: /usr/bin/nmap", "/etc/sudoers:1: dana may run /usr/bin/nmap *")]
    [InlineData("dana ALL=/usr/bin/nmap -sn *", "/etc/sudoers:1: dana may run /usr/bin/nmap -sn * *")]
    [InlineData("dana, ben ALL = NOPASSWD: NOEXEC: /usr/bin/nmap, /usr/local/bin/nmap", "/etc/sudoers:1: dana, ben may run /usr/bin/nmap, /usr/local/bin/nmap *")]
    [InlineData("%scanners ALL=(root : wheel) /usr/bin/nmap", "/etc/sudoers:1: group scanners may run /usr/bin/nmap *")]
    [InlineData("#1000 ALL=/usr/bin/nmap # why", "/etc/sudoers:1: #1000 may run /usr/bin/nmap *")]
    [InlineData("dana ALL=sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /usr/bin/nmap", "/etc/sudoers:1: dana may run /usr/bin/nmap *")]
    [InlineData("dana ALL=/usr/bin/", "/etc/sudoers:1: dana may run /usr/bin/ *")]
    [InlineData("dana ALL=/usr/*/nm*", "/etc/sudoers:1: dana may run /usr/*/nm* *")]
    [InlineData("dana ALL=/usr/bin/nmap, /usr/bin/less", "/etc/sudoers:1: dana may run /usr/bin/nmap")]
    [InlineData("dana a=/usr/bin/nmap : b=/usr/bin/id", "/etc/sudoers:1: dana may run /usr/bin/nmap")]
    [InlineData("Cmnd_Alias SCAN = /usr/bin/nmap : IDS = /usr/bin/id\nUser_Alias PEOPLE = dana, %eng\nPEOPLE ALL = SCAN", "/etc/sudoers:3: dana, group eng may run /usr/bin/nmap")]
    [InlineData("%sudo ALL=(ALL:ALL) ALL", "/etc/sudoers:1: group sudo may run everything as another user, nmap too")]
    [InlineData("dana ALL=(root) \\\n  /usr/bin/nmap", "/etc/sudoers:1: dana may run /usr/bin/nmap *")]
    [InlineData("root ALL=(ALL:ALL) ALL", null)]
    [InlineData("dana ALL=/usr/bin/less, !/usr/bin/nmap", null)]
    [InlineData("# dana ALL=/usr/bin/nmap\nDefaults secure_path=\"/usr/bin\"", null)]
    [InlineData("Cmnd_Alias A = B\nCmnd_Alias B = A\ndana ALL = A", null)]
    public void A_rule_of_sudo_that_reaches_the_tool_is_found(string sudoers, string? found)
    {
        Write("/etc/sudoers", sudoers + "\n");
        Sudo().ShouldBe(found is null ? [] : [found]);
    }

    [Fact]
    public void Included_files_are_read_as_sudo_reads_them()
    {
        Write("/etc/sudoers", "@includedir /etc/sudoers.d\n#include more\n@include /etc/none\n");
        Write("/etc/sudoers.d/b", "ben ALL=/usr/bin/nmap\n");
        Write("/etc/sudoers.d/a", "ada ALL=/usr/bin/nmap\n@include ../sudoers\n");
        Write("/etc/sudoers.d/c.dpkg-old", "cas ALL=/usr/bin/nmap\n");
        Write("/etc/more", "dana ALL=/usr/bin/nmap\n");
        Sudo().Distinct().ShouldBe(["/etc/sudoers.d/a:1: ada may run /usr/bin/nmap *", "/etc/sudoers.d/b:1: ben may run /usr/bin/nmap *", "/etc/more:1: dana may run /usr/bin/nmap *"], ignoreOrder: true);
    }

    [Fact]
    public void Removing_a_rule_takes_its_lines_and_leaves_the_others_and_the_mode()
    {
        Write("/etc/sudoers", "Defaults env_reset\ndana ALL=(root) \\\n  /usr/bin/nmap\nben ALL=/usr/bin/id\n", UnixFileMode.UserRead | UnixFileMode.GroupRead);
        SudoRights.Find(_root, _tools).Single().Remove!();
        File.ReadAllText(_root.In("/etc/sudoers")).ShouldBe("Defaults env_reset\nben ALL=/usr/bin/id\n");
        File.GetUnixFileMode(_root.In("/etc/sudoers")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Directory.GetFiles(_root.In("/etc")).ShouldBe([_root.In("/etc/sudoers")]);
        Sudo().ShouldBeEmpty();
    }

    [Fact]
    public void Rules_of_doas_and_capabilities_of_logins_are_found_and_removed()
    {
        Write("/etc/doas.conf", "permit nopass dana as root cmd nmap args -sn\npermit setenv { PATH=/bin } :wheel\npermit ben cmd /usr/bin/less\ndeny cas\npermit root\n# permit eve\n");
        Write("/etc/security/capability.conf", "^cap_net_raw,cap_chown dana @eng\ncap_chown ben\nnone *\ncap_net_admin root\nall cas\n");
        var found = LoginRights.Find(_root, _tools).ToArray();
        found.Select(right => $"{right.Where}: {right.What}{(right.Remove is null ? "" : " *")}").ShouldBe(
        [
            "/etc/doas.conf:1: dana may run nmap *",
            "/etc/doas.conf:2: group wheel may run everything as another user, nmap too",
            "/etc/security/capability.conf:1: dana, group eng have cap_net_raw from the login on *",
            "/etc/security/capability.conf:5: cas has all from the login on *",
        ]);
        found[2].Remove!();
        found[0].Remove!();
        File.ReadAllLines(_root.In("/etc/doas.conf"))[0].ShouldBe("permit setenv { PATH=/bin } :wheel");
        File.ReadAllLines(_root.In("/etc/security/capability.conf"))[0].ShouldBe("cap_chown ben");
    }

    [Fact]
    public void Members_of_groups_that_give_the_network_or_the_host_are_found_and_removed()
    {
        Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\ncas:x:1001:120::/home/cas:/bin/sh\n");
        Write("/etc/group", "root:x:0:\nwireshark:x:120:dana,ben\nusers:x:100:dana\n");
        Write("/etc/gshadow", "wireshark:!::dana,ben\n");
        var found = GroupRights.Find(_root).ToArray();
        found.Select(right => $"{right.Where}: {right.Remedy}").ShouldBe(
            ["wireshark: dana: gpasswd -d dana wireshark", "wireshark: ben: gpasswd -d ben wireshark", "wireshark: cas: usermod -g GROUP cas"]);
        found[0].Remove!();
        File.ReadAllLines(_root.In("/etc/group")).ShouldBe(["root:x:0:", "wireshark:x:120:ben", "users:x:100:dana"]);
        File.ReadAllLines(_root.In("/etc/gshadow")).ShouldBe(["wireshark:!::ben"]);
    }

    [Fact]
    public void Copies_and_set_user_id_programs_are_found_and_removed()
    {
        const UnixFileMode Program = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherExecute;
        Write("/home/dana/.cache/n", "the program", Program);
        Write("/opt/scan/nmap", "another version", Program);
        Write("/opt/scan/private/nmap", "another version", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Write("/srv/copy", "the program", Program | UnixFileMode.SetUser);
        Write("/srv/other", "THE PROGRAM", Program);
        Write("/srv/text", "the program");
        Write("/var/lib/writ/roots/nmap", "the program", Program);
        var found = FileRights.Find(_root, _tools, _root.In("/var/lib/writ")).ToArray();
        found.Select(right => $"{right.Kind} {right.Where}").Order(StringComparer.Ordinal).ShouldBe(
            ["copy /home/dana/.cache/n", "copy /opt/scan/nmap", "copy /srv/copy", "setuid /srv/copy"]);
        foreach (var right in found)
            right.Remove!();
        FileRights.Find(_root, _tools, _root.In("/var/lib/writ")).ShouldBeEmpty();
        File.GetUnixFileMode(_root.In("/srv/copy")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
