using System.Globalization;
using System.Text;
using Writ.Core.Policy;

namespace Writ.Core.Notices;

/// <summary>
/// A notice as a mail says it: plain text, with only as much as mail deserves. It travels and lies about where others read it, so it holds
/// no command, no address and nothing that decides by itself; what people wrote is quoted, cut, and neither a header nor a link.
/// </summary>
/// <param name="Subject">One line.</param>
/// <param name="Body">Lines of at most 78 characters, but for the link and long words.</param>
public sealed record NoticeText(string Subject, string Body)
{
    private const int LongestName = 100, LongestSaid = 400, LongestSubject = 160, MostZones = 5, Width = 72;

    /// <summary>The text of a notice.</summary>
    public static NoticeText Of(NoticeFacts facts)
    {
        var (who, tool, zones) = (OneLine.Of(facts.Who, LongestName), OneLine.Of(facts.Tool, LongestName), Zones(facts.Zones));
        var (by, whose) = (facts.By is null ? "somebody" : OneLine.Of(facts.By, LongestName), facts.IsOwn ? "your" : $"{who}'s");
        var what = facts.IsMoreTime ? $"more time for a live run of {tool} in {zones}" : facts.IsSeries ? $"a series of {tool} in {zones}" : $"{tool} in {zones}";
        var length = facts.IsSeries ? $"{Duration.Format(facts.Duration)} each" : Duration.Format(facts.Duration);
        var (subject, first, said, act) = facts.Kind switch
        {
            NoticeKind.Asked => ($"{who} asks for {what}", $"{who} asks for {what}, for {length}.", $"{who} wrote", "Look and decide"),
            NoticeKind.Reminder => ($"still undecided: {who} asks for {what}", $"{who} asked for {what}, for {length}, and it is still undecided.", $"{who} wrote", "Look and decide"),
            NoticeKind.GlassBroken => ($"{who} broke the glass: {what}", $"{who} broke the glass: {what}, for {length}, and nobody was asked. It waits for a review; until then {who} is given nothing further.", $"{who} wrote", "Look and review"),
            NoticeKind.Approved => ($"approved: {what}", $"{by} approved {whose} request for {what}, for {length}.", $"{by} wrote", "Look"),
            NoticeKind.Denied => ($"denied: {what}", $"{(facts.IsOwn ? "Your" : whose)} request for {what} was denied.", "The record says", "Look"),
            NoticeKind.Expired => ($"expired: {what}", $"Nobody decided in time: {whose} request for {what} has expired.", "The record says", "Look, and ask again"),
            NoticeKind.GlassReviewed => ($"reviewed: {what}", $"{by} reviewed that {(facts.IsOwn ? "you" : who)} broke the glass for {what}: {(facts.Justified ? "justified" : "not justified")}.", $"{by} wrote", "Look"),
            NoticeKind.GrantRevoked => ($"revoked: {what}", $"{(facts.IsOwn ? "Your" : whose)} grant for {what} was revoked.", "The record says", "Look"),
            NoticeKind.RunKilled => ($"ended: {what}", $"{(facts.IsOwn ? "Your" : whose)} run of {what} was ended by somebody else.", "The record says", "Look"),
            NoticeKind.SeriesSuspended => ($"suspended: {what}", $"{(facts.IsOwn ? "Your" : whose)} series of {tool} in {zones} is suspended: what was decided on is not what is there any more, and nothing of it is started. It is decided anew, as another one.", "The record says", "Look, and ask again"),
            NoticeKind.None => throw new ArgumentException("a notice of nothing", nameof(facts)),
        };

        var body = new StringBuilder();
        Wrap(body, "", first);
        if (OneLine.Of(facts.Said, LongestSaid) is { Length: > 0 } words)
        {
            body.Append('\n').Append(said).Append(":\n");
            Wrap(body, "> ", words);
        }

        if (facts.Kind is NoticeKind.Asked or NoticeKind.Reminder && facts.Closes is { } closes)
            body.Append('\n').Append(string.Create(CultureInfo.InvariantCulture, $"It can be decided until {Moment(closes, facts.Clock)}.\n"));
        body.Append('\n').Append(act).Append(":\n").Append(facts.Link.AbsoluteUri).Append('\n');
        if (facts.StandsInFor is { } absent)
        {
            body.Append('\n');
            Wrap(body, "", $"You are told since you stand in for {OneLine.Of(absent, LongestName)}.");
        }

        body.Append("\n-- \nNothing is decided by answering this mail. What you are told, and when:\nwrit notices show\n");
        return new(OneLine.Of(subject, LongestSubject), body.ToString());
    }

    private static string Zones(IReadOnlyList<string> zones) => zones.Count switch
    {
        0 => "no zone",
        <= MostZones => string.Join(", ", zones.Select(zone => OneLine.Of(zone, LongestName))),
        _ => string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", zones.Take(MostZones).Select(zone => OneLine.Of(zone, LongestName)))} and {zones.Count - MostZones} more zones"),
    };

    private static string Moment(DateTimeOffset at, TimeZoneInfo clock) =>
        $"{TimeZoneInfo.ConvertTime(at, clock).ToString("ddd d MMM yyyy, HH:mm", CultureInfo.InvariantCulture)} ({(clock == TimeZoneInfo.Utc ? "UTC" : clock.Id)})";

    private static void Wrap(StringBuilder body, string before, string text)
    {
        var line = new StringBuilder(before);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > before.Length && line.Length + 1 + word.Length > Width)
            {
                body.Append(line).Append('\n');
                line.Clear().Append(before);
            }

            if (line.Length > before.Length)
                line.Append(' ');
            line.Append(word);
        }

        body.Append(line).Append('\n');
    }
}
