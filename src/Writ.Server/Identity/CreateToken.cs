using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>What a token is asked for on the box.</summary>
internal sealed record TokenAsk(string Name, bool Workload, string? Owner, IReadOnlyList<string> Groups, bool Admin, bool Auditor, TimeSpan Life);

/// <summary>
/// A token for first steps and scripts, made by whoever may read the data folder. The actor is made where there is none;
/// one that exists takes on the groups and rights that are named.
/// </summary>
internal sealed class CreateToken(WriteTransaction writes)
{
    public async Task<Result<(TokenRow Row, string Text)>> Create(TokenAsk ask)
    {
        if (ask.Life <= TimeSpan.Zero || ask.Life > Tokens.LongestLife)
            return new Refusal(ErrorCode.DurationTooLong, "a token's life is not between one second and 24 hours", "for example --for 8h");
        if (!IsName(ask.Name) || !ask.Groups.All(IsName))
            return new Refusal(ErrorCode.InvalidInput, "names of actors and groups are made of 1 to 100 letters, digits and . _ @ + -");
        if (ask.Workload && (ask.Admin || ask.Auditor))
            return new Refusal(ErrorCode.InvalidInput, "a workload is neither admin nor auditor");

        return await writes.Commit<(TokenRow, string)>(async scope =>
        {
            var kind = ask.Workload ? ActorKind.Workload : ActorKind.User;
            ActorId? owner = null;
            if (ask.Owner is not null)
            {
                owner = await scope.Db.Actors.Where(row => row.Kind == ActorKind.User && row.Name == ask.Owner).Select(row => (ActorId?)row.Id).SingleOrDefaultAsync();
                if (owner is null)
                    return new Refusal(ErrorCode.NotFound, $"there is no user named '{ask.Owner}' to own the workload");
            }

            var actor = await scope.Db.Actors.SingleOrDefaultAsync(row => row.Kind == kind && row.Name == ask.Name);
            if (actor?.DisabledAt is not null)
                return new Refusal(ErrorCode.Forbidden, $"{ask.Name} is disabled");
            if (actor is null)
            {
                actor = new()
                {
                    Id = ActorId.New(scope.Now), Kind = kind, Name = ask.Name, Groups = [.. ask.Groups], IsAdmin = ask.Admin, IsAuditor = ask.Auditor,
                    OwnerId = owner, CreatedAt = scope.Now,
                };
                scope.Db.Actors.Add(actor);
                RecordChange(scope, actor);
            }
            else if (!actor.Groups.SequenceEqual(ask.Groups) || actor.IsAdmin != ask.Admin || actor.IsAuditor != ask.Auditor)
            {
                (actor.Groups, actor.IsAdmin, actor.IsAuditor) = ([.. ask.Groups], ask.Admin, ask.Auditor);
                RecordChange(scope, actor);
            }

            return Tokens.Create(scope, actor, ask.Life, new(null, "operator on the box"));
        });
    }

    /// <summary>Records an actor as they are from now on.</summary>
    public static void RecordChange(WriteScope scope, ActorRow actor, AuditActor? by = null) => scope.Record(new(AuditType.ActorChanged, by ?? new(null, "operator on the box"), null, new()
    {
        ["changed"] = actor.Id.ToString(),
        ["name"] = actor.Name,
        ["kind"] = Requests.RequestViews.Kind(actor.Kind),
        ["groups"] = AuditEvent.Texts(actor.Groups),
        ["admin"] = actor.IsAdmin,
        ["auditor"] = actor.IsAuditor,
    }));

    public static bool IsName(string text) =>
        text.Length is > 0 and <= 100 && text.All(letter => char.IsLetterOrDigit(letter) || letter is '.' or '_' or '@' or '+' or '-');
}
