using System.Text.RegularExpressions;
using CsCheck;
using Writ.Core.Tools.Nmap;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Tools;

/// <summary>Script selections held against <c>nmap --script-help</c>, which selects and sends nothing.</summary>
public sealed partial class NmapScriptDifferentialTests : IDisposable
{
    private const string Nmap = "/usr/share/nmap";

    // Nmap selects by names and categories in script.db, and then reads every script that it has selected: most of the time goes
    // there. Its own files, with scripts that have nothing in them, answer the same in half of it.
    private readonly string _data = Directory.CreateTempSubdirectory("writ-nmap-").FullName;

    public NmapScriptDifferentialTests()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(Nmap).Where(entry => Path.GetFileName(entry) != "scripts"))
            File.CreateSymbolicLink(Path.Combine(_data, Path.GetFileName(entry)), entry);
        var scripts = Directory.CreateDirectory(Path.Combine(_data, "scripts")).FullName;
        File.CreateSymbolicLink(Path.Combine(scripts, "script.db"), $"{Nmap}/scripts/script.db");
        foreach (var script in Directory.EnumerateFiles($"{Nmap}/scripts", "*.nse"))
            File.WriteAllText(Path.Combine(scripts, Path.GetFileName(script)), "description=''\ncategories={}\nhostrule=function() end\naction=function() end\n");
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static readonly Gen<string> Word = Gen.OneOf(
        Gen.OneOf("default", "safe", "vuln", "intrusive", "discovery", "version", "auth", "brute", "broadcast", "dos", "exploit", "external", "fuzzer", "malware"),
        Gen.OneOf("true", "false", "all", "SAFE", "Default", "ALL"),
        Gen.OneOf("http-*", "*-brute", "http-title", "http-t*.nse", "banner.nse", "*", "*-*-*", "smb*", "*info", "h*p-*le", "ssl-*", "nosuch", "Banner", "http?title"));

    /// <summary>Rules as people write them, and every third one as they mistype them.</summary>
    private static readonly Gen<string> Rule = Gen.Recursive<string>((depth, inner) => depth > 2 ? Word : Gen.Frequency(
        (5, Word),
        (2, inner.Select(value => $"not {value}")),
        (1, inner.Select(value => $"not({value})")),
        (3, Gen.Select(inner, Gen.OneOf(" and ", " or ", " AND ", " Or ", "  and not "), inner).Select((left, word, right) => $"{left}{word}{right}")),
        (2, Gen.Select(inner, Gen.OneOf(" and ", " or ", " and not "), inner).Select((left, word, right) => $"({left}){word}({right})"))));

    private static readonly Gen<string> Selection = Gen.Select(
        Gen.Select(Gen.Frequency((6, ""), (1, "+"), (1, "+ "), (1, " ")), Rule).Select((sign, rule) => sign + rule).Array[1, 3], Gen.Frequency((7, ""), (1, ","), (1, ")"), (1, " and")))
        .Select((rules, tail) => string.Join(',', rules) + tail);

    [Fact]
    public void Script_sets_equal_what_nmap_selects()
    {
        // What stands in Nmap's manual and the traps of its grammar; then distinct random ones.
        string[] fixedOnes =
        [
            "default", "not intrusive", "default or safe", "default,safe", "default and safe", "http-*", "(default or safe or intrusive) and not http-*",
            "all", "true", "safe or nosuch", "not nosuch", "+", "", "not and", "not and safe", "version and discovery or dos", "dos or broadcast and safe", "not safe and default or vuln",
            "((((default))))", "safe.nse or default", "safe,+safe", "safe,+SAFE", "+http-title,http-*", "default and not (brute or dos or exploit or intrusive)",
        ];
        string[] expressions = [.. fixedOnes.Union(Draws.Of(Selection.Where(text => text.Length < 200), 30), StringComparer.Ordinal)];
        var selected = 0;
        Draws.Each(expressions, expression =>
        {
            var plan = new NmapTool().Plan(["nmap", "-p1", $"--script={expression}", "127.0.0.1"], new(NmapHere.Inventory));
            var nmap = Selected(expression);
            if (!plan.IsOk)
            {
                nmap.ShouldBeNull($"'{expression}': {plan.Refusal.Message}");
                return;
            }

            string[] writ = [.. plan.Value.Scripts.Select(script => (script.Forced ? "+" : "") + script.Name)];
            nmap.ShouldBe(writ, $"'{expression}'");
            if (Interlocked.Increment(ref selected) % 5 != 0)
                return;
            var canonical = plan.Value.Argv.SingleOrDefault(argument => argument.StartsWith("--script=", StringComparison.Ordinal))?["--script=".Length..] ?? "";
            Selected(canonical).ShouldBe(writ, $"'{expression}' as '{canonical}'");
        });
        selected.ShouldBeGreaterThan(expressions.Length / 3);
        // And with the scripts as they are, once in a while.
        foreach (var expression in expressions.Take(3))
            Selected(expression).ShouldBe(Chosen(NmapHere.Run(["nmap", "-d2", "--script-help", expression])), expression);
    }

    [Fact]
    public void Every_script_of_this_nmap_was_read_for_what_it_reaches()
    {
        // A script that nobody read could reach every port; of those that were read only these may.
        var known = NmapHere.Run(["nmap", "-d2", "--script-help", "all"]);
        var names = Choice().Matches(known).Select(match => match.Groups[1].Value).ToArray();
        names.Length.ShouldBeGreaterThan(500);
        var wide = names.Where(name =>
        {
            var plan = new NmapTool().Plan(["nmap", "-Pn", "-p1", $"--script=+{name}", "127.0.0.1"], new(NmapHere.Inventory)).Value;
            return plan.Scope.Tcp.Contains(40000) && plan.Scope.Udp.Contains(40000);
        });
        wide.Order(StringComparer.Ordinal).ShouldBe(["nfs-ls", "nfs-showmount", "nfs-statfs", "p2p-conficker", "rusers"]);
    }

    [Fact]
    public void Script_arguments_mean_the_same_to_nmap_in_their_canonical_form()
    {
        string[] written = ["user='a,b',pass=\"c\\\"d\\e\"", "a={b,{c=d},e={}},f", " x = y z , w=\tv", "a=b}junk", "a='b"];
        var value = Gen.OneOf("a", "b c", "'q,r'", "\"s\\\"t\"", "", "{x}", "{x=y,z}", "{ {x} , y = 'z' }", "/p?q", "'", "\\n", "{", "x\"y");
        var list = Gen.Select(Gen.OneOf("user=", "my.arg = ", "'n m'=", "", "x ="), value).Select((name, text) => name + text).Array[1, 4].Select(fields => string.Join(", ", fields));
        var accepted = 0;
        Draws.Each(written.Union(Draws.Of(list, 20), StringComparer.Ordinal), text =>
        {
            var plan = new NmapTool().Plan(["nmap", "-p1", "--script-args", text.Replace("\t", "", StringComparison.Ordinal), "127.0.0.1"], new(NmapHere.Inventory));
            if (!plan.IsOk)
                return;
            Interlocked.Increment(ref accepted);
            var canonical = plan.Value.Argv.SingleOrDefault(argument => argument.StartsWith("--script-args=", StringComparison.Ordinal))?["--script-args=".Length..] ?? "";
            Table(canonical).ShouldBe(Table(text), $"'{text}' as '{canonical}'");
        });
        accepted.ShouldBeGreaterThan(10);
    }

    /// <summary>The table of arguments as Nmap prints it, without order and empty flags.</summary>
    private static string[] Table(string arguments)
    {
        var text = NmapHere.Run(["nmap", "-d2", "--script-args", arguments, "--script-help", "banner"]);
        text.ShouldNotContain("did not parse");
        return [.. TableLine().Matches(text).Select(match => Index().Replace(match.Value.Trim(), "[]")).Where(line => line != "[] = \"\",").Order(StringComparer.Ordinal)];
    }

    /// <summary>The names, with a plus where forced; null when Nmap refuses.</summary>
    private string[]? Selected(string expression) => Chosen(NmapHere.Run(["nmap", "--datadir", _data, "-d2", "--script-help", expression]));

    private static string[]? Chosen(string text) => text.Contains("QUITTING!", StringComparison.Ordinal) ? null
        : [.. Choice().Matches(text).Select(match => (match.Groups[2].Success ? "+" : "") + match.Groups[1].Value).OrderBy(name => name.TrimStart('+'), StringComparer.Ordinal)];

    [GeneratedRegex(@"^\t+.*$", RegexOptions.Multiline)]
    private static partial Regex TableLine();

    [GeneratedRegex(@"^\[\d+\]")]
    private static partial Regex Index();

    [GeneratedRegex(@"NSE: Script (\S+)\.nse was selected by [a-z ]*?( and forced to run)?\.$", RegexOptions.Multiline)]
    private static partial Regex Choice();
}
