using System.Net.Http.Headers;
using System.Text.Json;
using Writ.Server.Streams;

namespace Writ.Server.Rotas;

/// <summary>Asks one source who is on call. Its answer is small and comes soon, or it is none.</summary>
internal sealed class SourceCall : IDisposable
{
    private const int LongestAnswer = 256 << 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly JsonDocumentOptions Strictly = new() { AllowDuplicateProperties = false, MaxDepth = 32 };
    private readonly Source _source;
    private readonly PeoplePath _people;
    private readonly HttpClient _http;

    /// <param name="source">Whom to ask.</param>
    /// <param name="patience">How long an answer may take; 8 s unless told.</param>
    /// <exception cref="IOException">Its file of authorities cannot be read.</exception>
    public SourceCall(Source source, TimeSpan? patience = null)
    {
        (_source, _people) = (source, PeoplePath.Parse(source.People).Value);
        _http = new(OutwardHttp.Handler(source.CaFile, isPublicAlone: !source.Private)) { Timeout = patience ?? Patience, MaxResponseContentBufferSize = LongestAnswer };
    }

    /// <summary>The names that it gives.</summary>
    /// <exception cref="IOException">It gives none that count; the message is for the log and holds no secret.</exception>
    public async Task<string[]> Ask(CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _source.Url);
        request.Headers.Accept.Add(new("application/json"));
        // Read anew each time, so that its file can be replaced.
        if (_source.TokenFile is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue(_source.TokenScheme, StreamTarget.Token(_source.TokenFile));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
            if (!answer.IsSuccessStatusCode)
                throw new IOException(OutwardHttp.Told(answer.StatusCode));
            using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel), Strictly);
            return _people.Read(json.RootElement);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException("it does not answer");
        }
        catch (HttpRequestException failed)
        {
            throw new IOException(failed.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded ? $"its answer is longer than {LongestAnswer >> 10} kB" : OutwardHttp.Told(failed), failed);
        }
        catch (JsonException)
        {
            throw new IOException("its answer is no JSON that counts");
        }
        // Text that is no Unicode is found when it is read out.
        catch (InvalidOperationException)
        {
            throw new IOException("its answer is no JSON that counts");
        }
    }

    public void Dispose() => _http.Dispose();
}
