using System.Globalization;
using System.Net.Http.Headers;

namespace Writ.Cli.Server;

/// <summary>The server asks for a fresher or a stronger sign-in (RFC 9470).</summary>
/// <param name="MaxAge">How long ago the sign-in may be at most, in seconds; null where it does not matter.</param>
/// <param name="AcrValues">The ways of signing in that would do, separated by spaces; null where it does not matter.</param>
internal sealed record Challenge(int? MaxAge, string? AcrValues)
{
    private const string Error = "insufficient_user_authentication";

    /// <summary>The challenge of an answer, or null where it holds none.</summary>
    public static Challenge? Of(HttpHeaderValueCollection<AuthenticationHeaderValue> headers)
    {
        foreach (var header in headers)
        {
            if (!header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || Parameters(header.Parameter ?? "") is not { } named
                || named.GetValueOrDefault("error") != Error)
                continue;
            int? age = int.TryParse(named.GetValueOrDefault("max_age"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;
            return new(age, named.GetValueOrDefault("acr_values") is { Length: > 0 and < 200 } acr ? acr : null);
        }

        return null;
    }

    // name=token or name="quoted \" string", separated by commas (RFC 9110, 11.2); null where it is something else.
    private static Dictionary<string, string>? Parameters(string text)
    {
        var named = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is ' ' or ',')
            {
                at++;
                continue;
            }

            var equals = text.IndexOf('=', at);
            if (equals < 0)
                return null;
            var name = text[at..equals].Trim();
            at = equals + 1;
            var value = new System.Text.StringBuilder();
            if (at < text.Length && text[at] == '"')
            {
                for (at++; at < text.Length && text[at] != '"'; at++)
                {
                    if (text[at] == '\\' && at + 1 < text.Length)
                        at++;
                    value.Append(text[at]);
                }

                if (at++ >= text.Length)
                    return null;
            }
            else
            {
                for (; at < text.Length && text[at] is not (',' or ' '); at++)
                    value.Append(text[at]);
            }

            if (!named.TryAdd(name, value.ToString()))
                return null;
        }

        return named;
    }
}
