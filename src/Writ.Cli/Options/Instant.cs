using System.CommandLine.Parsing;
using System.Globalization;

namespace Writ.Cli.Options;

/// <summary>Instants as they are typed: RFC 3339, for example <c>2026-07-01T14:00:00Z</c>.</summary>
internal static class Instant
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd"];

    /// <summary>Reads an instant; without an offset it is UTC.</summary>
    public static bool TryParse(string? text, out DateTimeOffset instant) => DateTimeOffset.TryParseExact(
        text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out instant);

    /// <summary>Writes an instant for a query.</summary>
    public static string Format(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The value of an option that names an instant.</summary>
    public static DateTimeOffset? OfOption(ArgumentResult result)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        if (TryParse(text, out var instant))
            return instant;
        result.AddError($"'{text}' is no time; write it like 2026-07-01T14:00:00Z");
        return null;
    }
}
