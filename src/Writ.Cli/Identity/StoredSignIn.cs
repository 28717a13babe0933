using Writ.Cli.Server;
using Writ.Contracts.Errors;
using Writ.Proof.Errors;

namespace Writ.Cli.Identity;

/// <summary>How a new sign-in is made in place of the one that is kept.</summary>
internal abstract class SignInWay
{
    /// <summary>How one signs in, for a hint.</summary>
    public abstract string Hint { get; }

    /// <summary>True where it needs nobody at the keyboard.</summary>
    public abstract bool IsUnattended { get; }

    /// <summary>A new sign-in; where <paramref name="kept"/> is given, of the same actor.</summary>
    /// <param name="kept">The sign-in that is not fresh enough, or null.</param>
    /// <param name="challenge">What the server asks for, or null.</param>
    /// <param name="cancel">Gives it up.</param>
    /// <exception cref="Stop">There was none, or it was another's.</exception>
    /// <exception cref="HttpRequestException">The server does not answer.</exception>
    public abstract Task<KeptSignIn> SignInAsync(KeptSignIn? kept, Challenge? challenge, CancellationToken cancel);
}

/// <summary>
/// The sign-in that is kept on this computer. Its tokens are renewed before they end, by one process at a time; the others
/// take what that one got. What is renewed is kept before it is used. A sign-in that another process makes meanwhile is taken up.
/// </summary>
internal sealed class StoredSignIn(SignInFile file, OAuth oauth, SignInWay way, Action<string> say) : Credential
{
    // A call that is made now arrives before the token ends.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _turn = new(1);
    private KeptSignIn? _kept;
    private string? _actor;
    private Stop? _why;
    private Task _renewal = Task.CompletedTask;

    public override Task<string?> TokenAsync(CancellationToken cancel)
    {
        _kept ??= Mine(file.Read());
        if (IsGood(_kept))
            return Task.FromResult<string?>(_kept!.AccessToken);
        return _kept is null && !way.IsUnattended ? Task.FromResult<string?>(null) : InPlaceOfAsync(_kept?.AccessToken ?? "", cancel);
    }

    public override Task<string?> InPlaceOfAsync(string refused, CancellationToken cancel)
    {
        // Not the caller's cancellation: a renewal whose answer nobody takes would end the sign-in.
        var renewal = RenewAsync(refused);
        _renewal = renewal;
        return renewal.WaitAsync(cancel);
    }

    public override async Task<string?> FreshAsync(Challenge challenge, CancellationToken cancel)
    {
        if (way.IsUnattended)
            return null;
        var fresh = await way.SignInAsync(_kept ?? Mine(file.Read()), challenge, cancel);
        await KeepAsync(file, oauth, fresh, cancel);
        return (_kept = Mine(fresh))?.AccessToken;
    }

    public override bool MayReturn => true;

    public override Problem SignedOut(Problem answered) => new(
        ErrorCode.NotSignedIn, "not signed in", answered.Status, _why?.Line ?? (_actor is null ? "not signed in" : "your sign-in is over"), _why?.Hint ?? way.Hint);

    /// <summary>Keeps a new sign-in, and ends the one that it replaces.</summary>
    public static async Task KeepAsync(SignInFile file, OAuth oauth, KeptSignIn fresh, CancellationToken cancel)
    {
        KeptSignIn? before;
        using (await file.LockAsync(cancel))
        {
            before = file.ReadAny();
            file.Write(fresh);
        }

        await EndAsync(oauth, before);
    }

    /// <summary>Ends a sign-in at the server, as far as the server can be reached; true where it could.</summary>
    public static async Task<bool> EndAsync(OAuth oauth, KeptSignIn? kept)
    {
        try
        {
            if (kept?.RefreshToken is { } refresh)
                await oauth.RevokeAsync(refresh, "refresh_token", CancellationToken.None);
            if (kept is not null)
                await oauth.RevokeAsync(kept.AccessToken, "access_token", CancellationToken.None);
            return true;
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // A renewal on its way is kept, or the next call would find a token that is spent.
        _ = Task.WaitAny([_renewal], LastWait);
        _turn.Dispose();
    }

    private async Task<string?> RenewAsync(string refused)
    {
        await _turn.WaitAsync();
        try
        {
            using var turn = await file.LockAsync(CancellationToken.None);
            var all = file.Read();
            var kept = Mine(all);
            if (kept is null ? all is null : !IsGood(kept) || kept.AccessToken == refused)
            {
                kept = await RefreshAsync(kept) ?? await AgainAsync();
                Keep(kept);
            }

            return (_kept = kept)?.AccessToken;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A sign-in of the same actor as before: what one began, another does not go on with.</summary>
    private KeptSignIn? Mine(KeptSignIn? kept)
    {
        if (kept is null || (_actor is not null && _actor != kept.Actor))
            return null;
        _actor = kept.Actor;
        return kept;
    }

    private async Task<KeptSignIn?> AgainAsync()
    {
        if (!way.IsUnattended)
            return null;
        try
        {
            return Mine(await way.SignInAsync(null, null, CancellationToken.None));
        }
        catch (Stop refused)
        {
            _why = refused;
            return null;
        }
    }

    private void Keep(KeptSignIn? kept)
    {
        try
        {
            if (kept is null)
                file.Delete();
            else
                file.Write(kept);
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            // This process has it and goes on; what it waits for is not lost.
            say($"the renewed sign-in cannot be kept: {unwritten.Message}");
        }
    }

    private async Task<KeptSignIn?> RefreshAsync(KeptSignIn? kept)
    {
        if (kept?.RefreshToken is not { } refresh)
            return null;
        var asked = oauth.Time.GetUtcNow();
        var answer = await oauth.TokenAsync(CancellationToken.None,
            ("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", OAuth.Client));
        return answer switch
        {
            { AccessToken: { Length: > 0 } access } => kept with
            {
                AccessToken = access, AccessNotAfter = asked.AddSeconds(answer.ExpiresIn ?? 0), RefreshToken = answer.RefreshToken ?? refresh,
            },
            { Error: "invalid_grant" } => null,
            // Nothing is said about the sign-in: it is kept.
            _ => throw new HttpRequestException(HttpRequestError.Unknown, $"the sign-in cannot be renewed: {answer.ErrorDescription ?? answer.Error}"),
        };
    }

    private bool IsGood(KeptSignIn? kept) => kept is not null && kept.AccessNotAfter - Margin > oauth.Time.GetUtcNow();
}
