using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity.Accounts;
using Writ.Server.Storage;

namespace Writ.Server.Identity;

/// <summary>Spends the one-time set-up secret that <c>init</c> printed, and makes the first admin with a token.</summary>
internal sealed class SetUpFirstAdmin(WriteTransaction writes, RefusedAttempts refused)
{
    public const string Purpose = "set-up";
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);
    private static readonly TimeSpan TokenLife = TimeSpan.FromHours(8);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/setup", async (SetUp ask, SetUpFirstAdmin verb, HttpContext context) =>
            (await verb.SetUp(ask, context.Connection.RemoteIpAddress?.ToString())).ToHttp(StatusCodes.Status201Created))
            .WithName("SetUp").Needs(Access.Open).Produces<NewToken>(StatusCodes.Status201Created);

    /// <summary>Makes the secret of a new server; the text is shown once.</summary>
    public static string Create(WriteScope scope)
    {
        var secret = Secrets.New(Secrets.SetUp);
        scope.Db.OneTimeSecrets.Add(new()
        {
            Hash = Secrets.Hash(secret), Purpose = Purpose, Name = "first admin", CreatedAt = scope.Now, NotAfter = scope.Now + Life,
        });
        return secret;
    }

    public async Task<Result<NewToken>> SetUp(SetUp ask, string? source)
    {
        var made = await writes.Commit<NewToken>(async scope =>
        {
            if (!await SetUpLinks.Spend(scope, ask.Secret, Purpose))
                return new Refusal(ErrorCode.NotSignedIn, "the set-up secret is unknown, spent or expired", "make tokens on the box: writ-server token create");
            var admin = await MakeAdmin(scope, ask.Name, source);
            if (!admin.IsOk)
                return admin.Refusal;
            var actor = admin.Value;
            var (row, text) = Tokens.Create(scope, actor, TokenLife, new(actor.Id, actor.Name));
            return new NewToken(row.Id.ToString(), text, actor.Name, row.NotAfter);
        });
        if (!made.IsOk)
            await refused.Record(new(AuditType.AttemptRefused, new(null, "unknown"), null, new() { ["attempt"] = "set up", ["code"] = made.Refusal.Code }, source));
        return made;
    }

    /// <summary>Makes the first admin, in the transaction in which the secret is spent.</summary>
    public static async Task<Result<ActorRow>> MakeAdmin(WriteScope scope, string name, string? source)
    {
        if (!CreateToken.IsName(name))
            return new Refusal(ErrorCode.InvalidInput, "a name is made of 1 to 100 letters, digits and . _ @ + -");
        if (await scope.Db.Actors.AnyAsync(row => row.Kind == ActorKind.User && row.Name == name))
            return new Refusal(ErrorCode.WrongState, $"there is a user named '{name}' already");
        var actor = new ActorRow { Id = ActorId.New(scope.Now), Kind = ActorKind.User, Name = name, Groups = [], IsAdmin = true, CreatedAt = scope.Now };
        scope.Db.Actors.Add(actor);
        scope.Record(new(AuditType.SetUp, new(actor.Id, actor.Name), null, new() { ["admin"] = true }, source));
        return actor;
    }
}
