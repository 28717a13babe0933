using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Writ.Runner.Secrets;

/// <summary>What a Vault has handed out.</summary>
/// <param name="Value">The secret.</param>
/// <param name="User">The user that it is the password of, or null.</param>
/// <param name="Lease">By which it is given back, or null.</param>
internal sealed record VaultSecret(SecretBytes Value, SecretBytes? User, VaultLease? Lease);

/// <summary>How long something is lent.</summary>
/// <param name="Id">By which it is renewed and given back.</param>
/// <param name="Seconds">From now; 0 where the Vault does not say.</param>
/// <param name="Renewable">Whether it can last longer.</param>
/// <param name="TokenSeconds">How long the sign-in lasts that it came by, with which it ends; 0 where that is somebody else's, or does not end.</param>
internal sealed record VaultLease(string Id, long Seconds, bool Renewable, long TokenSeconds = 0);

/// <summary>
/// The HTTP API of HashiCorp Vault and OpenBao, as far as it is needed: sign-in by AppRole, a key-value engine of version 2, credentials of a
/// database engine, and the renewal and the end of a lease. A response is never told on: it may hold what was asked for.
/// </summary>
internal sealed class Vault(VaultText settings)
{
    private const int MostAnswer = 512 * 1024;
    private const string Status = "status";

    /// <summary>Reads a secret.</summary>
    /// <exception cref="RunnerException">It cannot be had; the message says why and holds nothing of an answer.</exception>
    public async Task<VaultSecret> Read(SecretText secret, CancellationToken cancel)
    {
        using var http = Connect();
        var (token, lasts) = await SignIn(http, cancel);
        if (secret.Creds is { } role)
            return await Creds(http, token, lasts, $"{secret.Mount ?? "database"}/creds/{role}", cancel);
        try
        {
            var path = $"{secret.Mount ?? "secret"}/data/{secret.Kv}";
            using var answer = await Send(http, HttpMethod.Get, path, token, null, cancel);
            var value = Text(answer.Span, "data", "data", secret.Field ?? "password") ?? throw new RunnerException($"{path} has no {secret.Field ?? "password"}");
            return new(value, Text(answer.Span, "data", "data", "username"), null);
        }
        finally
        {
            await SignOut(http, token, cancel);
        }
    }

    /// <summary>Renews a lease; how long it lasts then, or null where there is no such lease any more.</summary>
    /// <param name="lease">Its id.</param>
    /// <param name="increment">How long it is to last from now. The Vault may give less.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="RunnerException">It could not be renewed now.</exception>
    public async Task<VaultLease?> Renew(string lease, TimeSpan increment, CancellationToken cancel)
    {
        using var http = Connect();
        var (token, _) = await SignIn(http, cancel);
        using var body = Json((long)Math.Ceiling(increment.TotalSeconds), ("lease_id", Encoding.UTF8.GetBytes(lease)));
        try
        {
            using var answer = await Send(http, HttpMethod.Put, "sys/leases/renew", token, body, cancel);
            return Lease(answer.Span, lease);
        }
        catch (RunnerException over) when (over.Data[Status] is HttpStatusCode.BadRequest or HttpStatusCode.NotFound)
        {
            return null;
        }
        finally
        {
            await SignOut(http, token, cancel);
        }
    }

    /// <summary>Ends a lease; one that is over already is as well.</summary>
    /// <exception cref="RunnerException">It could not be ended.</exception>
    public async Task Revoke(string lease, CancellationToken cancel)
    {
        using var http = Connect();
        var (token, _) = await SignIn(http, cancel);
        using var body = Json(("lease_id", Encoding.UTF8.GetBytes(lease)));
        try
        {
            (await Send(http, HttpMethod.Put, "sys/leases/revoke", token, body, cancel)).Dispose();
        }
        catch (RunnerException over) when (over.Data[Status] is HttpStatusCode.BadRequest or HttpStatusCode.NotFound)
        {
            // There is no such lease any more.
        }

        await SignOut(http, token, cancel);
    }

    // What signed in for this alone signs out; a token of a file is somebody else's.
    private async Task SignOut(HttpClient http, string token, CancellationToken cancel)
    {
        if (settings.AppRole is not null)
            await Quietly(() => Send(http, HttpMethod.Post, "auth/token/revoke-self", token, null, cancel));
    }

    private static async Task<VaultSecret> Creds(HttpClient http, string token, long lasts, string path, CancellationToken cancel)
    {
        using var answer = await Send(http, HttpMethod.Get, path, token, null, cancel);
        using var lease = Text(answer.Span, "lease_id");
        var value = Text(answer.Span, "data", "password") ?? throw new RunnerException($"{path} gives no password");
        return new(value, Text(answer.Span, "data", "username"), lease is { Span.Length: > 0 } ? Lease(answer.Span, Encoding.UTF8.GetString(lease.Span)) with { TokenSeconds = lasts } : null);
    }

    // What an answer does not say gives nothing.
    private static VaultLease Lease(ReadOnlySpan<byte> answer, string id) => new(id, Math.Max(0, Number(answer, "lease_duration") ?? 0), IsTrue(answer, "renewable"));

