using Writ.Cli.Output;
using Writ.Contracts.Requests;

namespace Writ.Cli.Grants;

/// <summary>Glass that was broken, in words.</summary>
internal static class GlassText
{
    /// <summary>Where it stands; null for what has nothing to do with it.</summary>
    public static string? Of(BreakGlassView? glass, DateTimeOffset now) => glass switch
    {
        null => null,
        { Review: { } review } => $"reviewed by {review.By.Name} {When.Full(review.At, now)}, {(review.Justified ? "justified" : "NOT JUSTIFIED")}: {review.Comment}",
        { State: "awaits-review" } => $"waits for a review by {string.Join(", or ", glass.Reviewers)}",
        _ => "asked for, and denied",
    };

    /// <summary>A state with the mark, for lists.</summary>
    public static string State(string state, BreakGlassView? glass) => glass switch
    {
        null => state,
        { State: "awaits-review" } => $"{state}, break-glass, awaits review",
        _ => $"{state}, break-glass",
    };

    /// <summary>What it means to have broken it.</summary>
    public static void Say(Terminal terminal, RequestView request)
    {
        if (request.BreakGlass is not { State: "awaits-review" } glass)
            return;
        terminal.Say(Printable.Line($"writ: the glass is broken, and the owners are told; you are given nothing further until {request.Grant} is reviewed by {string.Join(", or ", glass.Reviewers)}"));
    }
}
