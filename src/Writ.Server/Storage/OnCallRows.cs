using Microsoft.EntityFrameworkCore;
namespace Writ.Server.Storage;

/// <summary>Who is on call, as a source outside says it. What decides looks here, and asks nobody.</summary>
internal sealed class OnCallRow
{
    /// <summary>The source's name in the servers' file of sources.</summary>
    public required string Source { get; init; }
    /// <summary>The names that it gave last.</summary>
    public required string[] People { get; set; }
    /// <summary>When its last answer was asked for, and until when that holds; null before the first.</summary>
    public DateTimeOffset? AnsweredAt { get; set; }
    public DateTimeOffset? HoldsUntil { get; set; }
    /// <summary>When it is asked next. Of any number of servers that one asks which moves it on.</summary>
    public required DateTimeOffset NextAt { get; set; }
    /// <summary>Why it gives no answer that counts, and since when; null where it does.</summary>
    public string? Trouble { get; set; }
    public DateTimeOffset? TroubleAt { get; set; }
    /// <summary>Whether the log has it as known; its answer holds or not by itself.</summary>
    public bool IsKnown { get; set; }
}

internal static class OnCallTables
{
    public static void Map(ModelBuilder model)
    {
        model.Entity<OnCallRow>(source =>
        {
            source.ToTable("on_call");
            source.HasKey(row => row.Source);
        });
    }
}
