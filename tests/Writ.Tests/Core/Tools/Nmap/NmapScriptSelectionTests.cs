using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Tests.Core.Tools.Nmap;

public class NmapScriptSelectionTests
{
    private static readonly (string Name, string[] Categories)[] Known =
    [
        ("and", ["discovery"]), ("banner", ["discovery", "safe"]), ("docker-version", ["version"]), ("http-slowloris", ["dos", "intrusive"]),
        ("http-title", ["default", "discovery", "safe"]), ("rpcinfo", ["default", "discovery", "safe", "version"]), ("safe", ["dos"]),
    ];

    private static readonly ToolInventory Inventory = new("nmap", "/usr/bin/nmap", "7.93", new string('0', 64),
        [File("script.db", string.Concat(Known.Select(script =>
            $$"""Entry { filename = "{{script.Name}}.nse", categories = { {{string.Concat(script.Categories.Select(category => $"\"{category}\", "))}}} }{{"\n"}}""")))]);

    private static ToolFile File(string name, string text) => new(name, new string('0', 64), Encoding.UTF8.GetBytes(text));

    private static Result<Plan> Read(params string[] options) => new NmapTool().Plan(["nmap", "-p1", .. options, "10.0.0.1"], new(Inventory));

    private static string Selected(params string[] options) =>
        string.Join(' ', Read(options).Value.Scripts.Where(script => !script.Implied).Select(script => (script.Forced ? "+" : "") + script.Name));

    private static string? Canonical(params string[] options) =>
        Read(options).Value.Argv.SingleOrDefault(argument => argument.StartsWith("--script=", StringComparison.Ordinal))?["--script=".Length..];

    [Theory]
    [InlineData("default", "default", "http-title rpcinfo")]
    [InlineData("DEFAULT", "DEFAULT", "http-title rpcinfo")]
    [InlineData(" default ", "default", "http-title rpcinfo")]
    // "and" and "or" bind alike, to the right
    [InlineData("dos or discovery and version", "dos or discovery and version", "http-slowloris rpcinfo safe")]
    [InlineData("version and discovery or dos", "version and discovery or dos", "rpcinfo")]
    [InlineData("(version and discovery) or dos", "(version and discovery) or dos", "http-slowloris rpcinfo safe")]
    [InlineData("version and (discovery or dos)", "version and discovery or dos", "rpcinfo")]
    [InlineData("((( default )))", "default", "http-title rpcinfo")]
    [InlineData("(default)and(version)", "default and version", "rpcinfo")]
    // "not" takes one value
    [InlineData("not discovery and dos", "not discovery and dos", "http-slowloris safe")]
    [InlineData("NOT(discovery Or dos)", "not (discovery or dos)", "docker-version")]
    [InlineData("not not default", "not not default", "http-title rpcinfo")]
    // a category for the scripts in it, and a name for the others
    [InlineData("safe", "safe", "banner http-title rpcinfo safe")]
    [InlineData("dos and safe", "dos and safe", "safe")]
    [InlineData("banner.nse", "banner.nse", "banner")]
    [InlineData("http-*", "http-*", "http-slowloris http-title")]
    [InlineData("*-*o*s", "*-*o*s", "http-slowloris")]
    [InlineData("http-* and not dos", "http-* and not dos", "http-title")]
    // what Nmap accepts, however it looks
    [InlineData("true", "true", "and banner docker-version http-slowloris http-title rpcinfo safe")]
    [InlineData("all and false or version", "true and false or version", "docker-version rpcinfo")]
    [InlineData("not nosuch", "not nosuch", "and banner docker-version http-slowloris http-title rpcinfo safe")]
    [InlineData("version or nosuch", "version or nosuch", "docker-version rpcinfo")]
    [InlineData("not and", "not and", "banner docker-version http-slowloris http-title rpcinfo safe")]
    [InlineData("(not ) or banner", "(not) or banner", "banner")]
    [InlineData("not ((NOT) or banner)", "not ((NOT) or banner)", "and docker-version http-slowloris http-title rpcinfo safe")]
    [InlineData("and or false", "and or false", "and")]
    [InlineData("+", null, "")]
    [InlineData("", null, "")]
    [InlineData(", +,", null, "")]
    // force, which the first rule that selects a script decides
    [InlineData("+banner", "+banner", "+banner")]
    [InlineData("+ banner", "+banner", "+banner")]
    [InlineData("default,+discovery", "default,+discovery", "+and +banner http-title rpcinfo")]
    [InlineData("+(version or dos)", "+version or dos", "+docker-version +http-slowloris +rpcinfo +safe")]
    [InlineData("version,+version", "+version", "+docker-version +rpcinfo")]
    [InlineData("version,+(version)", "version", "docker-version rpcinfo")]
    public void Script_rules_are_read_as_nmap_reads_them(string typed, string? canonical, string selected)
    {
        Selected("--script", typed).ShouldBe(selected);
        Canonical("--script", typed).ShouldBe(canonical);
    }

    [Fact]
    public void Script_options_add_up() => Selected("--script", "version", "--script=banner").ShouldBe("banner docker-version rpcinfo");

