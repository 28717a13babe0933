using System.Globalization;
using System.Text.RegularExpressions;
using Writ.Cli;
using Writ.Contracts.Errors;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Errors;

namespace Writ.Tests.Architecture;

/// <summary>What the documents say in tables is held against the code, both ways: nothing is missing, nothing is invented.</summary>
public sealed partial class DocumentsTests
{
    [Fact]
    public void Errors_page_has_every_code_with_its_status_and_exit_codes()
    {
        var page = Rows("docs/errors.md", columns: 6, afterHeading: "## Input").ToDictionary(
            row => row[0].Trim('`'), row => (Status: Number(row[1]), Run: Number(row[2]), Other: Number(row[3])));
        page.Keys.ShouldBe(Constants(typeof(ErrorCode)), ignoreOrder: true);
        foreach (var (code, row) in page)
        {
            var problem = new Problem(code, "", HttpProblems.StatusOf(code));
            row.ShouldBe((problem.Status, ExitCode.OfRunProblem(problem), ExitCode.OfProblem(problem)), code);
        }

        static int Number(string cell) => int.Parse(cell, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Audit_page_has_every_type_of_entry() =>
        Rows("docs/audit-log.md", columns: 3, afterHeading: "## Types").Select(row => row[0].Trim('`')).ShouldBe(Constants(typeof(AuditType)), ignoreOrder: true);

    [Fact]
    public void Lifecycle_page_has_the_steps_of_the_code_in_their_order()
    {
        string[] steps = [.. CodeStep().Matches(Repository.Text("src/Writ.Core/AccessLifecycle.cs")).Select(step => step.Groups[1].Value)];
        steps.Length.ShouldBe(10);
        PageStep().Matches(Repository.Text("docs/lifecycle.md")).Select(step => step.Groups[1].Value)
            .ShouldBe(steps.Select((name, index) => string.Create(CultureInfo.InvariantCulture, $"{index + 1}. {name}")));
    }

    [Fact]
    public void Lifecycle_page_has_every_state_and_every_line_of_the_tables()
    {
        Holds("### Requests", AccessLifecycle.Requests.Rows);
        Holds("### Grants", AccessLifecycle.Grants.Rows);
        Holds("### Runs", AccessLifecycle.Runs.Rows);
        Holds("### Extensions", AccessLifecycle.Extensions.Rows);
        Holds("### Broken glass", AccessLifecycle.Glass.Rows);
        Holds("### Series", AccessLifecycle.Series.Rows);

        static void Holds<TState, TEvent>(string heading, IEnumerable<(TState From, TEvent Event, TState To)> lines)
            where TState : struct, Enum
        {
            var page = Rows("docs/lifecycle.md", columns: 4, heading).Select(row => $"{row[0]} {row[1]} {row[2]}").ToList();
            page.ShouldBe(lines.Select(line => $"{line.From} {line.Event} {line.To}"), ignoreOrder: true, heading);
            var all = string.Join(' ', page);
            foreach (var state in Enum.GetNames<TState>().Where(name => name != "None"))
                all.ShouldContain(state);
        }
    }

    [Fact]
    public void Threat_model_has_no_empty_cell_and_names_tests_that_there_are()
    {
        var tests = string.Join('\n', Repository.Files("tests", ".cs").Select(Repository.Text));
        var rows = Rows("docs/threat-model.md", columns: 3, afterHeading: "## ");
        rows.ShouldNotBeEmpty();
        foreach (var row in rows)
        {
            row.ShouldAllBe(cell => cell.Length > 0, row[0]);
            string[] named = [.. Quoted().Matches(row[2]).Select(name => name.Groups[1].Value)];
            named.ShouldNotBeEmpty(row[0]);
            Unknown(tests, named).ShouldBeEmpty(row[0]);
        }

        Unknown(tests, ["Planted_test_that_there_is_not"]).ShouldHaveSingleItem();
    }

    [Fact]
    public void Asvs_page_has_each_item_once_with_tests_that_there_are()
    {
        var tests = string.Join('\n', Repository.Files("tests", ".cs").Select(Repository.Text));
        var rows = Rows("docs/asvs.md", columns: 4, afterHeading: "| item");
        rows.Select(row => row[0]).ShouldBeUnique();
        foreach (var row in rows)
        {
            row[0].ShouldMatch(@"^\d+\.\d+\.\d+$");
            row.ShouldAllBe(cell => cell.Length > 0, row[0]);
            string[] named = [.. Quoted().Matches(row[3]).Select(name => name.Groups[1].Value)];
            named.ShouldNotBeEmpty(row[0]);
            Unknown(tests, named).ShouldBeEmpty(row[0]);
        }
    }

    private static IEnumerable<string> Unknown(string tests, IEnumerable<string> names) =>
        names.Where(name => !Regex.IsMatch(tests, $@"\b(void|Task) {Regex.Escape(name)}\("));

    [Fact]
    public void Links_between_files_lead_somewhere()
    {
        Repository.Files(".", ".md").SelectMany(file => Broken(file, Repository.Text(file))).ShouldBeEmpty();
        Broken("docs/policy.md", "see [a](no-such-page.md#part) and [b](../README.md)").ShouldBe(["docs/policy.md: no-such-page.md"]);
    }

    private static IEnumerable<string> Broken(string file, string text) =>
        from link in Link().Matches(Fence().Replace(text, "")).Select(link => link.Groups[1].Value)
        where !link.Contains(':', StringComparison.Ordinal) && link[0] != '#'
        let target = link.Split('#')[0]
        where !Path.Exists(Repository.At(Path.Combine(Path.GetDirectoryName(file)!, target)))
        select $"{file}: {target}";

    private static string[] Constants(Type type) =>
        [.. type.GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!)];

    /// <summary>The cells of every table row with so many columns, from a heading to the next one of the same depth; heads and rules are left out.</summary>
    private static List<string[]> Rows(string page, int columns, string afterHeading)
    {
        var text = Repository.Text(page);
        var start = text.IndexOf("\n" + afterHeading, StringComparison.Ordinal);
        start.ShouldBeGreaterThanOrEqualTo(0, $"{page} has no heading '{afterHeading}'");
        var lines = text[(start + 1)..].Split('\n');
        // A second-level heading takes all that follows; a third-level one its own part.
        if (afterHeading.StartsWith("### ", StringComparison.Ordinal))
            lines = [.. lines.Take(1), .. lines.Skip(1).TakeWhile(line => !line.StartsWith('#'))];
        var rows = new List<string[]>();
        for (var at = 0; at < lines.Length; at++)
        {
            var isHead = at + 1 < lines.Length && lines[at + 1].StartsWith("| ---", StringComparison.Ordinal);
            if (!lines[at].StartsWith("| ", StringComparison.Ordinal) || lines[at].StartsWith("| ---", StringComparison.Ordinal) || isHead)
                continue;
            string[] cells = [.. lines[at].Trim().Trim('|').Split('|').Select(cell => cell.Trim())];
            if (cells.Length == columns)
                rows.Add(cells);
        }

        return rows;
    }

    [GeneratedRegex(@"<item>(\w[\w ]*):")]
    private static partial Regex CodeStep();

    [GeneratedRegex(@"^## (\d+\. .+)$", RegexOptions.Multiline)]
    private static partial Regex PageStep();

    [GeneratedRegex("`([A-Z]\\w+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
