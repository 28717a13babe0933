using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>How often a rule or denial carried an answer.</summary>
public sealed record UseOfRule(int Allowed, int Asked, int Denied)
{
    public int All => Allowed + Asked + Denied;
}

/// <summary>
/// How often each rule allowed, asked and denied in the last 90 days, by the answers that requests got when they were asked.
/// Each request is read once.
/// </summary>
internal sealed class RuleUse(Database database, TimeProvider time) : IDisposable
{
    public const int Days = 90;
    private const int Piece = 2_000;
    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<(string Rule, int Day), UseOfRule> _counts = [];
    private RequestId? _last;

    /// <summary>By the rule's id.</summary>
    public async Task<FrozenDictionary<string, UseOfRule>> Now(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            var from = time.GetUtcNow() - TimeSpan.FromDays(Days);
            await using var db = database.Open();
            while (await Read(db, from, cancel) == Piece)
            {
            }

            var first = Day(from);
            foreach (var old in _counts.Keys.Where(key => key.Day < first).ToList())
                _counts.Remove(old);
            return _counts.GroupBy(each => each.Key.Rule, StringComparer.Ordinal).ToFrozenDictionary(
                group => group.Key, group => new UseOfRule(group.Sum(each => each.Value.Allowed), group.Sum(each => each.Value.Asked), group.Sum(each => each.Value.Denied)), StringComparer.Ordinal);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<int> Read(WritDb db, DateTimeOffset from, CancellationToken cancel)
    {
        var query = db.Requests.AsNoTracking();
        query = _last is { } last ? query.Where(row => row.Id.CompareTo(last) > 0) : query.Where(row => row.CreatedAt >= from);
        var rows = await query.OrderBy(row => row.Id).Take(Piece).Select(row => new { row.Id, row.CreatedAt, row.Evaluation }).ToListAsync(cancel);
        foreach (var row in rows)
        {
            var (verdict, rules) = Answer(row.Evaluation);
            foreach (var rule in rules)
            {
                var key = (rule, Day(row.CreatedAt));
                var before = _counts.GetValueOrDefault(key) ?? new(0, 0, 0);
                _counts[key] = verdict switch
                {
                    "allow" => before with { Allowed = before.Allowed + 1 },
                    "require-approval" => before with { Asked = before.Asked + 1 },
                    _ => before with { Denied = before.Denied + 1 },
                };
            }
        }

        if (rows.Count > 0)
            _last = rows[^1].Id;
        return rows.Count;
    }

    /// <summary>The verdict of an evaluation as a request keeps it, and the rules or denials that carried it.</summary>
    public static (string Verdict, IReadOnlyList<string> Rules) Answer(string evaluation)
    {
        using var json = JsonDocument.Parse(evaluation);
        return (json.RootElement.GetProperty("verdict").GetString()!, [.. json.RootElement.GetProperty("rules").EnumerateArray().Select(rule => rule.GetString()!)]);
    }

    private static int Day(DateTimeOffset at) => (int)(at.ToUnixTimeSeconds() / 86_400);
}
