using System.Globalization;
using Writ.Contracts.Requests;
using Writ.Core.Policy;

namespace Writ.Server.Requests;

/// <summary>The command nearest to a denied one that policy would not deny, as the API shows it.</summary>
internal static class NearestViews
{
    public static NearestView? Of(
        PolicyDocument policy, Subject subject, IReadOnlyList<string> command, Planned planned, AskedTerms terms, DateTimeOffset at) =>
        NearestCommand.Find(policy, subject, command, planned.Context, terms, at) is { } near
            ? new(near.Command, VerdictText.Of(near.Evaluation.Verdict), near.Changes, near.Terms.Duration?.TotalSeconds, near.Terms.Uses, near.Needs)
            : null;

    /// <summary>It in one line, for somebody who may type it.</summary>
    public static string Hint(NearestView near)
    {
        var how = near.Verdict == VerdictText.Of(Verdict.Allow) ? "would be allowed" : "could be approved";
        var changes = near.Changes.Count == 0 ? "" : $" ({string.Join("; ", near.Changes)})";
        return string.Create(CultureInfo.InvariantCulture, $"this {how}: {string.Join(' ', near.Command.Select(Quoted))}{changes}");
    }

    private static string Quoted(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:,=@%+".Contains(c, StringComparison.Ordinal))
            ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
