using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Series;
using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>A series that was decided on. What was decided stands in the request.</summary>
internal sealed class SeriesRow
{
    public required SeriesId Id { get; init; }
    public required RequestId RequestId { get; init; }
    public required ActorId ActorId { get; init; }
    public required ActorId OwnerId { get; init; }
    public required SeriesState State { get; set; }
    /// <summary>Why it is suspended or ended.</summary>
    public string? Reason { get; set; }
    /// <summary>The person who holds it up; null where what was decided has changed, and then nobody lets it go on.</summary>
    public ActorId? SuspendedBy { get; set; }
    public required DateTimeOffset DecidedAt { get; init; }
    public required DateTimeOffset Until { get; init; }
    /// <summary>When it is due next, and then was not looked at yet; null for never. The update that moves it is what makes a run happen once.</summary>
    public DateTimeOffset? NextAt { get; set; }
    /// <summary>Why what is due was not started when it was looked at: it is tried again until its grace is over.</summary>
    public DateTimeOffset? WaitsAt { get; set; }
    public OccurrenceOutcome? WaitsAs { get; set; }
    public string? WaitsFor { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>What came of a run of a series; never changed.</summary>
internal sealed class OccurrenceRow
{
    public required SeriesId SeriesId { get; init; }
    public required DateTimeOffset DueAt { get; init; }
    public required OccurrenceOutcome Outcome { get; init; }
    public required DateTimeOffset At { get; init; }
    public string? Message { get; init; }
    public RunId? RunId { get; init; }
    /// <summary>How many more were missed after it in one go.</summary>
    public int Further { get; init; }
}

internal static class SeriesTables
{
    public static void Map(ModelBuilder model)
    {
        model.Entity<SeriesRow>(series =>
        {
            series.ToTable("series");
            series.HasIndex(row => row.RequestId).IsUnique();
            series.HasIndex(row => new { row.State, row.NextAt });
            series.HasIndex(row => row.ActorId);
            series.HasIndex(row => row.OwnerId);
            series.HasOne<RequestRow>().WithMany().HasForeignKey(row => row.RequestId).OnDelete(DeleteBehavior.Restrict);
            series.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
            series.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.OwnerId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<OccurrenceRow>(occurrence =>
        {
            occurrence.ToTable("occurrences");
            // Whatever is due comes once, whatever races.
            occurrence.HasKey(row => new { row.SeriesId, row.DueAt });
            occurrence.HasOne<SeriesRow>().WithMany().HasForeignKey(row => row.SeriesId).OnDelete(DeleteBehavior.Restrict);
        });
    }
}
