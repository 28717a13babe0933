using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Streams;

namespace Writ.Server.Storage;

/// <summary>An audit entry. It has its bytes from the transaction that it records and its position from the sequencer.</summary>
internal sealed class AuditRow
{
    public long Id { get; init; }
    public long? Position { get; set; }
    public required DateTimeOffset Time { get; init; }
    public required string Type { get; init; }
    public ActorId? ActorId { get; init; }
    public RequestId? Correlation { get; init; }
    public required byte[] Bytes { get; init; }
}

/// <summary>A hash tile of the log: 32 bytes a hash, up to 256 of them; it grows until it is full.</summary>
internal sealed class LogTileRow
{
    public required int Level { get; init; }
    public required long Index { get; init; }
    public required byte[] Hashes { get; set; }
}

/// <summary>A signed head of the log; the one with the largest size is the newest.</summary>
internal sealed class LogHeadRow
{
    public required long Size { get; init; }
    /// <summary>The size of the head before it, 0 for the first.</summary>
    public required long Follows { get; init; }
    public required byte[] Root { get; init; }
    public required string Note { get; init; }
    public required DateTimeOffset SignedAt { get; init; }
}

/// <summary>A witness's cosignature of the head of a size.</summary>
internal sealed class LogCosignatureRow
{
    public required long Size { get; init; }
    /// <summary>The witness's public key.</summary>
    public required string Witness { get; init; }
    /// <summary>The signature line, with its line feed.</summary>
    public required string Line { get; init; }
    public required DateTimeOffset At { get; init; }
}

/// <summary>A stream of the log to somewhere else.</summary>
internal sealed class StreamRow
{
    public required string Name { get; init; }
    public required string To { get; init; }
    /// <summary>Of a channel: where its address stands, which is a secret and of which <see cref="To"/> has the host alone.</summary>
    public string? AddressFile { get; init; }
    public string? CaFile { get; init; }
    /// <summary>Where the token stands: it is nowhere in the database.</summary>
    public string? TokenFile { get; init; }
    public StreamForm Form { get; init; } = StreamForm.Ocsf;
    /// <summary>The types of entries that go, each whole or its beginning with <c>.*</c> behind it; none for all.</summary>
    public string[] Only { get; init; } = [];
    /// <summary>Of a webhook: where its keys stand, which are nowhere in the database.</summary>
    public string? KeyFile { get; init; }
    /// <summary>Of a webhook or a channel: whether its address may lie inside a network of one's own.</summary>
    public bool ReachesPrivate { get; init; }
    /// <summary>The position of the last entry that has surely arrived, or need not; -1 for none.</summary>
    public required long Cursor { get; set; }
    public required DateTimeOffset AddedAt { get; init; }
    public DateTimeOffset? ConfirmedAt { get; set; }
    /// <summary>Why it does not get through, and since when; null where it does.</summary>
    public string? Trouble { get; set; }
    public DateTimeOffset? TroubleAt { get; set; }
}

internal static class LogTables
{
    public static void Map(ModelBuilder model)
    {
        model.Entity<AuditRow>(entry =>
        {
            entry.ToTable("audit_entries");
            entry.Property(row => row.Id).ValueGeneratedOnAdd();
            entry.HasIndex(row => row.Position).IsUnique();
            entry.HasIndex(row => row.Correlation);
        });
        model.Entity<LogTileRow>(tile =>
        {
            tile.ToTable("log_tiles");
            tile.HasKey(row => new { row.Level, row.Index });
        });
        model.Entity<LogHeadRow>(head =>
        {
            head.ToTable("log_heads");
            head.HasKey(row => row.Size);
            head.Property(row => row.Size).ValueGeneratedNever();
            // A head has one follower, whatever races: two would be a fork.
            head.HasIndex(row => row.Follows).IsUnique();
        });
        model.Entity<LogCosignatureRow>(cosignature =>
        {
            cosignature.ToTable("log_cosignatures");
            cosignature.HasKey(row => new { row.Size, row.Witness });
        });
        model.Entity<StreamRow>(stream =>
        {
            stream.ToTable("streams");
            stream.HasKey(row => row.Name);
        });
    }
}
