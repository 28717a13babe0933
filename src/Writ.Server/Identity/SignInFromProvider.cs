using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Notices;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Users;

namespace Writ.Server.Identity;

/// <summary>
/// Signs somebody in whom another provider vouches for. Their groups are those of the claim from now on; what a claim
/// holds that no company means (thousands of groups, control characters) is refused rather than cut.
/// </summary>
internal sealed class SignInFromProvider(Database database, WriteTransaction writes, Sessions sessions, ChangeRoles roles, RefusedAttempts refused, TimeProvider time)
{
    public const int MostGroups = 1000;
    private const int LongestText = 255;

    /// <summary>A provider that does not say when somebody signed in may have let them in without asking.</summary>
    private static readonly TimeSpan Unknown = TimeSpan.FromHours(1);

    /// <summary>How long ago a person may have shown who they are where they were asked to, the provider's clock included.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    /// <summary>The secret of the browser's new session.</summary>
    /// <param name="again">Whether they were asked to show anew who they are.</param>
    public async Task<Result<string>> SignIn(HttpContext context, ProviderSettings provider, ClaimsPrincipal person, bool again)
    {
        var now = time.GetUtcNow();
        var read = Read(provider, person, now, again);
        (ActorId Id, string Name)? known = null;
        var signedIn = read.IsOk
            ? await writes.Commit<string>(async scope =>
            {
                var (subject, name, groups, methods, at, mail) = read.Value;
                var actor = await Identities.FindOrAdd(scope, provider.Issuer, subject, name, groups);
                if (actor.DisabledAt is not null)
                    return new Refusal(ErrorCode.Forbidden, $"{actor.Name} is disabled");
                known = (actor.Id, actor.Name);
                await NoticeAddress.Vouch(scope, actor, mail, AddressSource.Provider, AuditActor.System, context.Source());
                return await sessions.Begin(scope, actor, methods, context, provider.Name, at);
            })
            : read.Refusal;
        if (!signedIn.IsOk)
            await Failed(context, provider, signedIn.Refusal.Message);
        else if (known is var (id, called) && !await HasDirectory(id))
            // What the groups gave that they are in no more ends before they are let in.
            await roles.SetGroups(id, read.Value.Groups, new(id, called), context.Source());
        return signedIn;
    }

    /// <summary>Of whom a directory says who they are, it says the groups too.</summary>
    private async Task<bool> HasDirectory(ActorId actor)
    {
        await using var db = database.Open();
        return await db.DirectoryUsers.AnyAsync(row => row.ActorId == actor);
    }

    /// <summary>Records that somebody did not get in. What a provider or a browser said of it may hold anything: it is cut, and quoted by the log.</summary>
    public Task Failed(HttpContext context, ProviderSettings provider, string why) => refused.Record(
        new(AuditType.SignInFailed, new(null, "unknown"), null, new() { ["provider"] = provider.Name, ["why"] = why.Length > 200 ? why[..200] : why }, context.Source()));

    private static Result<Vouched> Read(ProviderSettings provider, ClaimsPrincipal person, DateTimeOffset now, bool again)
    {
        var subject = person.FindFirstValue("sub");
        if (!IsText(subject))
            return new Refusal(ErrorCode.InvalidInput, $"{provider.Name} does not say who it is");
        string[] groups = [.. person.FindAll(provider.GroupsClaim).Select(claim => claim.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (groups.Length > MostGroups)
            return new Refusal(ErrorCode.TooLarge, $"{provider.Name} names {groups.Length} groups, and {MostGroups} are the most", "let the provider send the groups alone that the policy names");
        if (groups.FirstOrDefault(group => !IsText(group)) is { } odd)
            return new Refusal(ErrorCode.InvalidInput, $"{provider.Name} names a group that is no name: '{JsonValue.Create(RequestAccess.Shown(odd)).ToJsonString().Trim('"')}'");

        DateTimeOffset? said = long.TryParse(person.FindFirstValue("auth_time"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < now.ToUnixTimeSeconds() + 300
            ? DateTimeOffset.FromUnixTimeSeconds(Math.Min(seconds, now.ToUnixTimeSeconds()))
            : null;
        if (again && (said is null || now - said > Fresh))
            return new Refusal(ErrorCode.NotSignedIn, $"{provider.Name} did not ask anew who you are", "sign out there, and try again");
        string[] methods = [.. person.FindAll("amr").Select(claim => claim.Value).Where(method => method.Length <= 20 && method.All(char.IsAsciiLetterOrDigit)).Distinct().Take(10)];
        var name = person.FindFirstValue(provider.NameClaim) ?? person.FindFirstValue("email") ?? "";
        // An address that the provider has not verified is anybody's.
        var mail = bool.TryParse(person.FindFirstValue("email_verified"), out var verified) && verified ? person.FindFirstValue("email") : null;
        return new Vouched(subject!, name, groups, methods, said ?? now - Unknown, mail);
    }

    private static bool IsText(string? text) => text is { Length: > 0 and <= LongestText } && !text.Any(char.IsControl);

    private sealed record Vouched(string Subject, string Name, string[] Groups, string[] Methods, DateTimeOffset At, string? Mail);
}
