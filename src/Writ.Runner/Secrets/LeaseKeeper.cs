using System.Collections.Concurrent;
using System.Globalization;
using Writ.Proof;
using Writ.Runner.Orders;
using Writ.Runner.Runs;

namespace Writ.Runner.Secrets;

/// <summary>
/// Renews what was lent to live runs before it ends, until the deadline that each run has by now, so that a short lease is enough for a long run. What is
/// not renewed ends by itself; that is on the journal, and ends no run.
/// </summary>
/// <param name="live">The runs that live.</param>
/// <param name="renew">Asks for a lease to last until an instant; the secret as it is lent from then on, null where its lease is over.</param>
/// <param name="journal">Told what could not be renewed; never what it is.</param>
/// <param name="time">The clock.</param>
internal sealed class LeaseKeeper(Func<IEnumerable<LiveRun>> live, Func<RunSecret, long, CancellationToken, Task<RunSecret?>> renew, Journal journal, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private const long Second = 1_000_000, LongestRest = 60 * Second;
    // When something that failed is tried again, and of what nothing more is to be said.
    private readonly ConcurrentDictionary<(string Run, string Secret), long> _again = new();
    private readonly ConcurrentDictionary<(string Run, string Secret), bool> _told = new();

    /// <summary>Looks every second until it is stopped.</summary>
    public async Task Run(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            do
                await Turn(stop);
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // The daemon stops; runs and their leases go on, and the next one takes them up.
        }
    }

    /// <summary>Renews what is due now.</summary>
    public async Task Turn(CancellationToken stop)
    {
        var runs = live().ToArray();
        // A Vault that does not answer holds up nobody else's lease.
        await Task.WhenAll(runs.SelectMany(run => Due(run).Select(secret => Renew(run, secret, stop))));
        // Of a run that got more time than that: renewing the lease does not help.
        foreach (var (run, secret) in runs.SelectMany(run => (run.Spec?.Secrets ?? []).Where(secret => secret.TokenUntil < run.Spec!.Deadline).Select(secret => (run, secret))))
            Tell((run.Run, secret.Name), $"it ends with the sign-in that it came by, at {UnixMicroseconds.ToInstant(secret.TokenUntil!.Value).ToString("O", CultureInfo.InvariantCulture)}, and the run may last longer");
        var known = runs.Select(run => run.Run).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _again.Keys.Concat(_told.Keys).Where(key => !known.Contains(key.Run)))
        {
            _again.TryRemove(gone, out _);
            _told.TryRemove(gone, out _);
        }
    }

    // After two thirds of its time, and where the run may last longer than it.
    private IReadOnlyList<RunSecret> Due(LiveRun run)
    {
        var now = Now();
        lock (run)
        {
            return run is { End: null, Starting: false, Spec: { } spec }
                ? [.. spec.Secrets.Where(secret => secret is { Renewable: true, Lease: not null, Vault: not null, LeaseUntil: { } until, LentAt: { } at }
                    && until < spec.Deadline && now >= until - ((until - at) / 3) && now < spec.Deadline
                    && now >= _again.GetValueOrDefault((run.Run, secret.Name)))]
                : [];
        }
    }

    private async Task Renew(LiveRun run, RunSecret secret, CancellationToken stop)
    {
        var (key, deadline) = ((run.Run, secret.Name), run.Spec!.Deadline);
        try
        {
            var renewed = await renew(secret, deadline, stop);
            // Whole seconds are told: one more is no more time. What cannot be made longer is not asked for again.
            var isLast = renewed is not { Renewable: true, LeaseUntil: { } until } || (until < deadline && until <= secret.LeaseUntil + Second);
            var next = isLast ? (renewed ?? secret) with { Renewable = false } : renewed!;
            if (renewed is null)
                Tell(key, "its lease is over before the run");
            else if (isLast && !(renewed.LeaseUntil >= deadline))
                Tell(key, renewed.LeaseUntil is { } end ? $"its Vault lends it no further than {UnixMicroseconds.ToInstant(end).ToString("O", CultureInfo.InvariantCulture)}, and the run may last longer" : "its Vault does not say how long it is lent");
            _again.TryRemove(key, out _);
            Put(run, next);
        }
        catch (Exception failed) when (failed is RunnerException or IOException or OverflowException)
        {
            // Sooner where less is left, and at most once a second.
            var now = Now();
            _again[key] = now + Math.Clamp((secret.LeaseUntil!.Value - now) / 4, Second, LongestRest);
            if (now >= secret.LeaseUntil)
            {
                Tell(key, "its lease is over before the run");
                Put(run, secret with { Renewable = false });
            }
            else
            {
                journal.TryWrite("secret", run.Run, detail: $"secret {secret.Name}: its lease could not be renewed, and is tried again: {failed.Message}");
            }
        }
    }

    private static void Put(LiveRun run, RunSecret next)
    {
        lock (run)
        {
            if (run is { End: null, Spec: { } spec })
                run.Keep(spec with { Secrets = [.. spec.Secrets.Select(each => each.Name == next.Name ? next : each)] });
        }
    }

    private void Tell((string Run, string Secret) key, string what)
    {
        if (_told.TryAdd(key, true))
            journal.TryWrite("secret", key.Run, detail: $"secret {key.Secret}: {what}");
    }

    private long Now() => UnixMicroseconds.From(time.GetUtcNow());
}
