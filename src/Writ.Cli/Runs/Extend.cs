using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Requests;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>
/// <c>writ extend</c>: asks for more time for a live run. With <c>--wait</c> it waits for the decision, and then for the runner: until that
/// has the new deadline, the run keeps the old one.
/// </summary>
internal static class Extend
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…, or its grant, gr_…");
        var duration = Shared.Span("--for", "how much is added to its deadline, for example 15m; as much as the rule allows unless told");
        var reason = Shared.Text("--reason", "what it is for; approvers and the record see it", "TEXT");
        var ticket = Shared.Text("--ticket", "the id of a ticket elsewhere", "ID");
        var wait = Shared.Span("--wait", "wait so long for the decision, and until the runner has the new deadline");
        var format = Shared.Format();
        return new Verb("extend", "Ask for more time for a live run; prints the request's id and does not wait unless told",
            "writ extend run_06bqz3w1x8 --for 15m --reason 'the dump is not through'",
            "writ extend gr_06bqz3w1x8 --for 1h --reason 'the dump is not through' --wait 10m").With(id, duration, reason, ticket, wait, format).Does(async (parse, cancel) =>
        {
            var run = await RunAsync(context, parse.GetRequiredValue(id), cancel);
            var ask = new ExtendAsk(parse.GetValue(duration)?.TotalSeconds, parse.GetValue(reason), parse.GetValue(ticket));
            // Once it is on its way its outcome is awaited, Ctrl-C or not.
            var answer = await context.Server.CreateAsync($"/v1/runs/{run}/extend", ask, WritJson.Default.ExtendAsk, WritJson.Default.RequestView, CancellationToken.None);
            var json = parse.GetValue(format) == "json";
            var request = parse.GetValue(wait) is null ? answer.Value : answer.ForRun();
            if (!json)
                context.Terminal.Print(Printable.Line(request.Id));
            if (parse.GetValue(wait) is not { } patience)
            {
                if (json)
                    JsonText.Print(context.Terminal, answer.Json);
                else
                    Tell(context, request);
                return ExitCode.Ok;
            }

            var held = await AwaitAsync(context, request, patience, cancel);
            if (json)
                JsonText.Print(context.Terminal, held.Json);
            var extension = held.Value.Extends!;
            if (extension.State == "void")
                throw new Stop(ExitCode.Failed, $"it was approved, and never came into force: {Printable.Line(extension.Message ?? "the run has ended")}", $"writ show {Printable.Line(run)}");
            if (!json)
                Tell(context, held.Value);
            return ExitCode.Ok;
        });
    }

    /// <summary>What is asked for, in words: the run, its deadline, and the one after it.</summary>
    public static string Words(ExtensionView extension, DateTimeOffset now) =>
        $"{Duration.Format(extension.Until - extension.From)} for {extension.Run}: until {When.Full(extension.Until, now)}, instead of {When.Exact(extension.From)}";

    /// <summary>What became of it, in words.</summary>
    public static string State(ExtensionView extension) => extension.State switch
    {
        "granted" or "ordered" => "decided; the run keeps its deadline until its runner has the new one",
        "in-force" => "in force",
        "void" => $"void: {extension.Message ?? "it never came into force"}",
        var other => other,
    };

    private static async Task<string> RunAsync(CliContext context, string id, CancellationToken cancel)
    {
        if (!id.StartsWith("gr_", StringComparison.Ordinal))
            return Shared.CheckedId(id, "run_", "run");
        var grant = Shared.CheckedId(id, "gr_", "grant");
        _ = (await context.Server.GetAsync($"/v1/grants/{grant}", WritJson.Default.GrantView, cancel)).Value;
        var live = new List<string>();
        foreach (var state in (string[])["starting", "running"])
            live.AddRange((await context.Server.GetAsync($"/v1/runs?grant={grant}&state={state}", WritJson.Default.PageRunView, cancel)).Value.Items.Select(run => run.Id));
        return live switch
        {
            [var only] => Shared.CheckedId(only, "run_", "run"),
            [] => throw new Stop(ExitCode.Failed, $"no run of {grant} lives", "more time is for a run that lives; writ run starts one"),
            _ => throw Stop.Usage($"{live.Count} runs of {grant} live", $"name one of them: {Printable.Line(string.Join(", ", live))}"),
        };
    }

    private static void Tell(CliContext context, RequestView request)
    {
        if (request.Extends is not { } extension)
            return;
        if (request.State == "pending")
        {
            context.Terminal.Say($"writ: {Printable.Line(Words(extension, context.Now))}; it waits for approval");
            foreach (var missing in RequestText.Needed(request))
                context.Terminal.Say($"  - {Printable.Line(missing)}");
            context.Terminal.Say($"hint: an approver types: writ approve {Printable.Line(request.Id)}");
            return;
        }

        context.Terminal.Say($"writ: {Printable.Line(Words(extension, context.Now))}; {Printable.Line(State(extension))}");
    }

    private static async Task<Server.Answer<RequestView>> AwaitAsync(CliContext context, RequestView request, TimeSpan patience, CancellationToken cancel)
    {
        if (request.State == "pending")
        {
            context.Terminal.Say($"writ: {Printable.Line(Words(request.Extends!, context.Now))}");
            try
            {
                request = await AwaitDecision.ForAsync(context, request, patience, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                context.Terminal.ClearStatus();
                throw new Stop(ExitCode.Interrupted, $"no longer waiting; {request.Id} stays pending", $"writ cancel {request.Id} takes it back");
            }
        }

        if (request.State != "approved")
            throw AwaitDecision.Ended(request);
        var told = false;
        while (true)
        {
            var answer = await context.Server.GetAsync($"/v1/requests/{request.Id}", WritJson.Default.RequestView, cancel);
            if (answer.Value.Extends is { State: "in-force" or "void" })
                return answer;
            // Whatever becomes of it, it becomes that at the old deadline at the latest, or the server is long past it.
            if (context.Now > answer.Value.Extends!.Until + Attachment.Window)
                throw new Stop(ExitCode.Failed, "nobody knows whether the runner has the new deadline", $"writ show {answer.Value.Extends.Run}");
            if (!told)
                context.Terminal.Remark($"writ: approved; the run keeps its deadline {When.Exact(answer.Value.Extends.From)} until its runner has the new one");
            told = true;
            await Task.Delay(Look, context.Time, cancel);
        }
    }
}
