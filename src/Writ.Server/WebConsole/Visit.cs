using System.Collections.Frozen;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Web;

namespace Writ.Server.WebConsole;

/// <summary>
/// Who looks at a page, asked anew at each step: a session that has ended may nothing, and rights are those of this moment.
/// What a page does has the name of the API's verb that it stands for, and is held to the access that the verb's endpoint
/// declares: nobody may more here than there.
/// </summary>
internal sealed class Visit(
    AuthenticationStateProvider browser, Sessions sessions, DeclaredVerbs verbs, Gate gate, RateLimits limits, Takings takings)
{
    private static readonly Refusal SignedOut = new(ErrorCode.NotSignedIn, "you are signed out", "sign in again");
    private TokenId? _session;
    private string? _source;

    /// <summary>The session that the page was opened with; null where it was opened with none.</summary>
    public async ValueTask<TokenId?> Session()
    {
        if (_session is null)
        {
            var user = (await browser.GetAuthenticationStateAsync()).User;
            if (TokenId.TryParse(user.FindFirstValue(ConsoleDoor.Session), out var session))
                (_session, _source) = (session, user.FindFirstValue(ConsoleDoor.Source));
        }

        return _session;
    }

    /// <summary>Who looks, to show them what is theirs; null once they are signed out.</summary>
    /// <param name="seen">Whether it is something that the person did.</param>
    public async Task<Caller?> Who(bool seen = false) =>
        await Session() is { } session && await sessions.Find(session, _source, seen, CancellationToken.None) is { } caller && !takings.IsBarred(caller.Id)
            ? caller : null;

    /// <summary>The caller of a verb of the API, where they may call it.</summary>
    /// <param name="verb">The name of its endpoint: <c>ApproveRequest</c>.</param>
    /// <param name="seen">Whether it is something that the person did; what a page does by itself keeps no session alive.</param>
    public async Task<Result<Caller>> As(string verb, bool seen = true)
    {
        var (access, attempt) = verbs.Of(verb);
        if (await Who(seen) is not { } caller)
            return SignedOut;
        if (limits.Take(caller.Id.ToString(), RateLimits.Actor) is not null)
            return new Refusal(ErrorCode.TooManyAttempts, "too many calls", "wait a moment");
        return await gate.Refuse(caller, access, attempt) is { } refusal ? refusal : caller;
    }

    /// <summary>Does what a verb of the API does, as the one who looks.</summary>
    public async Task<Result<T>> Do<T>(string verb, Func<Caller, Task<Result<T>>> act)
    {
        var caller = await As(verb);
        return caller.IsOk ? await act(caller.Value) : caller.Refusal;
    }

    /// <summary>Whether they may call a verb, without trying: for what is shown.</summary>
    public bool May(Caller caller, string verb, DateTimeOffset now) => verbs.Of(verb).Access.Refuse(caller, now) is null;
}

/// <summary>The API's verbs by name, each with the access that its endpoint declares.</summary>
internal sealed class DeclaredVerbs(EndpointDataSource endpoints)
{
    private FrozenDictionary<string, (Access Access, string Attempt)>? _byName;

    /// <summary>What its endpoint declares, and what it is called on the record.</summary>
    /// <exception cref="KeyNotFoundException">The API has no such verb: a defect.</exception>
    public (Access Access, string Attempt) Of(string verb)
    {
        _byName ??= endpoints.Endpoints
            .Select(endpoint => (Name: endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName, Endpoint: endpoint))
            .Where(each => each.Name is not null)
            .ToFrozenDictionary(each => each.Name!, each => (AccessEndpoints.Of(each.Endpoint), AccessEndpoints.Attempt(each.Endpoint)), StringComparer.Ordinal);
        return _byName[verb];
    }
}
