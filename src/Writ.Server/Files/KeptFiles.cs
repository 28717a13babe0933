using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Files;

/// <summary>
/// Files by the digest of their bytes: what requesters sent along, what lies in sandboxes, what runs have written. The same
/// bytes are kept once, and never changed; when they were last handed in, their retention begins anew.
/// </summary>
internal static class KeptFiles
{
    /// <summary>Keeps files as a part of a transaction.</summary>
    public static async Task Keep(WritDb db, DateTimeOffset now, IEnumerable<(string Sha256, ReadOnlyMemory<byte> Bytes)> files)
    {
        foreach (var (sha256, bytes) in files.DistinctBy(file => file.Sha256))
        {
            // Not by the change tracker: the same bytes may be kept by another server at this very moment.
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO files ("Sha256", "Bytes", "KeptAt") VALUES ({sha256}, {bytes.ToArray()}, {UnixMicroseconds.From(now)})
                ON CONFLICT ("Sha256") DO UPDATE SET "KeptAt" = excluded."KeptAt", "Bytes" = excluded."Bytes", "DeletedAt" = NULL, "Keep" = NULL
                """);
        }
    }

    /// <summary>The bytes of this digest; null where there are none, or where they are not what was kept.</summary>
    public static async Task<byte[]?> Read(WritDb db, string sha256, CancellationToken cancel = default)
    {
        var bytes = await db.Files.Where(row => row.Sha256 == sha256 && row.DeletedAt == null).Select(row => row.Bytes).SingleOrDefaultAsync(cancel);
        return bytes is not null && Digest(bytes) == sha256 ? bytes : null;
    }

    /// <summary>That the file of this digest was deleted, when and under which retention; null where it was not.</summary>
    public static async Task<Refusal?> Deleted(WritDb db, string sha256, CancellationToken cancel) =>
        await db.Files.Where(row => row.Sha256 == sha256 && row.DeletedAt != null).Select(row => new { row.DeletedAt, row.Keep }).SingleOrDefaultAsync(cancel) is { } row
            ? Deletions.Because("the bytes of this file", row.DeletedAt!.Value, row.Keep ?? TimeSpan.Zero)
            : null;

    /// <summary>Which of these digests were deleted.</summary>
    public static async Task<IReadOnlySet<string>> Gone(WritDb db, IReadOnlyCollection<string> digests, CancellationToken cancel) =>
        digests.Count == 0 ? new HashSet<string>() : await db.Files.Where(row => digests.Contains(row.Sha256) && row.DeletedAt != null).Select(row => row.Sha256).ToHashSetAsync(cancel);

    /// <summary>Which of these digests there are.</summary>
    public static async Task<IReadOnlySet<string>> Known(WritDb db, IReadOnlyCollection<string> digests, CancellationToken cancel) =>
        digests.Count == 0 ? new HashSet<string>() : await db.Files.Where(row => digests.Contains(row.Sha256) && row.DeletedAt == null).Select(row => row.Sha256).ToHashSetAsync(cancel);

    /// <summary>Lower-case hexadecimal SHA-256.</summary>
    public static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
