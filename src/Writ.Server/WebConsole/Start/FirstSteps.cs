using Microsoft.EntityFrameworkCore;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Passkeys;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole.Start;

/// <summary>How far somebody is with setting Writ up; each step is true by itself.</summary>
/// <param name="Who">Whose set-up it is.</param>
/// <param name="Passkeys">How many they have, confirmed or not.</param>
/// <param name="Unconfirmed">What confirms one that waits for a second person, on the box; or null.</param>
/// <param name="Runners">The names of the connected runners that have a tool.</param>
/// <param name="Zone">The first zone of the policy in force, or null.</param>
/// <param name="Target">Its first address that is a host's.</param>
/// <param name="Opens">Whether the policy opens that zone to them.</param>
/// <param name="Proposal">What confirms, on the box, what of theirs waits for a second person; or null.</param>
/// <param name="Run">A run that there was, or null.</param>
internal sealed record Steps(string Who, int Passkeys, string? Unconfirmed, IReadOnlyList<string> Runners, string? Zone, string? Target, bool Opens, string? Proposal, string? Run)
{
    public bool HasPasskey => Passkeys > 0;

    public bool HasRunner => Runners.Count > 0;

    public bool HasRule => Zone is not null && Opens;

    public bool HasRun => Run is not null;

    public int Done => new[] { HasPasskey, HasRunner, HasRule, HasRun }.Count(step => step);
}

/// <summary>Reads how far the set-up is.</summary>
internal sealed class FirstSteps(Visit visit, Database database, RunnerHub hub, PolicyInForce policies, ServerSettings settings, TimeProvider time)
{
    public Task<Result<Steps>> Read() => visit.Do<Steps>("ListUsers", async caller =>
    {
        await using var db = database.Open();
        var passkeys = await db.Passkeys.AsNoTracking().Where(row => row.ActorId == caller.Id && row.RemovedAt == null).OrderBy(row => row.Id).ToListAsync();
        var unconfirmed = await KnownPasskeys.Views(db, [.. passkeys.Where(row => row.ConfirmedAt is null).Take(1)], CancellationToken.None) is [var first] ? first : null;
        var runners = (await hub.Connected(db)).Where(row => row.InventoryDigest is not null).Select(row => row.Name).ToList();
        var policy = await policies.Get(db) is { IsOk: true, Value: var inForce } ? inForce : null;
        var roles = policy?.RolesOf(Reevaluation.SubjectOf(caller)) ?? new HashSet<string>();
        var opened = policy?.Rules.FirstOrDefault(rule => rule.Roles.Any(roles.Contains))?.Zones[0];
        var zone = opened ?? policy?.Zones.Keys.Order(StringComparer.Ordinal).FirstOrDefault();
        var now = time.GetUtcNow();
        var proposal = await db.Proposals.AsNoTracking().Where(row => row.By == caller.Id && row.State == ProposalBook.Waiting && row.ExpiresAt > now).OrderByDescending(row => row.Id).FirstOrDefaultAsync();
        var run = await db.Runs.AsNoTracking().OrderByDescending(row => row.Id).FirstOrDefaultAsync();
        return new Steps(
            caller.Name, passkeys.Count, unconfirmed is null ? null : $"writ-server passkey confirm {unconfirmed.Id} {unconfirmed.Fingerprint} --public-url {settings.Origin} --data {settings.Data}", runners, zone, zone is null ? null : First(policy!.Zones[zone].Addresses.Ranges[0]), opened is not null,
            proposal is null ? null : $"writ-server proposal confirm {proposal.Id} --data {settings.Data}", run?.Id.ToString());
    });

    /// <summary>A network's own first address is nobody's: the next one.</summary>
    private static string First(AddressRange range) => (range.Count > 2 && (range.First.Bits & 0xff) == 0 ? new Address(range.First.Bits + 1) : range.First).ToString();

    /// <summary>The one who looks, with one group more.</summary>
    public async Task<(string Id, IReadOnlyList<string> Groups)?> Groups() =>
        await visit.Who() is { } caller ? (caller.Id.ToString(), [.. caller.Groups.Append(FirstPolicy.Operators).Distinct(StringComparer.Ordinal)]) : null;
}