    [Theory]
    [InlineData("-sC", "http-title rpcinfo")]
    [InlineData("-A", "http-title rpcinfo")]
    [InlineData("-sC --script=banner", "banner")]
    [InlineData("-A --script=banner", "banner")]
    [InlineData("-sC --script=", "")]
    public void Script_default_holds_only_where_no_script_is_named(string options, string selected) =>
        Selected(options.Split(' ')).ShouldBe(selected);

    [Fact]
    public void Script_version_detection_brings_its_own_marked_as_implied() =>
        Read("-sV", "--script=default").Value.Scripts.Where(script => script.Implied).Select(script => script.Name).ShouldBe(["docker-version"]);

    [Theory]
    [InlineData("nosuch", "'nosuch' is no script or category")]
    [InlineData("default,nosuch", "'nosuch' is no script or category")]
    [InlineData("http?title", "is no script or category")]
    [InlineData("Banner", "is no script or category")]
    [InlineData("banner.NSE", "is no script or category")]
    [InlineData("safe-", "is no script or category")]
    [InlineData("false", "selects no script")]
    [InlineData("dos and version", "selects no script")]
    [InlineData("not", "is no script or category")]
    [InlineData("safe default", "is no expression")]
    [InlineData("safe and", "is no expression")]
    [InlineData("or safe", "is no expression")]
    [InlineData("not and safe", "is no expression")]
    [InlineData("(safe", "is no expression")]
    [InlineData("safe)", "is no expression")]
    [InlineData("()", "is no expression")]
    [InlineData("++safe", "has a + inside")]
    [InlineData("nosuch or +banner", "has a + inside")]
    [InlineData("(+banner) or safe", "has a + inside")]
    [InlineData("/etc/x.nse", "was not sent along")]
    [InlineData("own.nse", "is no script or category")]
    [InlineData("/etc/shadow", "is no path of a script")]
    [InlineData("scripts/", "is no path of a script")]
    [InlineData("./*.nse", "is no path of a script")]
    [InlineData("./a b.nse", "is no path of a script")]
    [InlineData("safe\\x", "is no path of a script")]
    public void Script_rule_that_selects_nothing_is_refused(string typed, string message)
    {
        var refusal = Read("--script", typed).Refusal;
        refusal.Code.ShouldBe(ErrorCode.InvalidCommand);
        refusal.Message.ShouldContain(message);
    }

    [Fact]
    public void Script_file_of_the_requester_travels_by_digest_and_must_be_opened_by_name()
    {
        var tool = new NmapTool();
        var context = new PlanContext(Inventory) { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["./checks/own.nse"] = "-- own"u8.ToArray(), ["/in/scripts/own.nse"] = "-- own"u8.ToArray() } };
        string[] command = ["nmap", "-p1", "--script", "default,+./checks/own.nse", "10.0.0.1"];
        tool.Needs(command, new(Inventory)).Value.Inputs.ShouldBe(["./checks/own.nse"]);
        var plan = tool.Plan(command, context).Value;
        plan.Argv.ShouldContain("--script=default,+/in/scripts/own.nse");
        plan.Inputs.ShouldBe([new("./checks/own.nse", "script", 6, Convert.ToHexStringLower(SHA256.HashData("-- own"u8)))]);
        plan.Files.Single().Sha256.ShouldBe(plan.Inputs[0].Sha256);
        plan.Files.Single().Path.ShouldBe("/in/scripts/own.nse");
        plan.Files.Single().Content.ToArray().ShouldBe("-- own"u8.ToArray());
        var script = plan.Scripts.Single(script => script.Name == "file:own");
        script.Categories.ShouldBe(["script-file"]);
        script.Forced.ShouldBeTrue();
        NmapFacets.Scripts.ByNameOnly.ShouldContain("script-file");
        tool.Plan(plan.Argv, context).Value.Argv.ShouldBe(plan.Argv);

