using Writ.Contracts.Requests;
using Writ.Server.Grants;
using Writ.Server.WebConsole.Pictures;

namespace Writ.Server.WebConsole.Ask;

/// <summary>What a command would mean and what policy says of it, as it is shown while somebody types.</summary>
/// <param name="Sentence">The answer in one sentence.</param>
/// <param name="Tone">The class of its first words.</param>
/// <param name="CanAsk">Whether asking would lead to something.</param>
/// <param name="Better">A command near to a denied one that would not be denied, or null.</param>
/// <param name="CouldBreak">Whether it would be given to whoever breaks the glass.</param>
public sealed record Outlined(
    ExplainView View, string Lead, string Sentence, string Tone, bool CanAsk, IReadOnlyList<string> Why, NearestView? Better, bool CouldBreak, HostPicture Hosts, IReadOnlyList<PortPicture> Ports, MeansPicture Means, ArgvDiff Command)
{
    internal static Outlined Of(ExplainView view, Core.Policy.PolicyDocument? policy, bool breaks = false, bool couldBreak = false)
    {
        var (lead, sentence, tone, can) = Answer(view, breaks);
        var why = view.Evaluation.Verdict == "deny" ? view.Evaluation.Reasons : [];
        var same = view.Nearest is { } near && near.Command.SequenceEqual(view.Command) && near.DurationSeconds is null && near.Uses is null;
        return new(
            view, lead, sentence, tone, can, can ? [] : why, same ? null : view.Nearest, couldBreak, HostPicture.Of(view.Evaluation, view.Plan.Tool, policy), PortPicture.Of(view.Plan, view.Evaluation, policy), MeansPicture.Of(view.Plan),
            ArgvDiff.Of(view.Command, view.Plan, view.Runner));
    }

    private static (string Lead, string Sentence, string Tone, bool CanAsk) Answer(ExplainView view, bool breaks)
    {
        if (view.Withheld is { } withheld)
            return ("A review comes first:", $"{withheld}.", "red", false);
        switch (view.Evaluation.Verdict)
        {
            case "allow" when breaks:
                return ("You break the glass.", $"It is yours at once, and everybody concerned is told. Until {string.Join(", or ", BrokenGlass.Reviewers(view.Evaluation))} has reviewed it, you are given nothing further.", "asks", true);
            case "allow":
                return ("Allowed at once.", "Nobody needs to say yes.", "", true);
            case "require-approval":
                return ("Needs a yes", $"of {string.Join(" and of ", view.Evaluation.Approvals.Select(need => $"{need.Count} {string.Join(" or ", need.From)} for {need.Zone}{(need.WithPasskey ? ", by passkey" : "")}"))}.", "", true);
            default:
                // Only a word is missing: that is no denial yet.
                if (view.Nearest is { } near && near.Command.SequenceEqual(view.Command) && near.Needs.Count > 0)
                {
                    var asks = near.Verdict == "allow" ? "and it is allowed at once" : "and somebody can say yes to it";
                    var lasts = near.DurationSeconds is { } seconds ? $", for {Printable.Words(TimeSpan.FromSeconds(seconds))} at most" : "";
                    return ($"Give a {string.Join(" and a ", near.Needs)},", $"{asks}{lasts}.", "asks", false);
                }

                return ("Policy denies this.", view.Evaluation.Reasons.Count > 0 ? "" : "Nothing opens it.", "red", false);
        }
    }
}
