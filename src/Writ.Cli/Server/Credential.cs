using Writ.Contracts.Errors;

namespace Writ.Cli.Server;

/// <summary>What says in each call who calls.</summary>
internal abstract class Credential : IDisposable
{
    /// <summary>The token of the next call, or null where nobody is signed in.</summary>
    /// <exception cref="HttpRequestException">The server that could give one does not answer.</exception>
    public abstract Task<string?> TokenAsync(CancellationToken cancel);

    /// <summary>Another token in place of one that the server does not take any more, or null where there is none.</summary>
    /// <exception cref="HttpRequestException">The server that could give one does not answer.</exception>
    public abstract Task<string?> InPlaceOfAsync(string refused, CancellationToken cancel);

    /// <summary>The token of a fresh sign-in such as the server asks for, or null where this credential has no way to one.</summary>
    /// <exception cref="Stop">There was no sign-in, or it was another person's.</exception>
    public abstract Task<string?> FreshAsync(Challenge challenge, CancellationToken cancel);

    /// <summary>Whether another token may come in place of one that is over, while this process waits.</summary>
    public abstract bool MayReturn { get; }

    /// <summary>What there is to say where the server takes no token of this credential.</summary>
    public abstract Problem SignedOut(Problem answered);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A token as it was given (<c>WRIT_TOKEN</c>); when it is over, it is over.</summary>
internal sealed class FixedToken(string token) : Credential
{
    public override Task<string?> TokenAsync(CancellationToken cancel) => Task.FromResult<string?>(token);

    public override Task<string?> InPlaceOfAsync(string refused, CancellationToken cancel) => Task.FromResult<string?>(null);

    public override Task<string?> FreshAsync(Challenge challenge, CancellationToken cancel) => Task.FromResult<string?>(null);

    public override bool MayReturn => false;

    public override Problem SignedOut(Problem answered) => answered;

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}
