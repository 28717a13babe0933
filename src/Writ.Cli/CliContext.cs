using Writ.Cli.Identity;
using Writ.Cli.Output;
using Writ.Cli.Server;

namespace Writ.Cli;

/// <summary>What every verb is given: terminal, environment, clock, and the server on first use.</summary>
internal sealed class CliContext(Terminal terminal, Func<string, string?> environment, TimeProvider time, Func<Interruption> listen) : IDisposable
{
    private HttpMessageInvoker? _http;
    private Credential? _credential;
    private WritServer? _server;

    public Terminal Terminal { get; } = terminal;

    public TimeProvider Time { get; } = time;

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>A variable of the environment, null when empty.</summary>
    public string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;

    /// <summary>Takes over Ctrl-C and its like.</summary>
    public Interruption Listen() => listen();

    /// <summary>The server that <c>WRIT_SERVER</c> names.</summary>
    /// <exception cref="Stop">It is missing or malformed.</exception>
    public ServerAddress Dialled => Address ??= ServerAddress.Parse(Variable("WRIT_SERVER"));

    /// <summary>The address of the server, once it was asked for.</summary>
    public ServerAddress? Address { get; private set; }

    /// <summary>The server, as the one who is signed in: by <c>WRIT_TOKEN</c>, as a workload, or by <c>writ login</c>.</summary>
    /// <exception cref="Stop">What is set cannot be used.</exception>
    public WritServer Server => _server ??= ServerAs(_credential ??= SignIns.Of(this));

    /// <summary>The server for the few calls that need nobody.</summary>
    public WritServer ServerWithoutToken => ServerAs(null);

    /// <summary>The server's sign-in.</summary>
    public OAuth OAuth => new(Dialled, Http, Time);

    /// <summary>True once a call was made by somebody who is signed in.</summary>
    public bool WasInContact => _server is not null;

    /// <summary>True where the sign-in is one that is kept on this computer, so that a new one is taken up at once.</summary>
    public bool SignInIsKept => _credential is StoredSignIn;

    /// <summary>The server, as somebody else.</summary>
    public WritServer ServerAs(Credential? credential) => new(Dialled, Http, credential, Time);

    /// <inheritdoc/>
    public void Dispose()
    {
        _credential?.Dispose();
        _http?.Dispose();
    }

    private HttpMessageInvoker Http => _http ??= Dialling.To(Dialled, Variable("WRIT_CA"));
}
