using System.CommandLine;
using Writ.Cli.Files;
using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Requests;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;

namespace Writ.Cli.Runs;

/// <summary>
/// <c>writ run</c>.
/// <list type="number">
/// <item>Use a grant that covers the command, if there is one: two round trips in all.</item>
/// <item>Else ask for one. Policy denies, allows at once, or wants approval.</item>
/// <item>Wait for the decision.</item>
/// <item>Use the grant that resulted.</item>
/// <item>Attach: output streams until the run ends, and the run ends with this process.</item>
/// <item>Put the files that it wrote where the command says.</item>
/// </list>
/// </summary>
internal static class Run
{
    private static readonly TimeSpan WaitUnlessTold = TimeSpan.FromMinutes(10);

    public static Verb Verb(CliContext context)
    {
        var ask = new AskOptions();
        var wait = Shared.Span("--wait", "how long to wait for a decision; 10m unless told");
        var detach = new Option<bool>("--detach", "-d") { Description = "print the run's id and let it go on without this terminal" };
        var quiet = Shared.Quiet();
        return ask.AddTo(new Verb("run", "Run a command: use a grant that covers it, or ask, wait, and run",
            "writ run -- nmap -sV -p 22,80 10.20.0.5",
            "writ run @web-check host=web1.staging",
            "writ run --continue run_06bqz3w1x8",
            "writ run --reason 'debug the login page' --for 30m -- nmap -p 443 10.20.0.0/28",
            "writ run --break-glass --reason 'pumps are down, INC-4711' -- nmap -p 502 10.66.0.5",
            "id=$(writ run --detach --reason nightly -- nmap -sn 10.20.0.0/24); writ watch $id").With(wait, detach, quiet), start: false)
            .Does(async (parse, _) =>
            {
                using var interruption = context.Listen();
                var asked = await ask.ReadAsync(context, parse, interruption.Asked);
                if (!parse.GetValue(detach))
                    return await AttachedAsync(context, asked, parse.GetValue(wait), parse.GetValue(quiet), interruption);
                var run = await StartAsync(context, asked, SentInputs.Of(asked, context.Terminal.RawInput), detach: true, parse.GetValue(wait) ?? WaitUnlessTold, interruption);
                context.Terminal.Print(Printable.Line(run.Id));
                context.Terminal.Remark($"writ: it goes on by itself; see it with: writ watch {Printable.Line(run.Id)}");
                return ExitCode.Ok;
            });
    }

    /// <summary>Runs a command in this terminal, to its end.</summary>
    /// <param name="context">What every verb is given.</param>
    /// <param name="asked">The command, and what is asked for where no grant covers it.</param>
    /// <param name="wait">How long to wait for a decision; null for as long as <c>writ run</c> does.</param>
    /// <param name="quiet">No progress line.</param>
    /// <param name="interruption">Ctrl-C and its like.</param>
    /// <param name="reason">Asks for a reason where a rule wants one and none was given; null where nobody is asked.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> AttachedAsync(CliContext context, AskForAccess asked, TimeSpan? wait, bool quiet, Interruption interruption, Func<string?>? reason = null)
    {
        var inputs = SentInputs.Of(asked, context.Terminal.RawInput);
        var run = await StartAsync(context, asked, inputs, detach: false, wait ?? WaitUnlessTold, interruption, reason);
        WrittenFiles.Foretell(context, run, inputs);
        var code = await Follow.OwnAsync(context, run, quiet, interruption); // 5
        return await WrittenFiles.TakeAsync(context, run, inputs, code); // 6
    }

    private static async Task<RunView> StartAsync(
        CliContext context, AskForAccess ask, SentInputs inputs, bool detach, TimeSpan wait, Interruption interruption, Func<string?>? reason = null)
    {
        // Once a POST is on its way its outcome is awaited, Ctrl-C or not: nothing may run that nobody knows of.
        var terminal = detach ? null : TerminalHere(context);
        var held = await PostRunAsync(context, new(ask.Template is null ? ask.Command : null, null, detach, Terminal: terminal, Template: ask.Template), inputs); // 1
        if (held.Problem is not { Type: ErrorCode.NoGrant })
            return held.ForRun();
        if (interruption.Asked.IsCancellationRequested)
            throw new Stop(ExitCode.Interrupted, "interrupted; nothing was asked");

        var answer = await AskAsync(context, ask, inputs); // 2
        if (answer.Problem is { Type: ErrorCode.ReasonRequired } && reason?.Invoke() is { } given)
            answer = await AskAsync(context, ask = ask with { Reason = given }, inputs);
        var request = answer.ForRun();
        var asked = request.Command;
        if (request.Plan.Terminal == SandboxTerms.TerminalNeeded && terminal is null)
            throw Stop.Usage($"{Printable.Line(request.Plan.Tool)} is interactive here, and there is no terminal", $"{request.Id} stays; run the same command in a terminal, with neither a pipe nor --detach");
        RequestText.Warn(context.Terminal, request);
        GlassText.Say(context.Terminal, request);
        if (request.State == "pending")
        {
            try
            {
                request = await AwaitDecision.ForAsync(context, request, wait, interruption.Asked); // 3
            }
            catch (OperationCanceledException) when (interruption.Asked.IsCancellationRequested)
            {
                context.Terminal.ClearStatus();
                throw new Stop(ExitCode.Interrupted, $"no longer waiting; {request.Id} stays pending", $"writ cancel {request.Id} takes it back");
            }
        }

        if (request.State != "approved")
            throw AwaitDecision.Ended(request);
        if (interruption.Asked.IsCancellationRequested)
            throw new Stop(ExitCode.Interrupted, $"interrupted; {request.Id} is approved and nothing was run", "the same command runs at once");
        if (!request.Command.SequenceEqual(asked))
            context.Terminal.Say($"writ: it was approved for less than was asked, and this runs: {Printable.Line(string.Join(' ', request.Command))}");
        return (await PostRunAsync(context, new(request.Command, request.Grant, detach, Terminal: terminal), inputs)).ForRun(); // 4
    }

    // Both ways: who cannot see cannot type, and what is typed elsewhere is a file.
    private static TerminalAsk? TerminalHere(CliContext context)
    {
        if (context.Terminal is not { InputIsTerminal: true, OutputIsTerminal: true } || context.Terminal.Size() is not var (columns, rows))
            return null;
        var plain = context.Variable("TERM") is { Length: <= 64 } type && type.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '+' or '_' or '-') ? type : "dumb";
        return new(Math.Min(columns, OrderTerminal.Largest), Math.Min(rows, OrderTerminal.Largest), plain);
    }

    private static Task<Server.Answer<RequestView>> AskAsync(CliContext context, AskForAccess ask, SentInputs inputs) => inputs.SendAsync(() => context.Server.CreateAsync(
        "/v1/requests", ask with { Inputs = inputs.Files }, WritJson.Default.AskForAccess, WritJson.Default.RequestView, CancellationToken.None));

    private static Task<Server.Answer<RunView>> PostRunAsync(CliContext context, StartRun start, SentInputs inputs) => inputs.SendAsync(() =>
        context.Server.CreateAsync(
            "/v1/runs", start with { Inputs = inputs.Digests }, WritJson.Default.StartRun, WritJson.Default.RunView, CancellationToken.None));
}
