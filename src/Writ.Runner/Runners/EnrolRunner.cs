using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Writ.Contracts.Runners;
using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Runner.Kernel;
using Writ.Runner.Runs;

namespace Writ.Runner.Runners;

/// <summary><c>writ-runner enroll</c>: spends a one-time token and makes this machine a runner.</summary>
internal static class EnrolRunner
{
    public const string TokenVariable = "WRIT_ENROLL_TOKEN";
    private const string Prefix = "wre_";

    public static async Task Run(string server, DataFolder data, IReadOnlyCollection<string> ceiling, string? networkNamespace, IReadOnlyCollection<string> pool, string? token, TextWriter output, CancellationToken stop)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            throw new RunnerException($"'{server}' is no https:// address", "--server https://HOST:PORT, the server's --runner-listen");
        if (!AddressSet.TryParse(ceiling, out _, out var wrong) || !AddressSet.TryParse(pool, out _, out wrong))
            throw new RunnerException($"'{wrong}' is no address, network or range");
        if (File.Exists(data.Identity))
            throw new RunnerException($"this machine is enrolled as {RunnerIdentity.Read(data).Name} already", $"remove {Path.GetDirectoryName(data.Identity)} to enrol it anew");
        var fingerprint = Fingerprint(token);
        data.Create();

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 authority;
        EnrolReply reply;
        try
        {
            authority = await FetchAuthority(uri, fingerprint, stop);
            using var channel = ServerTrust.Trusting(uri, authority);
            reply = await new RunnerEnrolment.RunnerEnrolmentClient(channel).EnrolAsync(
                new() { Token = token, CertificateRequest = RunnerIdentity.Request(key), ReceiptKey = ByteString.CopyFrom(SigningKeys.PublicKey(ReceiptSigner.Seed(data))) }, cancellationToken: stop);
        }
        catch (RpcException refused)
        {
            throw Explain(refused, uri);
        }

        var identity = RunnerIdentity.Store(data, reply, key, authority);
        if (!File.Exists(data.Config))
            Durable.Write(data.Config, RunnerConfig.NewText(server, ceiling, networkNamespace, pool));
        await output.WriteLineAsync($"enrolled as {identity.Name} ({identity.Runner})");
        await output.WriteLineAsync(ceiling.Count > 0
            ? $"ceiling: {string.Join(", ", ceiling)}"
            : $"the ceiling is empty: this runner reaches nothing until {data.Config} names addresses");
        if (pool.Count == 0)
            await output.WriteLineAsync($"the pool is empty: runs come from this machine's own addresses, one at a time to the same targets, until {data.Config} names others");
    }

    // Nothing is said on this connection, and what it answers is believed by its fingerprint alone.
    private static async Task<X509Certificate2> FetchAuthority(Uri server, byte[] fingerprint, CancellationToken stop)
    {
        using var channel = ServerTrust.Untrusted(server);
        var reply = await new RunnerEnrolment.RunnerEnrolmentClient(channel).AuthorityAsync(new(), cancellationToken: stop);
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(reply.Certificate.Span), fingerprint))
            throw NotTheServer(server);
        return X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
    }

    private static RunnerException NotTheServer(Uri server) => new($"{server.Authority} is not the server of this token",
        "its certificate does not end at the CA whose fingerprint the token carries, or is for another name");

    /// <summary>The CA's fingerprint that a token carries: <c>wre_SECRET.FINGERPRINT</c>.</summary>
    /// <exception cref="RunnerException">The text is no enrolment token. It is never repeated.</exception>
    internal static byte[] Fingerprint(string? token)
    {
        if (string.IsNullOrEmpty(token))
            throw new RunnerException("no enrolment token", $"give it in {TokenVariable} or on standard input; writ runner enroll prints one");
        var dot = token.IndexOf('.', StringComparison.Ordinal);
        if (!token.StartsWith(Prefix, StringComparison.Ordinal) || dot <= Prefix.Length || token.Length - dot - 1 != 64
            || !token.Skip(dot + 1).All(char.IsAsciiHexDigitLower))
            throw new RunnerException("the enrolment token is malformed or cut", "it reads wre_… to its last character");
        return Convert.FromHexString(token.AsSpan(dot + 1));
    }

    private static RunnerException Explain(RpcException refused, Uri server)
    {
        for (Exception? cause = refused; cause is not null; cause = cause.InnerException)
        {
            if (cause is System.Security.Authentication.AuthenticationException)
                return NotTheServer(server);
        }

        return refused.StatusCode switch
        {
            StatusCode.Unavailable => new($"cannot reach {server.Authority}: {Last(refused)}", "is it the server's --runner-listen address?"),
            StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.NotFound or StatusCode.FailedPrecondition =>
                new("the server refused the enrolment token", "a token serves once and for a short time: ask for a new one with writ runner enroll"),
            _ => new($"the server refused: {refused.Status.Detail}"),
        };
    }

    private static string Last(Exception failure)
    {
        while (failure.InnerException is { } inner)
            failure = inner;
        return failure is RpcException rpc ? rpc.Status.Detail : failure.Message.ToLowerInvariant();
    }
}
