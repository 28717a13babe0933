using System.Security.Cryptography;
using System.Text;
using Writ.Cli.Server;

namespace Writ.Cli.Identity;

/// <summary>
/// A process signs in by what it has: the JWT that its surroundings gave it (a CI system, Kubernetes, SPIFFE), which is
/// exchanged once (RFC 8693); or its own key, with which it signs an assertion (RFC 7523). Nobody is at a keyboard, so it
/// is done again whenever it is needed.
/// </summary>
internal sealed class WorkloadSignIn : SignInWay
{
    private const string Exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string Jwt = "urn:ietf:params:oauth:token-type:jwt";
    private const string Assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const string Client = "workload:";
    private const int LargestFile = 64 << 10;

    private readonly CliContext _context;
    private readonly string? _name;
    private readonly string? _keyFile;
    private readonly string? _tokenFile;
    private readonly string? _token;

    private WorkloadSignIn(CliContext context, string? name, string? keyFile, string? tokenFile, string? token) =>
        (_context, _name, _keyFile, _tokenFile, _token) = (context, name, keyFile, tokenFile, token);

    /// <summary>The workload that the environment names, or null where it names none.</summary>
    /// <exception cref="Stop">It names one by two ways, or a key without a name.</exception>
    public static WorkloadSignIn? Of(CliContext context)
    {
        var (name, key) = (context.Variable("WRIT_WORKLOAD"), context.Variable("WRIT_WORKLOAD_KEY_FILE"));
        var (file, token) = (context.Variable("WRIT_ID_TOKEN_FILE"), context.Variable("WRIT_ID_TOKEN"));
        string[] ways = [.. new[] { (key, "WRIT_WORKLOAD_KEY_FILE"), (file, "WRIT_ID_TOKEN_FILE"), (token, "WRIT_ID_TOKEN") }.Where(way => way.Item1 is not null).Select(way => way.Item2)];
        if (ways.Length > 1)
            throw Stop.Usage($"{ways[0]} and {ways[1]} are both set", "a workload signs in by one of them");
        if (ways.Length == 0)
            return null;
        if (key is not null && name is null)
            throw Stop.Usage("WRIT_WORKLOAD_KEY_FILE is set, and WRIT_WORKLOAD is not", "name the workload as the policy does");
        return new(context, name, key, file, token);
    }

    /// <summary>The folder of its sign-ins: those of different workloads, and of persons, do not mix.</summary>
    public string Folder => "workload-" + Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{_name}\0{_keyFile}\0{_tokenFile}\0{_token}")).AsSpan(0, 8));

    public override string Hint => _keyFile is not null
        ? "is its public key the one of the policy in force?"
        : "a JWT is exchanged once; give a new one in WRIT_ID_TOKEN_FILE";

    public override bool IsUnattended => true;

    public override async Task<KeptSignIn> SignInAsync(KeptSignIn? kept, Challenge? challenge, CancellationToken cancel)
    {
        var asked = _context.Now;
        return await NewSignIn.OfAsync(_context, await AskAsync("writ offline_access", OAuth.Client, [], cancel), asked, cancel);
    }

    /// <summary>A token for the door of agents, which opens nothing else, and for how many seconds it does.</summary>
    /// <exception cref="Stop">The server does not take this workload.</exception>
    /// <exception cref="HttpRequestException">The server does not answer.</exception>
    public async Task<(string Token, double Seconds)> AgentTokenAsync(CancellationToken cancel)
    {
        var resource = (await _context.OAuth.IssuerAsync(cancel)).GetLeftPart(UriPartial.Authority) + "/mcp";
        var answer = await AskAsync("writ", OAuth.AgentClient, [("resource", resource)], cancel);
        return (answer.AccessToken!, answer.ExpiresIn ?? 0);
    }

    private async Task<TokenAnswer> AskAsync(string scopes, string client, (string, string)[] more, CancellationToken cancel)
    {
        var oauth = _context.OAuth;
        var answer = _keyFile is not null
            ? await oauth.TokenAsync(cancel, [
                ("grant_type", "client_credentials"), ("scope", "writ"), ("client_id", Client + _name), ("client_assertion_type", Assertion),
                ("client_assertion", ClientAssertion.Sign(Client + _name, await oauth.IssuerAsync(cancel), Read(_keyFile, "WRIT_WORKLOAD_KEY_FILE"), _context.Now)), .. more])
            : await oauth.TokenAsync(cancel, [
                ("grant_type", Exchange), ("scope", scopes), ("client_id", client), ("subject_token", SubjectToken()), ("subject_token_type", Jwt),
                .. _name is null ? [] : (ReadOnlySpan<(string, string)>)[("workload", _name)], .. more]);
        return answer.AccessToken is { Length: > 0 }
            ? answer
            : throw new Stop(ExitCode.NotSignedIn, $"the server does not take this workload: {answer.ErrorDescription ?? answer.Error ?? "no reason"}", Hint);
    }

    private string SubjectToken()
    {
        var token = (_token ?? Read(_tokenFile!, "WRIT_ID_TOKEN_FILE")).Trim();
        return token.Split('.') is { Length: 3 } && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? token
            : throw Stop.Usage($"{(_token is null ? "WRIT_ID_TOKEN_FILE" : "WRIT_ID_TOKEN")} holds no JWT");
    }

    private static string Read(string path, string variable)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[LargestFile];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length < bytes.Length ? Encoding.UTF8.GetString(bytes, 0, length) : throw Stop.Usage($"{variable}: {path} is larger than 64 KiB");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Stop.Usage($"{variable}: {path} cannot be read");
        }
    }
}
