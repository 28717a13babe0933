using System.Net;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.Identity.Accounts;

namespace Writ.Server;

/// <summary>How <c>serve</c> was asked to listen.</summary>
/// <param name="Data">The data folder.</param>
/// <param name="Urls">Where <c>/v1</c> is served: <c>http://127.0.0.1:8080</c>, <c>https://host:port</c> or <c>unix:///path</c>.</param>
/// <param name="RunnerListen">Where runners connect, or null for nowhere: <c>https://host:port</c>.</param>
/// <param name="Database">An Npgsql connection string, or null for SQLite in the data folder.</param>
/// <param name="Certificate">A PEM file with certificate and chain for https urls, or null for one of Writ's own authority.</param>
/// <param name="Witnesses">The witnesses of the audit log, or null for none.</param>
/// <param name="CertificateKey">The PEM file of its key.</param>
/// <param name="PublicUrl">What people's browsers call the server, or null for the first of the urls.</param>
/// <param name="SignInFile">How people sign in, or null for accounts of this server alone.</param>
internal sealed record ServerSettings(
    string Data, IReadOnlyList<string> Urls, string? RunnerListen, string? Database, string? Certificate = null, string? CertificateKey = null, Audit.WitnessList? Witnesses = null,
    string? PublicUrl = null, SignInSettings? SignInFile = null)
{
    /// <summary>Where people's browsers find the server: the issuer of tokens, the relying party of passkeys, the beginning of links.</summary>
    public Uri Public => new(PublicUrl ?? Urls.FirstOrDefault(url => url.StartsWith("http", StringComparison.Ordinal)) ?? "http://localhost");

    /// <summary>The same as browsers name an origin: scheme, host, and the port where it is not the scheme's own.</summary>
    public string Origin => Public.GetLeftPart(UriPartial.Authority);

    /// <summary>True where browsers come by TLS.</summary>
    public bool IsSecure => Public.Scheme == "https";

    /// <summary>How people sign in.</summary>
    public SignInSettings SignIn => SignInFile ?? SignInSettings.None;

    /// <summary>Proxies whose word counts for where a call came from and whether it came by TLS.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>How mail is sent to people, or null for not at all.</summary>
    public Notices.MailSettings? Mail { get; init; }

    /// <summary>That people may be told in their browsers, or null for not at all.</summary>
    public Notices.PushSettings? Push { get; init; }

    /// <summary>The app in Slack whose buttons decide, or null for none.</summary>
    public Chat.SlackSettings? Slack { get; init; }

    /// <summary>The sources that say who is on call.</summary>
    public Rotas.SourceSettings OnCall { get; init; } = Rotas.SourceSettings.None;

    /// <summary>How often the digest of a password is taken: what a guess costs.</summary>
    public int PasswordRounds { get; init; } = Passwords.Rounds;

    /// <summary>What has to be said to listen without TLS on an address that is not loopback.</summary>
    public const string PlainHttpWords = "tokens-cross-the-network-in-the-clear";

    /// <summary>What was said of listening without TLS, or null for nothing.</summary>
    public string? PlainHttp { get; init; }

    /// <summary>The SQLite file of a data folder.</summary>
    public string DatabaseFile => Path.Combine(Data, "writ.db");

    /// <summary>
    /// Refuses addresses under which tokens would cross a network in the clear, and what is no address at all.
    /// </summary>
    public Refusal? Check()
    {
        foreach (var url in Urls)
        {
            if (url.StartsWith("unix://", StringComparison.Ordinal) && url.Length > "unix://".Length)
                continue;
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
                return new(ErrorCode.InvalidInput, $"--urls: '{url}' is no address to listen on", "for example http://127.0.0.1:8080 or https://writ.example.com:443");
            if (uri.Scheme == "http" && !uri.IsLoopback && PlainHttp != PlainHttpWords)
                return new(ErrorCode.InvalidInput, $"--urls: '{url}' would carry tokens in the clear", "use https, or http on loopback behind a proxy that speaks TLS");
        }

        if (PublicUrl is not null && (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out var there) || there.Scheme is not ("http" or "https") || there.PathAndQuery != "/"
                || there.Fragment.Length > 0 || there.UserInfo.Length > 0))
            return new(ErrorCode.InvalidInput, $"--public-url: '{PublicUrl}' is not where a server is", "for example https://writ.example.com");
        if (PlainHttp is not (null or PlainHttpWords))
            return new(ErrorCode.InvalidInput, "--plain-http: these are not the words", $"write what it means: --plain-http {PlainHttpWords}");
        if (PublicUrl is not null && new Uri(PublicUrl) is { Scheme: "http", IsLoopback: false })
            return new(ErrorCode.InvalidInput, $"--public-url: '{PublicUrl}' would carry passwords and cookies in the clear", "use https, or http on loopback");
        if (RunnerListen is not null && (!Uri.TryCreate(RunnerListen, UriKind.Absolute, out var listen) || listen.Scheme != "https"))
            return new(ErrorCode.InvalidInput, $"--runner-listen: '{RunnerListen}' is no https address", "for example https://127.0.0.1:8443");
        if ((Certificate is null) != (CertificateKey is null))
            return new(ErrorCode.InvalidInput, "--certificate and --certificate-key go together");
        return null;
    }

    /// <summary>Reads proxies by their addresses or networks; refuses what would trust everybody.</summary>
    public static Result<IReadOnlyList<IPNetwork>> ReadProxies(IEnumerable<string> texts)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var address))
                networks.Add(new(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128));
            else if (IPNetwork.TryParse(text, out var network) && network.PrefixLength >= 8)
                networks.Add(network);
            else
                return new Refusal(ErrorCode.InvalidInput, $"--trusted-proxy: '{text}' is no address or network of a proxy", "for example 10.0.0.7 or 10.0.0.0/28");
        }

        return networks;
    }

    /// <summary>An address to bind: a literal one, loopback for localhost, else every address of the machine.</summary>
    public static IPAddress Bind(Uri uri) =>
        IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) ? address : uri.IsLoopback ? IPAddress.Loopback : IPAddress.IPv6Any;
}