    // The token, and for how many seconds it is good where it was made for this alone.
    private async Task<(string Token, long Seconds)> SignIn(HttpClient http, CancellationToken cancel)
    {
        if (settings.TokenFile is { } file)
        {
            using var token = SecretFile.Read(file);
            return (Header(token.Trimmed, file), 0);
        }

        var role = settings.AppRole!;
        using var secretId = SecretFile.Read(role.SecretIdFile);
        using var body = Json(("role_id", Encoding.UTF8.GetBytes(role.RoleId)), ("secret_id", secretId.Trimmed.ToArray()));
        using var answer = await Send(http, HttpMethod.Post, $"auth/{role.Mount}/login", null, body, cancel);
        using var made = Text(answer.Span, "auth", "client_token") ?? throw new RunnerException($"{settings.Name} gave no token for the AppRole");
        return (Header(made.Span, settings.Name), Math.Max(0, Number(answer.Span, "auth", "lease_duration") ?? 0));
    }

    private static string Header(ReadOnlySpan<byte> token, string from) =>
        token.IsEmpty || token.ContainsAnyExceptInRange((byte)'!', (byte)'~') ? throw new RunnerException($"{from} holds no token") : Encoding.ASCII.GetString(token);

    private HttpClient Connect()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        if (settings.CaFile is { } file)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            try
            {
                policy.CustomTrustStore.ImportFromPemFile(file);
            }
            catch (Exception wrong) when (wrong is CryptographicException or IOException or UnauthorizedAccessException)
            {
                throw new RunnerException($"{file} holds no certificates that can be read");
            }

            handler.SslOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12, CertificateChainPolicy = policy };
        }

        var http = new HttpClient(handler) { BaseAddress = new(new Uri(settings.Address), "/v1/") };
        http.DefaultRequestHeaders.Add("X-Vault-Request", "true");
        if (settings.Namespace is { } space)
            http.DefaultRequestHeaders.Add("X-Vault-Namespace", space);
        return http;
    }

    private static async Task<SecretBytes> Send(HttpClient http, HttpMethod method, string path, string? token, SecretBytes? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Add("X-Vault-Token", token);
        var copy = body?.Span.ToArray();
        if (copy is not null)
            request.Content = new ByteArrayContent(copy) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!response.IsSuccessStatusCode)
                throw new RunnerException(Why(response.StatusCode, path)) { Data = { [Status] = response.StatusCode } };
            await using var stream = await response.Content.ReadAsStreamAsync(cancel);
            var buffer = GC.AllocateUninitializedArray<byte>(MostAnswer, pinned: true);
            try
            {
                var length = await stream.ReadAtLeastAsync(buffer, MostAnswer, throwOnEndOfStream: false, cancel);
                return length < MostAnswer ? SecretBytes.Of(buffer.AsSpan(0, length)) : throw new RunnerException($"{path} is longer than any secret");
            }
            finally
            {
                CryptographicOperations.ZeroMemory(buffer);
            }
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            throw new RunnerException(failed.InnerException is AuthenticationException
                ? $"the certificate of {http.BaseAddress!.Authority} is not one that ca_file vouches for"
                : $"{http.BaseAddress!.Authority} cannot be reached");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    private static string Why(HttpStatusCode status, string path) => status switch
    {
        HttpStatusCode.Forbidden => $"{path}: permission denied",
        HttpStatusCode.NotFound => $"there is nothing at {path}",
        HttpStatusCode.ServiceUnavailable => $"{path}: the Vault is sealed or down",
        HttpStatusCode.TemporaryRedirect => $"{path}: this Vault is a standby that sends others elsewhere",
        _ => $"{path}: answered with HTTP {(int)status}",
    };

    private static async Task Quietly(Func<Task<SecretBytes>> send)
    {
        try
        {
            (await send()).Dispose();
        }
        catch (Exception failed) when (failed is RunnerException or OperationCanceledException)
        {
            // It ends by itself.
        }
    }

    private static SecretBytes Json(params (string Name, byte[] Value)[] members) => Json(null, members);

    private static SecretBytes Json(long? increment, params (string Name, byte[] Value)[] members)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in members)
            {
                json.WriteString(name, value);
                CryptographicOperations.ZeroMemory(value);
            }

            if (increment is { } seconds)
                json.WriteNumber("increment", seconds);
            json.WriteEndObject();
        }

        var made = SecretBytes.Of(buffer.WrittenSpan);
        buffer.Clear();
        return made;
    }

    /// <summary>The text at a path of members; null where there is none. Read from the bytes, so that no string of it stays behind.</summary>
    internal static SecretBytes? Text(ReadOnlySpan<byte> json, params ReadOnlySpan<string> path)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!Find(ref reader, path) || reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > SecretBytes.Most)
                return null;
            var buffer = new byte[reader.ValueSpan.Length];
            var text = SecretBytes.Of(buffer.AsSpan(0, reader.CopyString(buffer)));
            CryptographicOperations.ZeroMemory(buffer);
            return text;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The whole number at a path of members; null where there is none.</summary>
    internal static long? Number(ReadOnlySpan<byte> json, params ReadOnlySpan<string> path)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return Find(ref reader, path) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsTrue(ReadOnlySpan<byte> json, string name)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return Find(ref reader, name) && reader.TokenType == JsonTokenType.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Leads the reader to the value at a path of members.
    private static bool Find(ref Utf8JsonReader reader, params ReadOnlySpan<string> path)
    {
        reader.Read();
        foreach (var name in path)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && !reader.ValueTextEquals(name))
            {
                reader.Read();
                reader.Skip();
            }

            if (reader.TokenType != JsonTokenType.PropertyName)
                return false;
            reader.Read();
        }

        return true;
    }
}
