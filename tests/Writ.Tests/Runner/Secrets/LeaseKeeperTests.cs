using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Writ.Proof;
using Writ.Proof.Orders;
using Writ.Runner;
using Writ.Runner.Kernel;
using Writ.Runner.Orders;
using Writ.Runner.Runners;
using Writ.Runner.Runs;
using Writ.Runner.Secrets;

namespace Writ.Tests.Runner.Secrets;

/// <summary>What was lent to a live run is renewed in time, until the run's own deadline and no longer.</summary>
public sealed class LeaseKeeperTests : IDisposable
{
    private const string Run = "run_06bq0000000000000000000004";
    private readonly DataFolder _data = new(Directory.CreateTempSubdirectory("writ-leases-").FullName);
    private readonly FakeTimeProvider _time = new(new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
    private readonly Journal _journal;
    private readonly LiveRun _run;
    private readonly LeaseKeeper _keeper;
    private readonly List<TimeSpan> _asked = [];
    private Func<RunSecret, RunSecret?> _vault;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A run of 30 minutes, with a lease of 9 that can be renewed.</summary>
    public LeaseKeeperTests()
    {
        _vault = secret => secret.LentBy(new(secret.Lease!, 540, true), Now);
        _journal = new(_data.Journal, _time);
        var secret = new RunSecret("door", "vault-database") { Vault = "main" }.LentBy(new("database/creds/door/1", 540, true), Now);
        Durable.Folder(_data.Run(Run).Path);
        _run = new(_data.Run(Run), new RunSpec
        {
            Run = Run, BootId = "", Argv = ["psql"], ToolPath = "", ToolSha256 = "", Root = "", StartBy = 0, Deadline = Now + Minutes(30), DeadlineBoot = 0, MaxDisconnected = 0, HeardBoot = 0,
            Secrets = [new("plain", "file"), secret],
        }, new("rnr_06bq0000000000000000000000", SigningKeys.NewSeed()));
        _keeper = new(() => [_run], (lent, deadline, _) =>
        {
            _asked.Add(UnixMicroseconds.ToDuration(deadline - Now));
            return Task.FromResult(_vault(lent));
        }, _journal, _time);
    }

    [Fact]
    public async Task Turn_renews_after_two_thirds_until_the_deadline_and_keeps_it_on_the_disk()
    {
        await After(359);
        _asked.ShouldBeEmpty();
        await After(1);
        _asked.ShouldBe([TimeSpan.FromMinutes(24)], "it is to last until the deadline");
        (Lent.LentAt, Lent.LeaseUntil, Lent.Renewable).ShouldBe((Now, Now + Minutes(9), true));
        var kept = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(_data.Run(Run).Spec, Cancel), RunnerJson.Default.RunSpec)!;
        kept.Secrets.ShouldBe(_run.Spec!.Secrets);
        kept.Secrets[0].ShouldBe(new("plain", "file"));
        for (var second = 0; second < 24 * 60; second++)
            await After(1);
        // At 6, 12 and 18 minutes it was not enough; the one of minute 24 lasts longer than the run.
        _asked.ShouldBe([TimeSpan.FromMinutes(24), TimeSpan.FromMinutes(18), TimeSpan.FromMinutes(12), TimeSpan.FromMinutes(6)]);
        Told.ShouldBeEmpty();
    }

    [Fact]
    public async Task Turn_asks_nothing_of_what_lasts_long_enough_cannot_be_renewed_or_is_of_no_live_run()
    {
        var spec = _run.Spec!;
        _time.Advance(TimeSpan.FromSeconds(500));
        foreach (var change in (Action[])
                 [
                     () => _run.Spec = spec with { Deadline = Lent.LeaseUntil!.Value },
                     () => _run.Spec = spec with { Secrets = [Lent with { Renewable = false }] },
                     () => _run.Spec = spec with { Secrets = [Lent with { LeaseUntil = null }] },
                     () => _run.Spec = spec with { Secrets = [Lent with { Lease = null }] },
                     () => _run.Starting = true,
                 ])
        {
            change();
            await After(0);
            _asked.ShouldBeEmpty();
            (_run.Spec, _run.Starting) = (spec, false);
        }

        await After(0);
        _asked.Count.ShouldBe(1, "control: it would have been");
    }

    [Fact]
    public async Task Turn_goes_on_renewing_when_the_run_gets_more_time()
    {
        _vault = secret => secret.LentBy(new(secret.Lease!, (long)_asked[^1].TotalSeconds, true), Now);
        await After(360);
        await After(1_000);
        _asked.Count.ShouldBe(1, "it lasts until the deadline now");
        _run.Spec = _run.Spec! with { Deadline = _run.Spec.Deadline + Minutes(60) };
        await After(0);
        _asked.Count.ShouldBe(2);
        Lent.LeaseUntil.ShouldBe(_run.Spec.Deadline);
    }

    [Fact]
    public async Task Turn_says_once_how_far_a_vault_goes_and_does_not_ask_it_for_ever()
    {
        var end = Now + Minutes(15);
        _vault = secret => secret.LentBy(new(secret.Lease!, Math.Min(540, (end - Now) / 1_000_000), true), Now);
        for (var second = 0; second < 29 * 60; second++)
            await After(1);
        // Once as far as it goes, once more without any gain.
        _asked.Count.ShouldBe(2);
        Told.ShouldHaveSingleItem().ShouldBe("secret door: its Vault lends it no further than 2026-03-02T09:15:00.0000000+00:00, and the run may last longer");
        Lent.Renewable.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Turn_tries_again_what_failed_and_says_when_it_is_over(bool comesBack)
    {
        var down = true;
        _vault = secret => down ? throw new RunnerException("127.0.0.1:8200 cannot be reached") : secret.LentBy(new(secret.Lease!, 3_600, true), Now);
        await After(360);
        for (var second = 0; second < 100; second++)
            await After(1);
        _asked.Count.ShouldBeInRange(2, 5, "not every second");
        Told.ShouldAllBe(line => line == "secret door: its lease could not be renewed, and is tried again: 127.0.0.1:8200 cannot be reached");
        down = !comesBack;
        for (var second = 0; second < 200; second++)
            await After(1);
        if (comesBack)
        {
            Lent.LeaseUntil.ShouldNotBeNull().ShouldBeGreaterThan(_run.Spec!.Deadline);
            return;
        }

        _asked.Count.ShouldBeLessThan(40);
        Told.Count(line => line == "secret door: its lease is over before the run").ShouldBe(1);
        // And where it is gone, nothing more is asked.
        _vault = _ => null;
        await After(120);
        var asked = _asked.Count;
        await After(120);
        _asked.Count.ShouldBe(asked);
        Lent.Renewable.ShouldBeFalse();
    }

    private RunSecret Lent => _run.Spec!.Secrets.Single(secret => secret.Name == "door");

    private IReadOnlyList<string> Told
    {
        get
        {
            using var file = new StreamReader(File.Open(_data.Journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return [.. file.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
                .Where(line => line.GetProperty("event").GetString() == "secret" && line.GetProperty("run").GetString() == Run).Select(line => line.GetProperty("detail").GetString()!)];
        }
    }

    private Task After(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        return _keeper.Turn(Cancel);
    }

    private long Now => UnixMicroseconds.From(_time.GetUtcNow());

    private static long Minutes(int minutes) => minutes * 60_000_000L;

    public void Dispose()
    {
        _run.Dispose();
        _journal.Dispose();
        Directory.Delete(_data.Path, recursive: true);
    }
}
