using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.SignIns;

/// <summary>What a server answered.</summary>
internal sealed record Answer(HttpStatusCode Status, string Body, Uri? Location, HttpResponseMessage Message)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>The hidden fields of the page's form to this address.</summary>
    public Dictionary<string, string> Form(string action)
    {
        var form = Regex.Match(Body, $"<form[^>]*action=\"{Regex.Escape(action)}\"[^>]*>.*?</form>", RegexOptions.Singleline);
        form.Success.ShouldBeTrue($"the page has no form to {action}: {Body}");
        return Regex.Matches(form.Value, "<input type=\"hidden\" name=\"([^\"]*)\"(?: value=\"([^\"]*)\")?")
            .ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
    }

    public Answer ShouldBe(HttpStatusCode status, string? why = null)
    {
        Status.ShouldBe(status, why ?? Body);
        return this;
    }
}

/// <summary>A browser without a screen: it keeps cookies, sends the forms of pages, and follows no redirect by itself.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly HttpClient _http;

    public Visitor(World world)
    {
        var socket = world.Socket ?? throw new InvalidOperationException("the world serves nowhere");
        _http = new(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(connection, ownsSocket: true);
            },
        }) { BaseAddress = new("http://localhost") };
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>By name; a browser sends all of them to this one server.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    public Task<Answer> Get(string path, string? bearer = null) => Send(new(HttpMethod.Get, path), bearer);

    public Task<Answer> Post(string path, IEnumerable<KeyValuePair<string, string>> fields) =>
        Send(new(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) });

    public async Task<Answer> Send(HttpRequestMessage request, string? bearer = null)
    {
        if (bearer is not null)
            request.Headers.Authorization = new("Bearer", bearer);
        if (Cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        var response = await _http.SendAsync(request, Cancel);
        if (response.Headers.TryGetValues("Set-Cookie", out var set))
        {
            foreach (var cookie in set.Select(cookie => cookie.Split(';')))
            {
                var (name, value) = (cookie[0].Split('=', 2)[0], cookie[0].Split('=', 2)[1]);
                if (value.Length == 0)
                    Cookies.Remove(name);
                else
                    Cookies[name] = value;
            }
        }

        return new(response.StatusCode, await response.Content.ReadAsStringAsync(Cancel), response.Headers.Location, response);
    }

    /// <summary>Sends the form of a page, with what a person fills in.</summary>
    public Task<Answer> Fill(Answer page, string action, params (string Name, string Value)[] typed)
    {
        var fields = page.Form(action);
        foreach (var (name, value) in typed)
            fields[name] = value;
        return Post(action, fields);
    }

    public void Dispose() => _http.Dispose();
}
