using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Server.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>People decide once, and the server starts the runs.</summary>
public abstract class SeriesTests(Houses houses) : EndToEndTest(houses)
{
    private const string Rule = """
          - id: nightly-checks
            roles: [developer]
            zones: [staging]
            templates: [night-check]
            recurring: true
            max-duration: 10m
            approval: { from: [security-engineer], count: 1 }
        tests:
          - as: { user: dana, groups: [engineering] }
            template: night-check
            with: { host: 10.20.0.5 }
            recurring: true
            expect: require-approval
            by: nightly-checks

        """;

    private const string Template = """
        version: 1
        template: night-check
        description: is the host up
        command: [nmap, -n, -Pn, -sT, -p, "22", "{host}"]
        parameters:
          host: { value: host, zones: [staging] }

        """;

    [Fact]
    public async Task Scan_is_decided_once_started_by_the_server_and_proved_until_its_template_is_another()
    {
        var folder = Directory.CreateDirectory(Path.Combine(House.Folder, "nightly")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "rules.yaml"), House.Policy.Replace("tests:\n", Rule, StringComparison.Ordinal), Cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "night-check.yaml"), Template, Cancel);
        try
        {
            (await House.Type("ada", "policy", "apply", folder)).ShouldBeOk();
            string[] every = ["series", "request", "--cron", "0 2 * * 1-5", "--tz", "Europe/Berlin", "--until", TimeProvider.System.GetUtcNow().AddDays(90).ToString("yyyy-MM-dd", null), "--reason", "nightly"];
            (await House.Type("dana", [.. every, "--", "nmap", "10.20.0.21"])).ShouldBeAnError(2, "a series is of a template");
            (await House.Type("sam", [.. every, "@night-check", "host=10.20.0.21"])).ShouldBeAnError(1, "policy denies").Error.ShouldContain("no recurring rule opens to sam");
            var asked = (await House.Type("dana", [.. every, "@night-check", "host=10.20.0.21"])).ShouldBeOk();
            asked.Error.ShouldContain("0 2 * * 1-5 Europe/Berlin until ");
            var request = asked.Text;
            (await House.Type("dana", "approve", request)).ShouldBe(1).Error.ShouldContain("writ: nobody decides on their own request");
            (await House.Type("sam", "show", request)).ShouldBeOk().Text.ShouldContain("dana answers for it");
            (await House.Type("sam", "approve", request)).ShouldBeOk();
            var series = (await House.As("dana").Get("/v1/series", WritJson.Default.PageSeriesView)).Ok.Items.ShouldHaveSingleItem();
            (await House.Type("dana", "series", "list")).ShouldBeOk().Text.ShouldContain(series.Id);
            (await House.As("dana").Request(request)).Grant.ShouldBeNull("there is no standing right");

            // What is due tonight is due now.
            var run = await Due(series.Id, 1);
            run.Outcome.ShouldBe("started", run.Message);
            var (ended, entry) = await House.Ended(run.Run.ShouldNotBeNull());
            (ended.State, ended.ExitCode, entry.GetProperty("processes_left").GetInt32()).ShouldBe(("exited", 0, 0));
            (await House.Type("dana", "replay", "--speed", "1000", run.Run)).Text.ShouldContain("22/tcp open");
            var receipt = Path.Combine(House.Folder, $"{run.Run}.receipt");
            (await House.Type("dana", "receipt", run.Run, "-o", receipt)).ShouldBeOk();
            (await House.Type("dana", "verify", receipt)).ShouldBeOk().Text.ShouldContain($"a run of {series.Id}: 0 2 * * 1-5 Europe/Berlin, dana answers for it");

            // Held up, let go on; and another template is another decision.
            (await House.Type("dana", "series", "suspend", series.Id, "--reason", "freeze")).ShouldBeOk().Text.ShouldBe($"suspended: {series.Id}");
            (await House.Type("dana", "series", "resume", series.Id)).ShouldBeOk().Text.ShouldStartWith($"active: {series.Id}, next ");
            await File.WriteAllTextAsync(Path.Combine(folder, "night-check.yaml"), Template.Replace("\"22\"", "\"22,80\"", StringComparison.Ordinal), Cancel);
            (await House.Type("ada", "policy", "apply", folder)).ShouldBeOk();
            (await Due(series.Id, 2)).Outcome.ShouldBe("suspended");
            (await House.Type("dana", "show", series.Id)).ShouldBeOk().Text.ShouldContain("template night-check was changed since it was used");
            (await House.Type("dana", "series", "resume", series.Id)).ShouldBeAnError(1, "what was decided has changed");
            (await House.Type("dana", "series", "end", series.Id)).ShouldBeOk().Text.ShouldBe($"ended: {series.Id}");
        }
        finally
        {
            (await House.Type("ada", "policy", "apply", "--withdraw", House.Write("policy.yaml", House.Policy))).ShouldBeOk();
        }
    }

    /// <summary>Its next time is now, whatever the clock says; what came of it.</summary>
    private async Task<Writ.Contracts.Series.OccurrenceView> Due(string series, int number)
    {
        using (var database = House.Database.Connection is { } connection ? Database.Postgres(connection) : Database.Sqlite(Path.Combine(House.ServerData, "writ.db")))
        {
            await using var db = database.Open();
            var now = TimeProvider.System.GetUtcNow();
            (await db.Series.ExecuteUpdateAsync(set => set.SetProperty(row => row.NextAt, now), Cancel)).ShouldBe(1);
        }

        Writ.Contracts.Series.SeriesView? view = null;
        await Storage.World.Eventually(async () => (view = (await House.As("dana").Get($"/v1/series/{series}", WritJson.Default.SeriesView)).Ok).Occurrences.Count == number, "nothing comes of it");
        return view!.Occurrences[0];
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : SeriesTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : SeriesTests(houses);
}
