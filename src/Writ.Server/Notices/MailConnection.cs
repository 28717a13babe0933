using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Writ.Core.Notices;
using Writ.Server.Streams;

namespace Writ.Server.Notices;

/// <summary>What a mail server said of one mail. The zero value is that it did not take it.</summary>
internal enum MailOutcome
{
    /// <summary>Not now: it is tried again.</summary>
    NotNow,
    /// <summary>It took it, and answers for it from here on.</summary>
    Taken,
    /// <summary>It takes nothing for this address, also not later (RFC 5321: 5yz to RCPT).</summary>
    NeverForThisAddress,
}

/// <summary>
/// A connection to the mail server. It speaks TLS with a certificate that was checked, or to this machine alone; what is wrong with the server
/// itself is an <see cref="IOException"/>, whose message is for the log and holds no secret.
/// </summary>
internal sealed class MailConnection : IAsyncDisposable
{
    private const int LongestTrouble = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly SmtpClient _client;
    private readonly MailSettings _settings;

    private MailConnection(SmtpClient client, MailSettings settings) => (_client, _settings) = (client, settings);

    /// <summary>Connects, checks the certificate, and signs in where it is to.</summary>
    /// <exception cref="IOException">Nothing can be sent by it now.</exception>
    public static async Task<MailConnection> Open(MailSettings settings, CancellationToken cancel)
    {
        var (trust, password) = (StreamTarget.Trust(settings.CaFile), settings.User is null ? null : settings.Password());
        var client = new SmtpClient { Timeout = (int)Patience.TotalMilliseconds, CheckCertificateRevocation = false };
        client.ServerCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors, trust);
        var opened = new MailConnection(client, settings);
        try
        {
            await Within(async limit =>
            {
                // Each of them fails where it gets no TLS: none goes on in the clear.
                await client.ConnectAsync(settings.Host, settings.PortOrUsual, settings.Tls switch
                {
                    "none" => SecureSocketOptions.None,
                    "implicit" => SecureSocketOptions.SslOnConnect,
                    _ => SecureSocketOptions.StartTls,
                }, limit);
                if (settings.User is { } user)
                    await client.AuthenticateAsync(user, password!, limit);
            }, cancel);
            return opened;
        }
        catch (Exception failed)
        {
            await opened.DisposeAsync();
            throw Told(failed, cancel) ?? failed;
        }
    }

    /// <summary>Sends one mail to one person.</summary>
    /// <exception cref="IOException">It is not known whether it was taken, or the server takes nothing at all.</exception>
    public async Task<(MailOutcome Outcome, string? Why)> Send(Letter letter, CancellationToken cancel)
    {
        using var message = Written(letter, _settings.From);
        try
        {
            await Within(limit => _client.SendAsync(message, limit), cancel);
            return (MailOutcome.Taken, null);
        }
        catch (SmtpCommandException refused) when (refused.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted)
        {
            var isForGood = refused.ErrorCode == SmtpErrorCode.RecipientNotAccepted && (int)refused.StatusCode is >= 500 and < 600;
            return (isForGood ? MailOutcome.NeverForThisAddress : MailOutcome.NotNow, Shown($"the mail server answered {(int)refused.StatusCode}: {refused.Message}"));
        }
        catch (Exception failed)
        {
            throw Told(failed, cancel) ?? failed;
        }
    }

    /// <summary>A letter as it is sent. Its Message-ID is its own, so that a second copy is recognised as one.</summary>
    public static MimeMessage Written(Letter letter, string from)
    {
        var message = new MimeMessage
        {
            MessageId = letter.MessageId,
            Date = letter.WrittenAt,
            Subject = OneLine.Of(letter.Text.Subject, 200),
            Body = new TextPart("plain") { Text = letter.Text.Body },
        };
        message.From.Add(new MailboxAddress("Writ", from));
        message.To.Add(new MailboxAddress(null, letter.To));
        if (letter.Thread is { } thread)
            message.References.Add(thread);
        // No machine shall answer it (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_client.IsConnected)
                await Within(limit => _client.DisconnectAsync(quit: true, limit), CancellationToken.None);
        }
        catch (Exception gone) when (Told(gone, CancellationToken.None) is not null)
        {
            // What it took, it has said so.
        }

        _client.Dispose();
    }

    private static async Task Within(Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        await work(limit.Token);
    }

    private static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, X509ChainPolicy? trust)
    {
        if (trust is null || certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return certificate is not null && errors == SslPolicyErrors.None;
        using var chain = new X509Chain { ChainPolicy = trust.Clone() };
        using var theirs = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(theirs);
    }

    private static IOException? Told(Exception failed, CancellationToken cancel) => failed switch
    {
        OperationCanceledException when cancel.IsCancellationRequested => null,
        OperationCanceledException or TimeoutException => new("the mail server does not answer"),
        SslHandshakeException => new("the mail server's certificate is not to be trusted, or it speaks no TLS there"),
        // Not what the server said: it may say back what it was given.
        AuthenticationException or SaslException => new("the mail server does not take user and password"),
        SmtpCommandException refused => new(Shown($"the mail server answered {(int)refused.StatusCode}: {refused.Message}")),
        NotSupportedException => new("the mail server offers no STARTTLS, or no way to sign in"),
        ProtocolException or CommandException or SocketException or IOException or ServiceNotConnectedException => new(Shown($"the mail server cannot be reached: {failed.Message}")),
        _ => null,
    };

    private static string Shown(string text) => OneLine.Of(text, LongestTrouble);
}

/// <summary>A mail to one person, before it is written.</summary>
/// <param name="MessageId">Without the brackets; the same each time that it is sent.</param>
/// <param name="To">Where.</param>
/// <param name="Text">What.</param>
/// <param name="WrittenAt">When it became known.</param>
/// <param name="Thread">What mails of one request have in common, or null.</param>
internal sealed record Letter(string MessageId, string To, NoticeText Text, DateTimeOffset WrittenAt, string? Thread = null);