        Read("--script", "banner,./banner.nse").Refusal.Message.ShouldBe("the file './banner.nse' was not sent along");
        var clash = new PlanContext(Inventory) { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["./banner.nse"] = default } };
        tool.Plan(["nmap", "--script", "banner,./banner.nse", "-p1", "10.0.0.1"], clash).Refusal.Message.ShouldBe("--script: two scripts are called 'banner'");
    }

    [Fact]
    public void Ten_thousand_nested_parentheses_are_answered_at_once()
    {
        var watch = Stopwatch.StartNew();
        string Deep(string open, string close) => string.Concat(Enumerable.Repeat(open, 10_000)) + "safe" + string.Concat(Enumerable.Repeat(close, 10_000));
        foreach (var typed in new[] { Deep("(", ")"), Deep("(", ""), Deep("not ", ""), Deep("not (", ")"), Deep("safe or ", ""), Deep("(safe and ", ")") })
            Read("--script", typed).Refusal.Message.ShouldContain("deep");
        Read("--script", string.Join(',', Enumerable.Range(0, 10_000).Select(number => $"x{number}"))).Refusal.Message.ShouldContain("more than 1000 rules");
        // Nmap's own matcher takes four times as long with each level, and twice as long with each "and".
        Read("--script", string.Concat(Enumerable.Repeat("(", 12)) + "safe or dos" + string.Concat(Enumerable.Repeat(") or safe", 12))).Refusal.Message.ShouldContain("too long to read");
        Read("--script", string.Join(" and ", Enumerable.Repeat("safe", 20))).Refusal.Message.ShouldContain("too long to read");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Script_random_rules_never_throw_and_canonical_ones_select_the_same() =>
        Gen.OneOf("(", ")", " ", ",", "+", "not ", " and ", " or ", "true", "safe", "dos", "http-*", "and", "x", "NOT", "*", "version").Array[0, 14].Sample(parts =>
        {
            var typed = string.Concat(parts);
            var first = Read("--script", typed);
            (first.IsOk, typed).ShouldBe((Accepted(typed), typed));
            if (!first.IsOk)
                return;
            string[] selected = [.. first.Value.Scripts.Select(script => (script.Forced ? "+" : "") + script.Name)];
            selected.ShouldBe(NaiveSelection(typed), typed);
            var again = new NmapTool().Plan(first.Value.Argv, new(Inventory)).Value;
            again.Argv.ShouldBe(first.Value.Argv);
            again.Scripts.Select(script => (script.Forced ? "+" : "") + script.Name).ShouldBe(selected, typed);
        }, iter: PropertyScale.Cases(5_000));

    private static bool Accepted(string typed) =>
        NaiveRules(typed).All(rule => Known.Any(script => NaiveMatch.Rule(rule.Text, script.Name, script.Categories))
            && rule.Text.IndexOf('+', StringComparison.Ordinal) < 0);

    private static IEnumerable<string> NaiveSelection(string typed)
    {
        var rules = NaiveRules(typed).ToArray();
        foreach (var (name, categories) in Known)
        {
            if (rules.FirstOrDefault(rule => NaiveMatch.Rule(rule.Text, name, categories)) is { Text: not null } first)
                yield return (rules.Last(rule => rule.Text == first.Text).Forced ? "+" : "") + name;
        }
    }

    private static IEnumerable<(string Text, bool Forced)> NaiveRules(string typed) =>
        typed.Split(',').Select(rule => rule.Trim(' ')).Select(rule => rule.StartsWith('+') ? (rule[1..], true) : (rule, false)).Where(rule => rule.Item1.Length > 0);

    /// <summary>The grammar of Nmap's script engine as ordered choices that back up, one function a line; slow and plain.</summary>
    private sealed class NaiveMatch(string text, string name, string[] categories)
    {
        public static bool Rule(string text, string name, string[] categories)
        {
            var match = new NaiveMatch(text, name, categories);
            return match.Expression(match.Spaces(0)) is var (end, value) && match.Spaces(end) == text.Length && value;
        }

        private (int, bool)? Expression(int at) => Disjunct(at) ?? Conjunct(at) ?? Value(at);
        private (int, bool)? Disjunct(int at) => Joined(Conjunct(at) ?? Value(at), "or", (a, b) => a || b);
        private (int, bool)? Conjunct(int at) => Joined(Value(at), "and", (a, b) => a && b);
        private (int, bool)? Value(int at) => Negated(at) ?? Bracketed(at) ?? Keyword(at, "true", true) ?? Keyword(at, "false", false) ?? Keyword(at, "all", true)
            ?? categories.Select(category => Keyword(at, category, true)).FirstOrDefault(found => found is not null) ?? Path(at);

        private (int, bool)? Joined((int At, bool Value)? left, string word, Func<bool, bool, bool> join) =>
            left is var (at, value) && Keyword(Spaces(at), word, true) is var (after, _) && Expression(Spaces(after)) is var (end, right) ? (end, join(value, right)) : null;
        private (int, bool)? Negated(int at) => Keyword(at, "not", true) is var (after, _) && Value(Spaces(after)) is var (end, value) ? (end, !value) : null;
        private (int, bool)? Bracketed(int at) => At(at) == '(' && Expression(Spaces(at + 1)) is var (end, value) && At(Spaces(end)) == ')' ? (Spaces(end) + 1, value) : null;
        private (int, bool)? Keyword(int at, string word, bool value) =>
            string.Compare(text, at, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) == 0 && at + word.Length <= text.Length && At(at + word.Length) is ' ' or '(' or ')' or '\0' ? (at + word.Length, value) : null;

        private (int, bool)? Path(int at)
        {
            var end = at;
            while (At(end) is not (' ' or '(' or ')' or '\0'))
                end++;
            var glob = text[at..end];
            glob = glob.EndsWith(".nse", StringComparison.Ordinal) ? glob[..^4] : glob;
            return end == at ? null : (end, System.Text.RegularExpressions.Regex.IsMatch(name, $"^{System.Text.RegularExpressions.Regex.Escape(glob).Replace("\\*", ".*", StringComparison.Ordinal)}$"));
        }

        private int Spaces(int at) => At(at) == ' ' ? Spaces(at + 1) : at;
        private char At(int at) => at < text.Length ? text[at] : '\0';
    }
}
