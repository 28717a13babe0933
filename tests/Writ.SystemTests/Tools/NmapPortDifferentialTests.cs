using System.Text.RegularExpressions;
using CsCheck;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Tools;

/// <summary>
/// Ports held against the scaninfo that Nmap writes before it scans. The only target, 127.0.0.1, is excluded again, so
/// that nothing is sent.
/// </summary>
public partial class NmapPortDifferentialTests
{
    private static readonly Gen<string> Item = Gen.Frequency(
        (5, Gen.Int[0, 66_000].Select(n => $"{n}")), (3, Gen.Select(Gen.Int[0, 9_000], Gen.Int[0, 400]).Select(r => $"{r.Item1}-{r.Item1 + r.Item2}")),
        (1, Gen.Int[1, 300].Select(n => $"-{n}")), (1, Gen.Int[65_000, 65_536].Select(n => $"{n}-")), (1, Gen.Const("-")),
        (4, Gen.OneOf("http", "ssh", "http*", "s?h", "domain", "*sql*", "unknown", "hTTP", "x11*", "nosuch", "s*p", "*", "?com*", "echo", "***ftp*")),
        (1, Gen.OneOf("HTTP", "", "1-2-3", "5-1", "x y", " 22", "1 -5", "1- 5", "22 ", "t:1", "X:1", "0x10", "1.5", "a:b", "]", "[[1]]")));

    private static readonly Gen<string> List = Gen.Select(Gen.OneOf("", "", "", "T:", "U:", "S:", "P:"), Item.Array[1, 3]).Select((prefix, items) => prefix + string.Join(',', items));

    private static readonly Gen<string> Ports = Gen.Select(List, Gen.Frequency((4, Gen.Const("")), (2, List.Select(list => $"[{list}]")), (1, List.Select(list => $"[{list}"))), Gen.OneOf("", "", ",", ",7"))
        .Select((first, bracket, end) => bracket.Length == 0 ? first + end : $"{first},{bracket}{(bracket.EndsWith(']') ? end : "")}");

    private static readonly Gen<string> Protocols = Gen.OneOf(Gen.Int[0, 257].Select(n => $"{n}"), Gen.Select(Gen.Int[0, 200], Gen.Int[0, 60]).Select(r => $"{r.Item1}-{r.Item1 + r.Item2}"),
        Gen.OneOf("-", "-7", "250-", "P:1,6", "T:1", "1,P:2")).Array[1, 3].Select(items => string.Join(',', items));

    private static readonly Gen<string[]> Chosen = Gen.Frequency(
        (6, Ports.Select(ports => new[] { "-p", ports })),
        (2, Gen.OneOf(Gen.Int[1, 9_000].Select(n => new[] { "--top-ports", $"{n}" }), Gen.Const(new[] { "-F" }), Gen.Const(Array.Empty<string>()))),
        (1, Gen.Int[1, 9_999].Select(n => new[] { "--port-ratio", $"0.{n:0000}" })),
        (2, Gen.Select(Ports, Gen.Int[1, 50]).Select((ports, n) => new[] { "-p", ports, "--top-ports", $"{n}" })),
        (1, Gen.Select(Ports, Gen.Int[1, 999]).Select((ports, n) => new[] { $"-p{ports}", $"--port-ratio=.{n:000}" })),
        (1, Gen.OneOf(["-F", "--top-ports", "7"], ["-p-", "-F"], ["--top-ports", "0"], ["--top-ports", "65537"], ["--port-ratio", "1"], new[] { "-p", "1", "-p", "2" })));

    private static readonly Gen<string[]> Commands = Gen.Frequency(
        (9, Gen.Select(Gen.OneOf("-sS", "-sT", "-sU", "-sSU", "-sY", "-sZ", "-sSUY", "-sA", "-sUY", ""), Chosen, Gen.Frequency((3, Gen.Const("")), (1, Ports)))
            .Select((scan, ports, exclude) => Joined(scan, ports, exclude))),
        (1, Gen.Select(Protocols, Gen.OneOf(Gen.Const(""), Protocols)).Select((ports, exclude) => Joined("-sO", ["-p", ports], exclude))));

    private static string[] Joined(string scan, string[] ports, string exclude) =>
        [.. scan.Length > 0 ? [scan] : Array.Empty<string>(), .. ports, .. exclude.Length > 0 ? ["--exclude-ports", exclude] : Array.Empty<string>()];

