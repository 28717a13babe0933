using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using CsCheck;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.SystemTests.Tools;

/// <summary>
/// The parser held against the real Nmap. Targets by <c>-sL -n</c>, which sends nothing; ports by the scaninfo of scans of
/// 127.0.0.1. No other address is ever scanned.
/// </summary>
public partial class NmapDifferentialTests
{
    internal static readonly ToolInventory Inventory = new("nmap", "/usr/bin/nmap", "7.93", new string('0', 64),
        [File("nmap-services", "/usr/share/nmap/nmap-services"), File("script.db", "/usr/share/nmap/scripts/script.db")]);

    private static int Cases { get; } = Math.Max(30, (int)(300 * (double.TryParse(
        Environment.GetEnvironmentVariable("WRIT_TEST_SCALE"), CultureInfo.InvariantCulture, out var scale) ? Math.Clamp(scale, 0.1, 10_000) : 1)));

    private static readonly Gen<string> Octet = Gen.OneOf(
        Gen.Int[0, 255].Select(n => $"{n}"), Gen.Int[0, 260].Select(n => $"{n}"),
        Gen.Select(Gen.Int[0, 255], Gen.Int[0, 40]).Select(r => $"{r.Item1}-{r.Item1 + r.Item2}"),
        Gen.Select(Gen.Int[0, 255], Gen.Int[0, 255]).Select(r => $"{r.Item1},{r.Item2}"),
        Gen.Int[0, 9].Select(n => $"-{n}"), Gen.Int[246, 255].Select(n => $"{n}-"),
        Gen.OneOf("*", "-", "1-3,5-", "", ",", "1,", "1-2-3", "a", "0", "007"));

    private static readonly Gen<string> V4 = Gen.Select(Gen.OneOf("10", "127", "0", "255", "9-10"), Gen.Int[0, 255], Gen.OneOf(Gen.Int[0, 255].Select(n => $"{n}"), Octet), Octet, Gen.OneOf(Gen.Const(""), Gen.Int[20, 33].Select(n => $"/{n}")))
        .Select((a, b, c, d, mask) => $"{a}.{b}.{c}.{d}{mask}");

    private static readonly Gen<string> V6 = Gen.Select(Gen.OneOf("2001:db8::", "2001:db8:0:1::", "::", "fe80::", "::1.2.3."), Gen.Int[0, 0xffff], Gen.OneOf(Gen.Const(""), Gen.Int[118, 129].Select(n => $"/{n}")))
        .Select((prefix, low, mask) => $"{prefix}{(prefix.EndsWith('.') ? $"{low & 255}" : $"{low:x}")}{mask}");

    private static ToolFile File(string name, string path)
    {
        var content = System.IO.File.ReadAllBytes(path);
        return new(name, Convert.ToHexStringLower(SHA256.HashData(content)), content);
    }

    [Fact]
    public void Ipv4_targets_equal_what_nmap_lists() => Targets_equal_what_nmap_lists(V4, Cases, "-n");

    [Fact]
    public void Ipv6_targets_equal_what_nmap_lists() => Targets_equal_what_nmap_lists(V6, Cases / 3, "-n", "-6");

    private static void Targets_equal_what_nmap_lists(Gen<string> target, int cases, params string[] options)
    {
        var accepted = 0;
        Gen.Select(target.Array[1, 2], Gen.OneOf(Gen.Const(""), target)).Sample((targets, exclude) =>
        {
            string[] command = ["nmap", "-sL", .. options, .. exclude.Length > 0 ? [$"--exclude={exclude}"] : Array.Empty<string>(), "--", .. targets];
            var plan = new NmapTool().Plan(command, new(Inventory));
            if (!plan.IsOk || plan.Value.Targets.Count > 70_000)
                return;
            Interlocked.Increment(ref accepted);
            Listed(command).ShouldBe(plan.Value.Targets, string.Join(' ', command));
            Listed(plan.Value.Argv).ShouldBe(plan.Value.Targets, string.Join(' ', plan.Value.Argv));
        }, iter: cases, threads: 2);
        accepted.ShouldBeGreaterThan(cases / 10);
    }

    [Fact]
    public void What_is_refused_for_its_form_nmap_refuses_or_it_is_a_documented_surprise() =>
        V4.Sample(target =>
        {
            var plan = new NmapTool().Plan(["nmap", "-sL", "-n", "--", target], new(Inventory));
            if (plan.IsOk || plan.Refusal.Message.Contains("leading zero", StringComparison.Ordinal) || plan.Refusal.Message.Contains("mask over", StringComparison.Ordinal)
                || plan.Refusal.Message.Contains("separate networks", StringComparison.Ordinal))
                return;
            Listed(["nmap", "-sL", "-n", "--", target]).IsEmpty.ShouldBeTrue($"{target}: {plan.Refusal.Message}");
        }, iter: Cases, threads: 2);

