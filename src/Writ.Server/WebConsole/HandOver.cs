using System.Collections.Concurrent;
using System.Security.Cryptography;
using Writ.Proof.Identity;

namespace Writ.Server.WebConsole;

/// <summary>
/// What a page had read when it was made, kept here for the moment until it comes alive in its browser: so it is read once,
/// is one look on the record, and nothing jumps meanwhile. Whoever does not fetch it in time reads anew.
/// </summary>
internal sealed class HandOver(TimeProvider time)
{
    /// <summary>The most that wait at once: what comes then is not kept.</summary>
    public const int Most = 200;

    /// <summary>How long it is kept.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    /// <summary>Keeps what a page read; the name to fetch it by, or null where too much waits.</summary>
    /// <param name="session">Whose page it is.</param>
    /// <param name="read">What it read.</param>
    /// <param name="size">How long the log was before it read.</param>
    public string? Keep(TokenId session, object read, long size)
    {
        var now = time.GetUtcNow();
        foreach (var (old, kept) in _kept)
        {
            if (kept.Until <= now)
                _kept.TryRemove(old, out _);
        }

        if (_kept.Count >= Most)
            return null;
        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _kept[name] = new(session, read, size, now + Life);
        return name;
    }

    /// <summary>What was kept under this name, once and for this session alone; null where there is nothing.</summary>
    public Kept? Take(string name, TokenId session) =>
        _kept.TryRemove(name, out var kept) && kept.Session == session && kept.Until > time.GetUtcNow() ? kept : null;

    internal sealed record Kept(TokenId Session, object Read, long Size, DateTimeOffset Until);
}
