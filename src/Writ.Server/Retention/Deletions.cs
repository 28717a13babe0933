using Microsoft.EntityFrameworkCore;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Retention;

/// <summary>Evidence that is gone says so, instead of being absent.</summary>
internal static class Deletions
{
    /// <summary>That evidence of this kind of this run was deleted, when and under which retention; null where it was not.</summary>
    public static async Task<Refusal?> Of(WritDb db, RunId run, string kind, CancellationToken cancel) =>
        await db.Deletions.AsNoTracking().SingleOrDefaultAsync(row => row.RunId == run && row.Kind == kind, cancel) is { } row
            ? Because($"the {kind} of {run}", row.At, row.Keep)
            : null;

    /// <summary>The words.</summary>
    public static Refusal Because(string what, DateTimeOffset at, TimeSpan keep) => new(
        ErrorCode.Deleted, $"{what} were deleted at {at:yyyy-MM-dd'T'HH:mm:ss'Z'}: their retention was {Text(keep)}",
        "their digest is in the audit log, and proofs and receipts hold");

    private static string Text(TimeSpan keep) => keep.TotalDays is var days && days == Math.Floor(days)
        ? $"{days:0} day{(days == 1 ? "" : "s")}" : $"{keep.TotalSeconds:0} seconds";
}

/// <summary>What can be kept for a limited time.</summary>
internal static class RetentionKind
{
    /// <summary>The recordings of runs.</summary>
    public const string Recordings = "recordings";
    /// <summary>What runs found: hosts and ports, and the XML as the tool wrote it.</summary>
    public const string Results = "results";
    /// <summary>Files that were sent along, and that runs wrote.</summary>
    public const string Files = "files";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Recordings, Results, Files];
}
