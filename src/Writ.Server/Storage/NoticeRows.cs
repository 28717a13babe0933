using Microsoft.EntityFrameworkCore;
using Writ.Core.Notices;
using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>A notice to one person: the outbox. What it says is read when it is sent.</summary>
internal sealed class NoticeRow
{
    public required NoticeId Id { get; init; }
    public required ActorId PersonId { get; init; }
    public required NoticeKind Kind { get; init; }
    public required NoticeChannel Channel { get; init; }
    /// <summary>The request, grant or run that it is about, and of a request its revision; 0 for all else.</summary>
    public required string Subject { get; init; }
    public required int Revision { get; init; }
    public required RequestId RequestId { get; init; }
    /// <summary>Who did it, by name, where somebody did.</summary>
    public string? By { get; init; }
    /// <summary>For whom they stand in, by name.</summary>
    public string? StandsInFor { get; init; }
    public required NoticeState State { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When it is sent, or tried again. Whoever sends it moves it ahead first, which is their claim.</summary>
    public required DateTimeOffset DueAt { get; set; }
    public int Failures { get; set; }
    /// <summary>Why it was not taken, or why there is nothing to tell any more.</summary>
    public string? Trouble { get; set; }
    public DateTimeOffset? SettledAt { get; set; }
}

/// <summary>Where and when a person is told.</summary>
internal sealed class NoticeSettingsRow
{
    public required ActorId ActorId { get; init; }
    public bool IsMailOff { get; set; }
    /// <summary>Quiet hours such as <c>22:00-07:00</c>, and the time zone in which they are.</summary>
    public string? Quiet { get; set; }
    public string? QuietZone { get; set; }
    /// <summary>Who is told as well, until when.</summary>
    public ActorId? StandIn { get; set; }
    public DateTimeOffset? StandInUntil { get; set; }
    /// <summary>The address, which somebody vouched for; <see cref="Writ.Server.Notices.AddressSource"/> says who.</summary>
    public string? Address { get; set; }
    public string? AddressFrom { get; set; }
    public DateTimeOffset? AddressAt { get; set; }
    /// <summary>An address that the person named and has not confirmed; the SHA-256 of the code that was mailed to it.</summary>
    public string? Wish { get; set; }
    public byte[]? WishCode { get; set; }
    public DateTimeOffset? WishUntil { get; set; }
    public int WishGuesses { get; set; }
    /// <summary>How many codes were mailed for them, since when.</summary>
    public int Codes { get; set; }
    public DateTimeOffset? CodesSince { get; set; }
}

/// <summary>One browser of a person's, to which they are told by push.</summary>
internal sealed class PushSubscriptionRow
{
    public required PushId Id { get; init; }
    public required ActorId ActorId { get; init; }
    /// <summary>Where its push service takes what is for it: a capability of its own, shown to nobody. Each is one person's.</summary>
    public required string Endpoint { get; init; }
    /// <summary>The browser's public key: an uncompressed point of P-256, 65 bytes.</summary>
    public required byte[] Key { get; set; }
    /// <summary>What browser and server have in common, 16 bytes (RFC 8291, 3.2).</summary>
    public required byte[] Auth { get; set; }
    /// <summary>What the browser calls itself.</summary>
    public required string Browser { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When something for it was last taken.</summary>
    public DateTimeOffset? TakenAt { get; set; }
    /// <summary>How often nothing was taken since then.</summary>
    public int Failures { get; set; }
}

/// <summary>How far the log was read for notices, and what is in the way of mail. One row.</summary>
internal sealed class NoticeProgressRow
{
    public const int Only = 1;

    public int Id { get; init; } = Only;
    public required long Cursor { get; set; }
    public string? Trouble { get; set; }
    public DateTimeOffset? TroubleAt { get; set; }
    public DateTimeOffset? SentAt { get; set; }
}

internal static class NoticeTables
{
    public static void Map(ModelBuilder model)
    {
        model.Entity<NoticeRow>(notice =>
        {
            notice.ToTable("notices");
            // A person is told once of the same thing by each way, whatever races.
            notice.HasIndex(row => new { row.Subject, row.Revision, row.PersonId, row.Kind, row.Channel }).IsUnique();
            notice.HasIndex(row => new { row.State, row.DueAt });
            notice.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.PersonId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<NoticeSettingsRow>(settings =>
        {
            settings.ToTable("notice_settings");
            settings.HasKey(row => row.ActorId);
            settings.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<PushSubscriptionRow>(push =>
        {
            push.ToTable("push_subscriptions");
            push.HasIndex(row => row.Endpoint).IsUnique();
            push.HasIndex(row => row.ActorId);
            push.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<NoticeProgressRow>(progress =>
        {
            progress.ToTable("notice_progress");
            progress.Property(row => row.Id).ValueGeneratedNever();
        });
    }
}
