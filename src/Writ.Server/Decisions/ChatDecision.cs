using Writ.Core.Decisions;
using Writ.Proof.Statements;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.WebConsole;

namespace Writ.Server.Decisions;

/// <summary>
/// What people may decide on with a button in a chat: a request on which a rule lets them, and that can be shown there whole. Where the command is
/// too long, or brings files along, the page shows it.
/// </summary>
internal static class ChatDecision
{
    /// <summary>The most characters of a command that is decided on by a button.</summary>
    private const int MostCommand = 600;

    /// <summary>What has to be shown beside the buttons; null where there are none.</summary>
    public static string? Shown(RequestRow request)
    {
        if (request.Series is not null || request.BreakGlass || !RequestViews.Needs(request).Any(need => need.ByChat)
            || Statement.Read(request.Statement) is not { IsOk: true, Value: { Inputs.Count: 0 } })
            return null;
        var command = Printable.Command(request.Command);
        return command.Length <= MostCommand ? $"{command}\n{Reach(Brief.Hosts(request.Plan))}" : null;
    }

    /// <summary>Whether this person's yes or no on the request is taken from there. A yes that would count for a part of it is none.</summary>
    public static bool IsTaken(RequestRow request, Decider decider, bool approve) =>
        Shown(request) is not null && (!approve || Quorum.TakesChat(RequestViews.Needs(request), decider));

    private static string Reach(string hosts) => hosts == "1" ? "one address" : $"{Printable.Number(hosts)} addresses";
}
