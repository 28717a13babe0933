using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>The account in Slack whose buttons speak for a person, and the code by which they name it.</summary>
internal sealed class ChatAccountRow
{
    public required ActorId ActorId { get; init; }
    /// <summary><c>T0123ABCD/U0123ABCD</c>: its workspace and its id there; null before it was linked.</summary>
    public string? Account { get; set; }
    public DateTimeOffset? LinkedAt { get; set; }
    /// <summary>The SHA-256 of a code that was given out and not typed yet, and until when it holds.</summary>
    public byte[]? Code { get; set; }
    public DateTimeOffset? CodeUntil { get; set; }
}

internal static class ChatTables
{
    public static void Map(ModelBuilder model) => model.Entity<ChatAccountRow>(account =>
    {
        account.ToTable("chat_accounts");
        account.HasKey(row => row.ActorId);
        // An account speaks for one person, and a code for one, whatever races.
        account.HasIndex(row => row.Account).IsUnique();
        account.HasIndex(row => row.Code).IsUnique();
        account.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
    });
}