    [Fact]
    public void Ports_equal_what_nmap_reports()
    {
        var (number, accepted) = (0, 0);
        var commands = Draws.Of(Commands, 250);
        Draws.Each(commands, options =>
        {
            var plan = NmapHere.Plan(["nmap", "-Pn", .. options, "127.0.0.1"]);
            var shown = string.Join(' ', options);
            var nmap = Report(options);
            if (!plan.IsOk)
            {
                if (!IsStricter(plan.Refusal))
                    nmap.ShouldBeNull($"{shown}: {plan.Refusal.Message}");
                return;
            }

            Interlocked.Increment(ref accepted);
            nmap.ShouldNotBeNull(shown);
            foreach (var (protocol, ports) in new[] { ("tcp", plan.Value.Tcp), ("udp", plan.Value.Udp), ("sctp", plan.Value.Sctp) })
                nmap.GetValueOrDefault(protocol, PortSet.Empty).ShouldBe(ports, $"{shown}: {protocol}");
            if (Interlocked.Increment(ref number) % 5 != 0)
                return;
            // The canonical argv means the same; its target and -Pn are ours.
            var again = Report([.. plan.Value.Argv.Skip(1).SkipLast(1).Where(argument => argument is not ("-Pn" or "-n"))]);
            again.ShouldNotBeNull(string.Join(' ', plan.Value.Argv)).ShouldBe(nmap.Where(pair => !pair.Value.IsEmpty), ignoreOrder: true, string.Join(' ', plan.Value.Argv));
        });
        accepted.ShouldBeGreaterThan(commands.Count / 4);
    }

    [Fact]
    public void Services_of_a_requester_are_read_as_nmap_reads_them()
    {
        var folder = Directory.CreateTempSubdirectory("writ-services-").FullName;
        try
        {
            var line = Gen.Select(Gen.OneOf("a", "b", "http", "#x", "ssh"), Gen.Int[1, 40], Gen.OneOf("tcp", "udp", "sctp", "tcp"), Gen.OneOf("\t0.5", " 0.25", "\t3/10", "", "\t0.1 # comment", " 0.1"))
                .Select((name, port, protocol, frequency) => $"{name}\t{port}/{protocol}{frequency}");
            Draws.Each(Draws.Of(Gen.Select(line.Array[1, 30], Gen.OneOf("", "--top-ports 3", "--port-ratio 0.2", "-sSU", "-F")), 30), drawn =>
            {
                var (lines, options) = drawn;
                var path = Path.Combine(folder, $"{Guid.CreateVersion7(DateTimeOffset.UnixEpoch)}");
                File.WriteAllLines(path, lines);
                string[] words = [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--servicedb", path];
                var context = new Core.Tools.PlanContext(NmapHere.Inventory) { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { [path] = File.ReadAllBytes(path) } };
                var plan = new Core.Tools.Nmap.NmapTool().Plan(["nmap", "-Pn", .. words, "127.0.0.1"], context);
                var nmap = Report(words);
                if (!plan.IsOk)
                {
                    (nmap is null || nmap.Values.All(ports => ports.IsEmpty)).ShouldBeTrue($"{string.Join('\n', lines)}: {plan.Refusal.Message}");
                    return;
                }

                nmap.ShouldNotBeNull().GetValueOrDefault("tcp", PortSet.Empty).ShouldBe(plan.Value.Tcp, string.Join('\n', lines));
                nmap.GetValueOrDefault("udp", PortSet.Empty).ShouldBe(plan.Value.Udp);
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The ports by protocol, or null when Nmap refuses.</summary>
    private static Dictionary<string, PortSet>? Report(string[] options)
    {
        var text = NmapHere.Run(["nmap", "-v", "-n", "-Pn", "-oX", "-", "--exclude", "127.0.0.1", .. options, "127.0.0.1"]);
        if (text.Contains("QUITTING!", StringComparison.Ordinal))
            return null;
        return ScanInfo().Matches(text).ToDictionary(match => match.Groups[1].Value,
            match => PortSet.TryParse(match.Groups[2].Value, out var ports) ? ports : throw new FormatException(match.Value));
    }

    /// <summary>The documentation lists these as refused although Nmap accepts them.</summary>
    private static bool IsStricter(Refusal refusal) => refusal.Code == ErrorCode.InvalidPorts && new[] { "no port would be scanned", "no number of a protocol", "do not publish", "does not publish", "too many gaps" }
        .Any(why => refusal.Message.Contains(why, StringComparison.Ordinal));

    [GeneratedRegex("""<scaninfo type="\w+"(?: scanflags="\w+")? protocol="(\w+)" numservices="\d+" services="([^"]*)"/>""")]
    private static partial Regex ScanInfo();
}
