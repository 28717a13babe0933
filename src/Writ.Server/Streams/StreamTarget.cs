using System.Security.Cryptography.X509Certificates;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Streams;

/// <summary>What a stream's events go to.</summary>
internal enum StreamKind
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Lines at the end of a file: <c>file:///path</c>.</summary>
    File,
    /// <summary>Batches of lines, POSTed: <c>https://host/path</c>.</summary>
    Https,
    /// <summary>Syslog over TLS (RFC 5425): <c>syslog+tls://host:6514</c>.</summary>
    Syslog,
}

/// <summary>What a stream's events are.</summary>
internal enum StreamForm
{
    /// <summary>Not chosen.</summary>
    None,
    /// <summary>Security events of the Open Cybersecurity Schema Framework, for what collects such events.</summary>
    Ocsf,
    /// <summary>The log's entries in the envelope of CloudEvents, for what acts on them.</summary>
    CloudEvents,
    /// <summary>Messages for people in a channel of Slack's, by its incoming webhook.</summary>
    Slack,
    /// <summary>Messages for people in a channel of Microsoft Teams, by a workflow's webhook.</summary>
    Teams,
}

/// <summary>Where a stream goes, as its operator writes it.</summary>
internal sealed record StreamTarget(StreamKind Kind, Uri Address)
{
    private const int SyslogPort = 6514;

    /// <summary>The host's port, with the one that the protocol has by itself.</summary>
    public int Port => Address.Port < 0 ? SyslogPort : Address.Port;

    /// <summary>Where a stream goes.</summary>
    /// <exception cref="IOException">The file of its address cannot be read.</exception>
    public static Result<StreamTarget> Of(StreamRow stream) => stream.AddressFile is { } file ? Secret(file) : Read(stream.To);

    /// <summary>The address of a channel's incoming webhook: whoever has it can post there, so it stands in a file and is shown nowhere.</summary>
    /// <exception cref="IOException">The file cannot be read, or holds none; the message holds nothing of it.</exception>
    public static StreamTarget Secret(string file) =>
        Uri.TryCreate(Token(file), UriKind.Absolute, out var address) && address.Scheme == "https" && address.Host.Length > 0 && address.UserInfo.Length == 0 && address.Fragment.Length == 0
            ? new(StreamKind.Https, address)
            : throw new IOException($"the first line of {file} is no https address");

    /// <summary>The address without what is secret in it.</summary>
    public string Shown => $"https://{Address.Authority}/…";

    public static Result<StreamTarget> Read(string text)
    {
        const string hint = "file:///var/log/writ/events.ndjson, https://siem.example.com/writ or syslog+tls://siem.example.com:6514";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address))
            return new Refusal(ErrorCode.InvalidInput, $"'{text}' is no place for events", hint);
        // Each of these would be shown by the process list, the database and every listing.
        if (address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
            return new Refusal(ErrorCode.InvalidInput, "an address holds neither credentials nor a query", "a token stands in a file: --token-file FILE");
        return address.Scheme switch
        {
            "file" when address.Host.Length == 0 && address.LocalPath.Length > 1 && !address.LocalPath.EndsWith('/') => new StreamTarget(StreamKind.File, address),
            "https" when address.Host.Length > 0 => new StreamTarget(StreamKind.Https, address),
            "syslog+tls" when address.Host.Length > 0 && address.AbsolutePath is "" or "/" => new StreamTarget(StreamKind.Syslog, address),
            "http" => new Refusal(ErrorCode.InvalidInput, "http would carry the record in the clear", hint),
            _ => new Refusal(ErrorCode.InvalidInput, $"'{text}' is no place for events", hint),
        };
    }

    /// <summary>A sink for it.</summary>
    /// <exception cref="IOException">A file of the stream's cannot be read.</exception>
    public IEventSink Open(StreamRow stream, string log, TimeProvider time) => Kind switch
    {
        StreamKind.File => new FileSink(Address.LocalPath),
        StreamKind.Https when stream.Form is StreamForm.Slack or StreamForm.Teams => new WebhookSink(new(Address, stream.CaFile, isPublicAlone: !stream.ReachesPrivate), "application/json"),
        StreamKind.Https when stream.KeyFile is { } keys =>
            new WebhookSink(new(Address, stream.CaFile, isPublicAlone: !stream.ReachesPrivate), "application/cloudevents+json", new WebhookSignature(log, keys, time).Sign),
        StreamKind.Https => new HttpsSink(new(Address, stream.CaFile), stream.Form, stream.TokenFile),
        _ => new SyslogSink(Address.IdnHost, Port, stream.CaFile, log.Split('/')[0], time),
    };

    /// <summary>The authorities of a PEM file; null for the system's own.</summary>
    /// <exception cref="IOException">There are none in it.</exception>
    public static X509ChainPolicy? Trust(string? caFile)
    {
        if (caFile is null)
            return null;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (Exception unreadable) when (unreadable is System.Security.Cryptography.CryptographicException or UnauthorizedAccessException)
        {
            throw new IOException($"{caFile} cannot be read as certificates in PEM", unreadable);
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw new IOException($"{caFile} holds no certificate");
    }

    /// <summary>The token of a file: its first line.</summary>
    /// <exception cref="IOException">There is none that can be sent.</exception>
    public static string Token(string file)
    {
        var token = Lines(file, 1).FirstOrDefault("");
        return token.Length > 0 && token.All(c => c is > ' ' and < (char)0x7f) ? token : throw new IOException($"{file} holds no token");
    }

    /// <summary>The first lines of a file, without the spaces around them.</summary>
    /// <exception cref="IOException">It cannot be read; the message holds nothing of it.</exception>
    public static IReadOnlyList<string> Lines(string file, int most)
    {
        try
        {
            return [.. File.ReadLines(file).Take(most).Select(line => line.Trim())];
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException($"{file} may not be read");
        }
    }
}
