using System.Globalization;
using Writ.Server.Streams;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>What a push service said of one message. The zero value is that it did not take it.</summary>
internal enum PushOutcome
{
    /// <summary>Not now: it is tried again.</summary>
    NotNow,
    /// <summary>It took it, and answers for it from here on.</summary>
    Taken,
    /// <summary>There is no such browser any more (RFC 8030, 7.3).</summary>
    Gone,
}

/// <summary>A message for a browser.</summary>
/// <param name="Message">What it says, before it is sealed.</param>
/// <param name="Life">How long the push service keeps it for a browser that is away.</param>
/// <param name="Topic">What it takes the place of while it is kept: 32 characters of base64url at most (RFC 8030, 5.4).</param>
/// <param name="IsUrgent">Whether it wakes a device that saves its battery.</param>
internal sealed record PushLetter(byte[] Message, TimeSpan Life, string Topic, bool IsUrgent);

/// <summary>Gives messages to push services (RFC 8030), whose addresses browsers told.</summary>
internal sealed class PushPost : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAfter = TimeSpan.FromHours(1);
    private readonly PushSettings _settings;
    private readonly HttpClient _http;

    /// <exception cref="IOException">The file of authorities cannot be read.</exception>
    public PushPost(PushSettings settings)
    {
        _settings = settings;
        _http = new(OutwardHttp.Handler(settings.CaFile, isPublicAlone: !settings.AllowPrivate)) { Timeout = Patience };
    }

    /// <summary>Sends one; what came of it, why, and how long to wait at least before the next try.</summary>
    public async Task<(PushOutcome Outcome, string Why, TimeSpan After)> Send(PushSubscriptionRow to, PushLetter letter, VapidKey key, DateTimeOffset now)
    {
        var host = PushEndpoint.Host(to.Endpoint);
        if (PushEndpoint.Problem(to.Endpoint, _settings.AllowPrivate) is { } wrong)
            return (PushOutcome.NotNow, $"{host}: {wrong}", default);
        var endpoint = new Uri(to.Endpoint);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new ByteArrayContent(PushSeal.Seal(letter.Message, to.Key, to.Auth)) };
        request.Content.Headers.ContentType = new("application/octet-stream");
        request.Content.Headers.ContentEncoding.Add("aes128gcm");
        request.Headers.Authorization = new("vapid", key.Token(endpoint.GetLeftPart(UriPartial.Authority), _settings.Contact, now));
        request.Headers.Add("TTL", ((long)Math.Max(0, letter.Life.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("Topic", letter.Topic);
        request.Headers.Add("Urgency", letter.IsUrgent ? "high" : "normal");
        try
        {
            // To its end, also when the server stops: cut in the middle it would come twice. What the answer says beside its head is nothing to us.
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
            var status = (int)answer.StatusCode;
            var after = answer.Headers.RetryAfter is { } told ? told.Delta ?? told.Date - now ?? default : default;
            return status is >= 200 and < 300 ? (PushOutcome.Taken, "", default)
                : status is 404 or 410 ? (PushOutcome.Gone, $"{host} answered {status}", default)
                : (PushOutcome.NotNow, $"{host} answered {status}", after > LongestAfter ? LongestAfter : after);
        }
        catch (OperationCanceledException)
        {
            return (PushOutcome.NotNow, $"{host} does not answer", default);
        }
        catch (HttpRequestException failed)
        {
            return (PushOutcome.NotNow, $"{host} cannot be reached: {OutwardHttp.Told(failed)}", default);
        }
    }

    public void Dispose() => _http.Dispose();
}
