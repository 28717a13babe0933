using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Cli.Server;

namespace Writ.Cli.Identity;

/// <summary>
/// The server's OAuth endpoints. Codes and tokens go to the address of <c>WRIT_SERVER</c> alone, whatever else a server may
/// say about itself.
/// </summary>
internal sealed class OAuth(ServerAddress address, HttpMessageInvoker http, TimeProvider time)
{
    /// <summary>This program, as the server knows it: a public client.</summary>
    public const string Client = "writ-cli";

    /// <summary>An agent's program, as the server knows it.</summary>
    public const string AgentClient = "writ-agent";

    /// <summary>What is asked for.</summary>
    public const string Scopes = "openid offline_access writ";

    private const int LargestAnswer = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Who issues the tokens: where the browser is sent to, without a slash at the end.</summary>
    /// <exception cref="Stop">The server has no sign-in, or one at an address that a browser must not be sent to.</exception>
    public async Task<Uri> IssuerAsync(CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address.Http("/.well-known/openid-configuration"));
        var (status, metadata) = await SendAsync(request, OAuthJson.Default.ServerMetadata, cancel);
        if (status == HttpStatusCode.NotFound)
            throw new Stop(ExitCode.Failed, "the server has no sign-in", "on the server's host: writ-server token create");
        return Uri.TryCreate(metadata?.Issuer, UriKind.Absolute, out var issuer) && issuer is { Query: "", Fragment: "", UserInfo: "" }
            && (issuer.Scheme == Uri.UriSchemeHttps || (issuer.Scheme == Uri.UriSchemeHttp && issuer.IsLoopback))
            ? issuer
            : throw new Stop(ExitCode.Failed, $"the server's issuer '{metadata?.Issuer}' is no address to send a browser to", "start it with --public-url https://…");
    }

    /// <summary>Asks the token endpoint.</summary>
    /// <exception cref="HttpRequestException">There is no answer, or none for the moment.</exception>
    public async Task<TokenAnswer> TokenAsync(CancellationToken cancel, params (string Name, string Value)[] form)
    {
        var (_, answer) = await SendAsync(Form("/connect/token", form), OAuthJson.Default.TokenAnswer, cancel);
        return answer is { AccessToken: { Length: > 0 } token } && !IsToken(token) ? throw Unreadable() : answer ?? new();
    }

    /// <summary>Asks for a code that is typed at another device.</summary>
    /// <exception cref="HttpRequestException">There is no answer, or none for the moment.</exception>
    public async Task<DeviceAnswer> DeviceAsync(CancellationToken cancel) =>
        (await SendAsync(Form("/connect/device", [("client_id", Client), ("scope", Scopes)]), OAuthJson.Default.DeviceAnswer, cancel)).Answer ?? new();

    /// <summary>Ends a token at the server.</summary>
    /// <exception cref="HttpRequestException">There is no answer.</exception>
    public async Task RevokeAsync(string token, string kind, CancellationToken cancel)
    {
        using var request = Form("/connect/revoke", [("client_id", Client), ("token", token), ("token_type_hint", kind)]);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        using var response = await http.SendAsync(request, limit.Token);
        if ((int)response.StatusCode >= 500)
            throw Unanswered(response.StatusCode);
    }

    /// <summary>What stands in the way, in words.</summary>
    public static Stop Refused(string? error, string? description) => error switch
    {
        "access_denied" => new(ExitCode.NotSignedIn, "the sign-in was refused"),
        "expired_token" => new(ExitCode.NotSignedIn, "nobody typed the code in time", "writ login once more"),
        _ => new(ExitCode.NotSignedIn, $"the server gave no tokens: {description ?? error ?? "no reason"}"),
    };

    private HttpRequestMessage Form(string path, (string Name, string Value)[] form) => new(HttpMethod.Post, address.Http(path))
    {
        Content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))),
    };

    private async Task<(HttpStatusCode Status, T? Answer)> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        using (request)
        {
            request.Version = HttpVersion.Version11;
            using var patience = new CancellationTokenSource(Patience, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
            try
            {
                using var response = await http.SendAsync(request, limit.Token);
                await response.Content.LoadIntoBufferAsync(LargestAnswer, limit.Token);
                if (response.StatusCode == HttpStatusCode.NotFound)
                    return (response.StatusCode, null);
                if ((int)response.StatusCode >= 500 || response.StatusCode == HttpStatusCode.TooManyRequests)
                    throw Unanswered(response.StatusCode);
                return (response.StatusCode, JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(limit.Token), type));
            }
            catch (JsonException)
            {
                throw Unreadable();
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"no answer within {Patience.TotalSeconds:0} s");
            }
        }
    }

    private static HttpRequestException Unanswered(HttpStatusCode status) =>
        new(HttpRequestError.Unknown, $"the server answered {(int)status}");

    private static Stop Unreadable() =>
        new(ExitCode.Failed, "the server's answer cannot be read", "is WRIT_SERVER a writ server of the same version?");

    private static bool IsToken(string token) => token.Length < 16_384 && token.All(c => c is > ' ' and < (char)0x7f);
}
