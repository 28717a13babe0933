using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Requests;
using Writ.Cli.Server;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Requests;

namespace Writ.Cli.Runs;

/// <summary>
/// Waits until a pending request is decided, with a live line on a terminal and silence elsewhere. Waiting changes
/// nothing: whoever stops waiting leaves the request as it is.
/// </summary>
internal static class AwaitDecision
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <returns>The request, approved.</returns>
    /// <exception cref="Stop">It was denied, ended, or the wait is over.</exception>
    public static async Task<RequestView> ForAsync(CliContext context, RequestView request, TimeSpan wait, CancellationToken interrupted)
    {
        var terminal = context.Terminal;
        var begun = context.Time.GetTimestamp();
        var shown = RequestText.Needed(request);
        terminal.Say($"writ: {request.Id} waits for approval");
        foreach (var needed in shown)
            terminal.Say($"  - {Printable.Line(needed)}");
        terminal.Say($"hint: an approver types: writ approve {request.Id}");

        Problem? signedOut = null;
        while (request.State == "pending")
        {
            var left = wait - context.Time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                if (signedOut is not null)
                    throw Stop.Of(signedOut, ExitCode.NotSignedIn);
                throw new Stop(ExitCode.NoDecision, $"no decision within {Duration.Format(wait)}",
                    $"{request.Id} stays open until {When.Exact(request.ExpiresAt)}; once it is approved, {(request.Extends is null ? "the same command runs at once" : "the run has more time")}");
            }

            var answer = await PollAsync(context, request, left < LongPoll ? left : LongPoll, begun, interrupted);
            if (answer?.Problem is { Status: 401 } over && context.SignInIsKept)
            {
                // The request stands, and so does the wait: who signs in again, in another terminal, takes it up.
                if (signedOut is null)
                    terminal.Say($"writ: {Printable.Line(over.Detail ?? over.Title)}; the wait goes on once you sign in again: {Printable.Line(over.Hint ?? "writ login")}");
                signedOut = over;
                await Task.Delay(Tick, context.Time, interrupted);
                continue;
            }

            if (answer is null)
                continue;
            signedOut = null;
            request = answer.ForRun();
            if (request.State == "pending" && RequestText.Needed(request) is var needs && !needs.SequenceEqual(shown))
            {
                shown = needs;
                terminal.Say($"writ: still missing {Printable.Line(string.Join("; ", needs))}");
            }
        }

        terminal.ClearStatus();
        return request.State == "approved" ? Approved(terminal, request) : throw Ended(request);
    }

    /// <summary>Why a request that is over gives no run.</summary>
    public static Stop Ended(RequestView request)
    {
        switch (request.State)
        {
            case "denied" when request.Decisions.LastOrDefault(decision => !decision.Approved && decision.By is not null) is { } no:
                var comment = string.IsNullOrWhiteSpace(no.Comment) ? "" : $": {no.Comment}";
                return new(ExitCode.DeniedByReviewer, $"denied by {no.By!.Name}{comment}");
            case "denied":
                return new(ExitCode.DeniedByPolicy, request.EndReason is { Length: > 0 } why ? why : "denied by policy", null,
                    request.Evaluation.Verdict == "deny" ? request.Evaluation.Reasons : []);
            case "expired":
                return request.Extends is null
                    ? new(ExitCode.NoDecision, $"nobody decided {request.Id} before it expired", "ask again, and tell an approver")
                    : new(ExitCode.NoDecision, $"{request.Id} has expired: {request.EndReason}");
            case "cancelled":
                return new(ExitCode.NoDecision, $"{request.Id} was cancelled");
            default:
                return new(ExitCode.Failed, $"{request.Id} is {request.State}");
        }
    }

    private static RequestView Approved(Terminal terminal, RequestView request)
    {
        var names = request.Decisions.Where(decision => decision.Approved && decision.By is not null).Select(decision => decision.By!.Name).ToArray();
        terminal.Say($"writ: approved{(names.Length > 0 ? $" by {Printable.Line(string.Join(", ", names))}" : "")}");
        return request;
    }

    // Null when the server could not be asked: the next round tries again.
    private static async Task<Answer<RequestView>?> PollAsync(
        CliContext context, RequestView request, TimeSpan wait, long begun, CancellationToken interrupted)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        var poll = context.Server.GetAsync(
            $"/v1/requests/{request.Id}?wait={seconds}&seen=pending", WritJson.Default.RequestView, cancel.Token, TimeSpan.FromSeconds(seconds));
        try
        {
            while (true)
            {
                Show(context, request, begun, "");
                var tick = Task.Delay(Tick, context.Time, cancel.Token);
                if (await Task.WhenAny(poll, tick) == poll)
                    return await poll;
                await tick;
            }
        }
        catch (HttpRequestException error)
        {
            Show(context, request, begun, $" · cannot reach the server: {Unreachable.Why(error)}");
            await Task.Delay(Tick, context.Time, interrupted);
            return null;
        }
        finally
        {
            await cancel.CancelAsync();
        }
    }

    private static void Show(CliContext context, RequestView request, long begun, string remark)
    {
        var missing = string.Join("; ", RequestText.Needed(request));
        context.Terminal.Status(Printable.Line(
            $"writ: waiting {Duration.Clock(context.Time.GetElapsedTime(begun))} · {missing}{remark} · Ctrl-C stops waiting"));
    }
}
