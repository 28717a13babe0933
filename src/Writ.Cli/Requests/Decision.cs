using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Proof.Errors;

namespace Writ.Cli.Requests;

/// <summary>
/// What <c>approve</c> and <c>deny</c> share: the request is read and shown, and the decision names the digest of the
/// statement that was shown. If it changed meanwhile, the server refuses.
/// </summary>
internal sealed class Decision
{
    private readonly Argument<string> _id = Shared.Id("REQUEST", "the request, req_…");
    private readonly Option<string?> _comment = Shared.Text("--comment", "for the requester and the record", "TEXT");
    private readonly Option<string> _format = Shared.Format();

    public Verb AddTo(Verb verb) => verb.With(_id, _comment, _format);

    /// <summary>Shows the request on standard error.</summary>
    public async Task<RequestView> ShowAsync(CliContext context, ParseResult parse, CancellationToken cancel)
    {
        var id = Shared.CheckedId(parse.GetRequiredValue(_id), "req_", "request");
        var request = (await context.Server.GetAsync($"/v1/requests/{id}", WritJson.Default.RequestView, cancel)).Value;
        foreach (var line in RequestText.Full(request, context.Now).Lines(context.Terminal))
            context.Terminal.Say(line);
        return request;
    }

    /// <summary>Decides on what was shown.</summary>
    public async Task<Answer<RequestView>> SendAsync(CliContext context, ParseResult parse, RequestView shown, string verb, CancellationToken cancel)
    {
        if (shown.State != "pending" || shown.StatementDigest is not { } digest)
            throw new Stop(ExitCode.Failed, $"request {shown.Id} is {shown.State}: there is nothing to decide");
        var answer = await context.Server.PostAsync(
            $"/v1/requests/{shown.Id}/{verb}", new Decide(digest, parse.GetValue(_comment)), WritJson.Default.Decide, WritJson.Default.RequestView, cancel);
        return answer.Problem is { Type: ErrorCode.PasskeyNeeded, Needs: [var page] } ? await ApproveByPasskey.WaitAsync(context, shown, page, cancel) : answer;
    }

    /// <summary>Makes what was shown shorter, and nothing else of it; the revision that is to be decided on.</summary>
    public async Task<Answer<RequestView>> NarrowAsync(CliContext context, ParseResult parse, RequestView shown, TimeSpan given, CancellationToken cancel)
    {
        if (shown.StatementDigest is not { } digest)
            throw new Stop(ExitCode.Failed, $"request {shown.Id} has no statement: there is nothing to decide");
        var ask = new NarrowAsk(digest, DurationSeconds: given.TotalSeconds, Comment: parse.GetValue(_comment));
        var answer = await context.Server.PostAsync($"/v1/requests/{shown.Id}/narrow", ask, WritJson.Default.NarrowAsk, WritJson.Default.RequestView, cancel);
        var narrowed = answer.Value;
        // What is approved next is what stands above but for its time, or it is not approved.
        if (narrowed.Revision != shown.Revision + 1 || narrowed.DurationSeconds > given.TotalSeconds || !narrowed.Command.SequenceEqual(shown.Command)
            || narrowed.Runner != shown.Runner || !narrowed.Plan.Scope.Addresses.SequenceEqual(shown.Plan.Scope.Addresses))
            throw new Stop(ExitCode.Failed, "the request has become another meanwhile; nothing of it was approved here", $"look again: writ approve {Printable.Line(shown.Id)}");
        context.Terminal.Say($"writ: revision {narrowed.Revision} is for {Duration.Format(TimeSpan.FromSeconds(narrowed.DurationSeconds))}");
        return answer;
    }

    /// <summary>Prints what came of it: as JSON, or the line.</summary>
    public int Print(CliContext context, ParseResult parse, Answer<RequestView> answer, Func<RequestView, string> line)
    {
        var request = answer.Value;
        if (parse.GetValue(_format) == "json")
            JsonText.Print(context.Terminal, answer.Json);
        else
            context.Terminal.Print(Printable.Line(line(request)));
        return ExitCode.Ok;
    }
}
