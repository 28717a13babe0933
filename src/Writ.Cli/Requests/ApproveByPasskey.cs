using Writ.Cli.Identity;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Contracts;
using Writ.Contracts.Requests;

namespace Writ.Cli.Requests;

/// <summary>
/// An approval for which a rule asks for a passkey is given in a browser, here or on the phone: shows where, and waits until it is
/// there. Waiting changes nothing.
/// </summary>
internal static class ApproveByPasskey
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(3), Longest = TimeSpan.FromMinutes(15);

    /// <summary>The request once the caller's own decision is among its decisions.</summary>
    /// <exception cref="Stop">It ended otherwise, became another, or nobody approved in time.</exception>
    public static async Task<Answer<RequestView>> WaitAsync(CliContext context, RequestView shown, string page, CancellationToken cancel)
    {
        if (!Uri.TryCreate(page, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
            throw new Stop(ExitCode.Failed, "the server names no page where this is approved by passkey");
        var terminal = context.Terminal;
        var me = (await context.Server.GetAsync("/v1/whoami", WritJson.Default.WhoAmI, cancel)).Value.Id;
        var opened = Browser.Open(context, address);
        terminal.Say($"writ: a rule asks for your passkey; approve {(opened ? "in the browser that was opened" : "here")}, or on your phone:");
        terminal.Say($"  {Printable.Line(address.AbsoluteUri)}");
        if (terminal.ErrorIsTerminal && QrCode.Of(address.AbsoluteUri) is { } code)
        {
            foreach (var line in code)
                terminal.Say(terminal.Colour ? $"  \e[97;40m{line}\e[0m" : $"  {line}");
        }

        terminal.Say($"hint: compare what the page shows with what stands above; its statement is {shown.StatementDigest![..16]}");
        var begun = context.Time.GetTimestamp();
        while (context.Time.GetElapsedTime(begun) < Longest)
        {
            terminal.Status($"writ: waiting for your passkey {Duration.Clock(context.Time.GetElapsedTime(begun))} · Ctrl-C stops waiting");
            var answer = await context.Server.GetAsync($"/v1/requests/{shown.Id}?wait={(int)LongPoll.TotalSeconds}&seen=pending", WritJson.Default.RequestView, cancel, LongPoll);
            var request = answer.Value;
            if (request.Decisions.Any(decision => decision.By?.Id == me && decision.Revision == shown.Revision))
            {
                terminal.ClearStatus();
                return answer;
            }

            if (request.State != "pending")
                throw new Stop(ExitCode.Failed, $"not approved by you: the request is {request.State}");
            if (request.Revision != shown.Revision || request.StatementDigest != shown.StatementDigest)
                throw new Stop(ExitCode.Failed, "the request has become another meanwhile; nothing of it was approved here", $"look again: writ approve {shown.Id}");
        }

        throw new Stop(ExitCode.Failed, $"no passkey within {Duration.Format(Longest)}; the request stays pending", $"writ approve {shown.Id}");
    }
}
