using Writ.Cli.Output;
using Writ.Cli.Server;

namespace Writ.Cli;

/// <summary>What every verb is given: terminal, environment, clock, and the server on first use.</summary>
internal sealed class CliContext(Terminal terminal, Func<string, string?> environment, TimeProvider time, Func<Interruption> listen) : IDisposable
{
    private WritServer? _server;

    public Terminal Terminal { get; } = terminal;

    public TimeProvider Time { get; } = time;

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>A variable of the environment, null when empty.</summary>
    public string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;

    /// <summary>Takes over Ctrl-C and its like.</summary>
    public Interruption Listen() => listen();

    /// <summary>The server that <c>WRIT_SERVER</c> names, with <c>WRIT_TOKEN</c>.</summary>
    /// <exception cref="Stop">One of them is missing or malformed.</exception>
    public WritServer Server => _server ??= Dial(Token());

    /// <summary>The server for the one call that needs no token.</summary>
    public WritServer ServerWithoutToken => _server ??= Dial(null);

    /// <summary>True once a call was made by somebody who is signed in.</summary>
    public bool WasInContact => _server is { HasToken: true };

    /// <summary>The address of the server, once it was dialled.</summary>
    public ServerAddress? Address => _server?.Address;

    /// <inheritdoc/>
    public void Dispose() => _server?.Dispose();

    private WritServer Dial(string? token) =>
        new(ServerAddress.Parse(Variable("WRIT_SERVER")), token, Variable("WRIT_CA"), Time);

    private string Token()
    {
        // Whoever has neither is told of the server first.
        _ = ServerAddress.Parse(Variable("WRIT_SERVER"));
        var token = Variable("WRIT_TOKEN")?.Trim();
        if (string.IsNullOrEmpty(token))
            throw new Stop(ExitCode.NotSignedIn, "not signed in: WRIT_TOKEN is not set", "on the server's host: writ-server token create");
        return token.All(c => c is > ' ' and < (char)0x7f) ? token : throw Stop.Usage("WRIT_TOKEN holds characters that no token has");
    }
}
