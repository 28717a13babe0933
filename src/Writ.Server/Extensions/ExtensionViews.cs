using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Proof;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Storage;

namespace Writ.Server.Extensions;

/// <summary>More time as the API shows it.</summary>
internal static class ExtensionViews
{
    public static string State(ExtensionState state) => state switch
    {
        ExtensionState.None => "asked",
        ExtensionState.Granted => "granted",
        ExtensionState.Ordered => "ordered",
        ExtensionState.InForce => "in-force",
        ExtensionState.Void => "void",
    };

    /// <summary>Of those of these requests that are of more time.</summary>
    public static async Task<IReadOnlyDictionary<RequestId, ExtensionView>> OfRequests(WritDb db, IReadOnlyList<RequestRow> requests, CancellationToken cancel)
    {
        RequestRow[] asked = [.. requests.Where(row => row.Extends is not null)];
        if (asked.Length == 0)
            return new Dictionary<RequestId, ExtensionView>();
        RequestId[] ids = [.. asked.Select(row => row.Id)];
        RunId[] runs = [.. asked.Select(row => row.Extends!.Value).Distinct()];
        var decided = await db.Extensions.AsNoTracking().Where(row => ids.Contains(row.RequestId)).ToDictionaryAsync(row => row.RequestId, cancel);
        var grants = await db.Runs.AsNoTracking().Where(row => runs.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.GrantId, cancel);
        return asked.ToDictionary(row => row.Id, row => decided.TryGetValue(row.Id, out var extension)
            ? Of(extension, grants[extension.RunId])
            : new(row.Id.ToString(), row.Extends!.Value.ToString(), grants[row.Extends.Value].ToString(), row.Start!.Value, AskedUntil(row), State(ExtensionState.None), null));
    }

    /// <summary>Of these runs, as far as it was decided.</summary>
    public static async Task<ILookup<RunId, ExtensionView>> OfRuns(WritDb db, IReadOnlyList<RunRow> rows, CancellationToken cancel)
    {
        RunId[] ids = [.. rows.Select(row => row.Id)];
        var grants = rows.ToDictionary(row => row.Id, row => row.GrantId);
        return (await db.Extensions.AsNoTracking().Where(row => ids.Contains(row.RunId)).OrderBy(row => row.From).ToListAsync(cancel))
            .ToLookup(row => row.RunId, row => Of(row, grants[row.RunId]));
    }

    private static ExtensionView Of(ExtensionRow row, GrantId grant) => new(
        row.RequestId.ToString(), row.RunId.ToString(), grant.ToString(), row.From, row.Until, State(row.State), row.Message);

    private static DateTimeOffset AskedUntil(RequestRow row) =>
        Statement.Read(row.Statement) is { IsOk: true, Value: var statement } ? UnixMicroseconds.ToInstant(statement.NotAfter(0)) : row.Start!.Value + row.Duration;
}
