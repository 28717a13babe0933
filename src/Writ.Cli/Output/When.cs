using System.Globalization;
using Writ.Cli.Options;

namespace Writ.Cli.Output;

/// <summary>Instants as people read them: how far away, and exactly.</summary>
internal static class When
{
    /// <summary>For example <c>2026-07-01 14:03:22Z</c>.</summary>
    public static string Exact(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>For example <c>2026-07-01 14:03:22.345Z</c>.</summary>
    public static string Precise(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>For example <c>3m ago (2026-07-01 14:03:22Z)</c>.</summary>
    public static string Full(DateTimeOffset? instant, DateTimeOffset now) =>
        instant is { } at ? $"{Relative(at, now)} ({Exact(at)})" : "-";

    /// <summary>For example <c>3m ago</c>, <c>in 12m</c>, <c>now</c>.</summary>
    public static string Relative(DateTimeOffset instant, DateTimeOffset now)
    {
        var away = instant - now;
        var text = Duration.Rough(away.Duration());
        return away.Duration() < TimeSpan.FromSeconds(1) ? "now" : away > TimeSpan.Zero ? $"in {text}" : $"{text} ago";
    }
}
