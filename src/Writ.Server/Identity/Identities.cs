using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>
/// People of other providers. Issuer and subject say who somebody is; a name or a mail address never does, since both
/// are what a provider lets people choose.
/// </summary>
internal static class Identities
{
    /// <summary>Says who a person of a provider is; false where they are somebody already.</summary>
    public static async Task<bool> Link(WriteScope scope, ActorRow actor, string issuer, string subject, AuditActor by)
    {
        if (await scope.Db.Identities.AnyAsync(row => row.Issuer == issuer && row.Subject == subject))
            return false;
        scope.Db.Identities.Add(new() { Issuer = issuer, Subject = subject, ActorId = actor.Id, LinkedAt = scope.Now });
        scope.Record(new(AuditType.IdentityLinked, by, null, new() { ["changed"] = actor.Id.ToString(), ["name"] = actor.Name, ["issuer"] = issuer, ["subject"] = subject }));
        return true;
    }

    /// <summary>Who a person of a provider is here: made at their first sign-in, under a name that nobody has.</summary>
    public static async Task<ActorRow> FindOrAdd(WriteScope scope, string issuer, string subject, string wished, string[] groups)
    {
        var known = await (
            from row in scope.Db.Identities
            join actor in scope.Db.Actors on row.ActorId equals actor.Id
            where row.Issuer == issuer && row.Subject == subject
            select actor).SingleOrDefaultAsync();
        if (known is not null)
            return known;
        var name = await FreeName(scope, wished, new Uri(issuer).Host);
        var added = new ActorRow { Id = ActorId.New(scope.Now), Kind = ActorKind.User, Name = name, Groups = groups, CreatedAt = scope.Now };
        scope.Db.Actors.Add(added);
        CreateToken.RecordChange(scope, added, AuditActor.System);
        await Link(scope, added, issuer, subject, AuditActor.System);
        return added;
    }

    /// <summary>What a person is shown as: of what the provider says, the plain characters, so that nobody looks like somebody else.</summary>
    private static async Task<string> FreeName(WriteScope scope, string wished, string host)
    {
        var plain = new string([.. wished.Where(letter => char.IsAscii(letter) && CreateToken.IsName(letter.ToString())).Take(60)]);
        if (plain.Length == 0)
            plain = "person";
        if (!await Taken(plain))
            return plain;
        var of = new string([.. $"{plain}@{host}".Where(letter => CreateToken.IsName(letter.ToString())).Take(90)]);
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? of : $"{of}-{number}";
            if (!await Taken(name))
                return name;
        }

        Task<bool> Taken(string name) => scope.Db.Actors.AnyAsync(row => row.Kind == ActorKind.User && row.Name == name);
    }
}
