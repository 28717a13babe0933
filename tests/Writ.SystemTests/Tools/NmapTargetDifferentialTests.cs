using CsCheck;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Tools;

/// <summary>Targets held against <c>nmap -sL -n</c>, many in one process: an address that no expression has stands between two of them.</summary>
public sealed class NmapTargetDifferentialTests : IDisposable
{
    private const int MostAddresses = 3_000;
    private static readonly Address Between = Address.V4(0xcb007107);

    private static readonly Gen<string> Octet = Gen.OneOf(
        Gen.Int[0, 255].Select(n => $"{n}"), Gen.Int[0, 260].Select(n => $"{n}"),
        Gen.Select(Gen.Int[0, 255], Gen.Int[0, 40]).Select(r => $"{r.Item1}-{r.Item1 + r.Item2}"),
        Gen.Select(Gen.Int[0, 255], Gen.Int[0, 255]).Select(r => $"{r.Item1},{r.Item2}"),
        Gen.Int[0, 255].Array[2, 5].Select(ns => string.Join(',', ns)),
        Gen.Int[0, 9].Select(n => $"-{n}"), Gen.Int[246, 255].Select(n => $"{n}-"),
        Gen.OneOf("*", "-", "1-3,5-", "", ",", "1,", "1-2-3", "a", "0", "007", "1*", "+1", " 1", "1_", "300"));

    private static readonly Gen<string> V4 = Gen.Select(
        Gen.OneOf("10", "127", "0", "255", "9-10"), Gen.Int[0, 255], Gen.OneOf(Gen.Int[0, 255].Select(n => $"{n}"), Octet), Octet,
        Gen.Frequency((4, Gen.Const("")), (4, Gen.Int[20, 32].Select(n => $"/{n}")), (1, Gen.OneOf("/33", "/0", "/028", "/", "/x", "/-1", "/+8", "/24/8", "//24", "/4294967297"))))
        .Select((a, b, c, d, mask) => $"{a}.{b}.{c}.{d}{mask}");

    private static readonly Gen<string> V6 = Gen.Select(
        Gen.OneOf("2001:db8::", "2001:db8:0:1::", "2001:DB8:00::", "fe80::", "::1.2.3.", "2001:db8::1:2:3:4:", "2001:db8::1::"), Gen.Int[0, 0xffff],
        Gen.Frequency((2, Gen.Const("")), (4, Gen.Int[118, 128].Select(n => $"/{n}")), (1, Gen.OneOf("/129", "/0", "/0120", "/", "-5", ",3", "%lo"))))
        .Select((prefix, low, mask) => $"{prefix}{(prefix.EndsWith('.') ? $"{low & 255}" : $"{low:x}")}{mask}");

    private readonly string _folder = Directory.CreateTempSubdirectory("writ-targets-").FullName;
    private readonly string _hosts;