    [Theory]
    [InlineData("-sS")]
    [InlineData("-sS -F")]
    [InlineData("-sT --top-ports 17")]
    [InlineData("-sS --top-ports 3000")]
    [InlineData("-sS --top-ports 9000")]
    [InlineData("-sU -F --host-timeout 2s")]
    [InlineData("-sU --top-ports 700 --host-timeout 2s")]
    [InlineData("-sU -sS -p T:1-3,U:53,9 --host-timeout 2s")]
    [InlineData("-sS -p -10,60000-,22,")]
    [InlineData("-sS -p 0-,5")]
    [InlineData("-sS -p 010,T:7,U:9")]
    [InlineData("-sS -p T:U:53,T:9")]
    [InlineData("-p-")]
    public void Ports_equal_what_nmap_reports(string options)
    {
        string[] command = ["nmap", .. options.Split(' '), "127.0.0.1"];
        var plan = new NmapTool().Plan(command, new(Inventory)).Value;
        foreach (var argv in new[] { command, plan.Argv })
        {
            var info = Run(["nmap", "-v", "-n", "-Pn", "-oX", "-", .. argv.Skip(1)]);
            Services(info, "tcp").ShouldBe(plan.Tcp);
            Services(info, "udp").ShouldBe(plan.Udp);
        }
    }

    [Fact]
    public void Options_every_prefix_resolves_as_in_nmap()
    {
        // A second, unknown option stops Nmap before it does anything; a sample of prefixes, since each costs a process.
        var names = NmapNames().ToArray();
        Gen.Select(Gen.OneOf(names), Gen.Int[1, 12]).Sample((name, length) =>
        {
            var prefix = "--" + name[..Math.Min(length, name.Length)];
            var nmap = Run(["nmap", prefix, "--zzzz"]);
            var writ = new NmapTool().Plan(["nmap", prefix, "--zzzz"], new(Inventory)).Refusal.Message;
            writ.Contains("is ambiguous", StringComparison.Ordinal).ShouldBe(nmap.Contains($"option '{prefix}' is ambiguous", StringComparison.Ordinal), prefix);
            nmap.ShouldNotContain($"unrecognized option '{prefix}'");
        }, iter: Cases / 3, threads: 2);
    }

    /// <summary>Long names that the real program knows, as its hints for ambiguous prefixes list them.</summary>
    private static IEnumerable<string> NmapNames() =>
        "abcdefghijklmnopqrstuvwxyz".Select(letter => Run(["nmap", $"--{letter}", "--zzzz"]))
            .Select(text => text[Math.Max(0, text.IndexOf("possibilities:", StringComparison.Ordinal))..])
            .Where(text => text.StartsWith("possibilities:", StringComparison.Ordinal))
            .SelectMany(text => Possibility().Matches(text.Split('\n')[0]).Select(match => match.Groups[1].Value)).Distinct();

    private static AddressSet Listed(IReadOnlyList<string> argv)
    {
        var found = Report().Matches(Run(argv)).Select(match => match.Groups[1].Value);
        AddressSet.TryParse(found, out var set, out var wrong).ShouldBeTrue(wrong);
        return set;
    }

    private static PortSet Services(string xml, string protocol)
    {
        var info = ScanInfo().Matches(xml).FirstOrDefault(match => match.Groups[1].Value == protocol);
        PortSet.TryParse(info?.Groups[2].Value ?? "", out var ports).ShouldBeTrue();
        return ports;
    }

    internal static string Run(IReadOnlyList<string> argv)
    {
        // A port scan is let through to loopback alone.
        if (!argv.Contains("-sL") && !argv.Contains("--zzzz") && !argv.Contains("--script-help"))
            argv[^1].ShouldBe("127.0.0.1");
        var start = new ProcessStartInfo("/usr/bin/nmap") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in argv.Skip(1))
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output + errors.GetAwaiter().GetResult();
    }

    [GeneratedRegex(@"^Nmap scan report for (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Report();

    [GeneratedRegex("""<scaninfo type="\w+" protocol="(\w+)" numservices="\d+" services="([^"]*)"/>""")]
    private static partial Regex ScanInfo();

    [GeneratedRegex(@"'--([A-Za-z-]+)'")]
    private static partial Regex Possibility();
}