    public NmapTargetDifferentialTests()
    {
        _hosts = Path.Combine(_folder, "hosts");
        File.WriteAllText(_hosts, "10.20.0.5 web1 web1.staging.example.com\n10.20.0.6 web2\n10.20.0.7 web2\n2001:db8::5 web1\n");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Ipv4_targets_equal_what_nmap_lists() => Each_expression_equals_what_nmap_lists(V4, 3_000);

    [Fact]
    public void Ipv6_targets_equal_what_nmap_lists() => Each_expression_equals_what_nmap_lists(V6, 800, "-6");

    private void Each_expression_equals_what_nmap_lists(Gen<string> target, int atOne, params string[] family)
    {
        var between = family.Length == 0 ? Between : Address.TryParse("2001:db8:ffff::7", out var six) ? six : default;
        var expressions = Draws.Of(target.Where(text => !text.Contains(' ', StringComparison.Ordinal)), atOne);
        var accepted = 0;
        foreach (var batch in expressions.Chunk(400))
        {
            (string Text, Result<Plan> Plan)[] read = [.. batch.Select(text => (text, NmapHere.Plan(["nmap", "-sL", .. family, "--", text])))];
            (string Text, Result<Plan> Plan)[] small = [.. read.Where(pair => pair.Plan.IsOk ? pair.Plan.Value.Targets.Count <= MostAddresses : IsSmall(pair.Plan.Refusal))];
            var list = Path.Combine(_folder, "list");
            File.WriteAllLines(list, small.SelectMany(pair => new[] { pair.Text, between.ToString() }));
            var listed = NmapHere.Listed(NmapHere.RunAlone(_hosts, ["nmap", "-sL", "-n", .. family, "-iL", list])).ToList();
            var at = 0;
            foreach (var (text, plan) in small)
            {
                var end = listed.IndexOf(between, at);
                end.ShouldBeGreaterThanOrEqualTo(at, text);
                var found = NmapHere.Set(listed[at..end]);
                at = end + 1;
                if (plan.IsOk)
                    found.ShouldBe(plan.Value.Targets, text);
                else if (!IsSurprise(plan.Refusal))
                    found.IsEmpty.ShouldBeTrue($"{text}: {plan.Refusal.Message}");
                accepted += plan.IsOk ? 1 : 0;
            }

            at.ShouldBe(listed.Count);
        }

        accepted.ShouldBeGreaterThan(expressions.Count / 4);
    }

    /// <summary>What is refused for its size is not tried.</summary>
    private static bool IsSmall(Refusal refusal) => !new[] { "every address", "too many gaps", "whole of IPv4", "holds all of IPv4" }.Any(why => refusal.Message.Contains(why, StringComparison.Ordinal));

    /// <summary>The forms that the documentation lists as refused although Nmap reads them.</summary>
    private static bool IsSurprise(Refusal refusal) =>
        new[] { "leading zero", "mask over", "no plain mask", "four octets", "hexadecimal", "names an interface" }.Any(why => refusal.Message.Contains(why, StringComparison.Ordinal));

    [Fact]
    public void Exclusions_lists_and_canonical_argv_equal_what_nmap_lists()
    {
        var (number, accepted) = (0, 0);
        var word = Gen.Frequency((6, V4), (1, Gen.OneOf("web1", "web2", "web1/30", "web2/31", "web1.staging.example.com")));
        var near = Gen.Select(Gen.Int[0, 3], Octet, Gen.OneOf("", "", "/30", "/28")).Select((c, d, mask) => $"10.20.{c}.{d}{mask}");
        var commands = Draws.Of(Gen.Select(Gen.OneOf(word, near).Array[1, 3], Gen.OneOf(Gen.Const(""), near, word), Gen.OneOf(Gen.Const(""), near), Gen.Int[0, 3], Gen.Bool), 200);
        Draws.Each(commands, drawn =>
        {
            var (targets, exclude, excludeFile, how, all) = drawn;
            var here = Path.Combine(_folder, $"{Interlocked.Increment(ref number)}");
            var inputs = new Dictionary<string, ReadOnlyMemory<byte>>();
            string Input(string name, string text)
            {
                var path = $"{here}.{name}";
                File.WriteAllText(path, text);
                inputs[path] = File.ReadAllBytes(path);
                return path;
            }

            string[] command =
            [
                "nmap", "-sL", "-n", .. all ? ["--resolve-all"] : Array.Empty<string>(),
                .. exclude.Length > 0 ? [$"--exclude={exclude}"] : Array.Empty<string>(),
                .. excludeFile.Length > 0 ? [$"--excludefile={Input("not", $"{excludeFile} #{targets[0]}\r\n")}"] : Array.Empty<string>(),
                .. how == 0 ? ["-iL", Input("list", string.Join(how == 0 ? "\r\n" : "\t", targets) + "#10.1.1.1 10.1.1.2\n"), "10.9.9.9"] : new[] { "--" }.Concat(targets),
            ];
            var context = new PlanContext(NmapHere.Inventory) { Inputs = inputs, Names = Names };
            var plan = new NmapTool().Plan(command, context);
            if (!plan.IsOk || plan.Value.Targets.Count > MostAddresses)
                return;
            Interlocked.Increment(ref accepted);
            NmapHere.Set(NmapHere.Listed(NmapHere.RunAlone(_hosts, command))).ShouldBe(plan.Value.Targets, string.Join(' ', command));
            var inside = plan.Value.Files.Count == 0 ? "" : Input("targets", System.Text.Encoding.ASCII.GetString(plan.Value.Files[0].Content.Span));
            string[] canonical = [.. plan.Value.Argv.Select(argument => argument == "/in/targets" ? inside : argument)];
            NmapHere.Set(NmapHere.Listed(NmapHere.RunAlone(_hosts, canonical))).ShouldBe(plan.Value.Targets, string.Join(' ', canonical));
        });
        accepted.ShouldBeGreaterThan(commands.Count / 8);
    }

    /// <summary>What the hosts file says, in the order in which the resolver gives it.</summary>
    private static readonly Dictionary<string, IReadOnlyList<Address>> Names = new()
    {
        ["web1"] = [Address.V4(0x0a140005)],
        ["web1.staging.example.com"] = [Address.V4(0x0a140005)],
        ["web2"] = [Address.V4(0x0a140006), Address.V4(0x0a140007)],
    };
}
