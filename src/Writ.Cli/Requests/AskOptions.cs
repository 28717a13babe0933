using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Templates;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Templates;

namespace Writ.Cli.Requests;

/// <summary>The options that shape a request, for <c>request</c> and for <c>run</c>.</summary>
internal sealed class AskOptions
{
    private readonly Option<string?> _reason = Shared.Text("--reason", "what it is for; approvers and the record see it", "TEXT");
    private readonly Option<string?> _ticket = Shared.Text("--ticket", "the id of a ticket elsewhere", "ID");
    private readonly Option<TimeSpan?> _duration = Shared.Span("--for", "how long the right shall last, for example 30m");
    private readonly Option<int?> _uses = Shared.Count("--uses", "how many runs; 1 unless told");
    private readonly Option<DateTimeOffset?> _start = new("--start")
    {
        Description = "when the time begins to count; at approval unless told",
        HelpName = "TIME",
        CustomParser = Instant.OfOption,
    };
    private readonly Option<bool> _breakGlass = new("--break-glass")
    {
        Description = "an emergency: nobody is asked first, the owners are told, and nothing further is given to you until somebody else has reviewed it",
    };
    private readonly Option<string?> _sameAs = Shared.Text("--same-as", "what an earlier run or request asked for, in the place of a command; other options change it", "ID");
    private readonly Option<string?> _rest = Shared.Text("--continue", "what an earlier run that was cut has not measured, in the place of a command", "RUN");
    private readonly Argument<string[]> _command = Shared.ToolCommand();

    // Whether there is one or something in its place is looked at when all of it is read.
    public AskOptions() => _command.Arity = ArgumentArity.ZeroOrMore;

    /// <summary>Adds the options to a verb; <c>run</c> starts at once and takes no start.</summary>
    public Verb AddTo(Verb verb, bool start)
    {
        verb.With(_reason, _ticket, _duration, _uses, _breakGlass, _sameAs, _rest);
        if (start)
            verb.Add(_start);
        return verb.With(_command);
    }

    /// <summary>The request's body: the command, the template with its values, or what was asked for before.</summary>
    public async Task<AskForAccess> ReadAsync(CliContext context, ParseResult parse, CancellationToken cancel)
    {
        var words = parse.GetValue(_command) ?? [];
        string[] others = [.. new[] { _sameAs, _rest }.Where(option => parse.GetValue(option) is not null).Select(option => option.Name)];
        if (others.Length + Math.Min(1, words.Length) > 1)
            throw Stop.Usage($"{others[0]} stands in the place of a command{(others.Length > 1 ? $", and so does {others[1]}" : "")}");
        if (others.Length + words.Length == 0)
            throw Stop.Usage("a command is missing", "it stands behind --, as in: -- nmap -p 22,80 10.20.0.5");
        var start = parse.CommandResult.Command.Options.Contains(_start) ? parse.GetValue(_start) : null;
        var (reason, ticket, duration, uses) = (parse.GetValue(_reason), parse.GetValue(_ticket), parse.GetValue(_duration)?.TotalSeconds, parse.GetValue(_uses));
        if ((parse.GetValue(_sameAs) ?? parse.GetValue(_rest)) is { } id)
        {
            var before = await EarlierAsync(context, id, cancel);
            if (parse.GetValue(_rest) is { } cut)
                before = before with { Command = await RestAsync(context, cut, cancel), Template = null };
            // A use of a template is one again, of the version of today.
            var again = before.Template is { } use ? new TemplateAsk(use.Name, use.Parameters) : null;
            return new(
                again is null ? before.Command : null, reason ?? before.Reason, ticket ?? before.Ticket, duration ?? (before.DurationSeconds > 0 ? before.DurationSeconds : null), uses ?? (before.Uses > 0 ? before.Uses : null), start, Template: again, BreakGlass: parse.GetValue(_breakGlass));
        }

        var template = TemplateText.Read(words);
        return new(template is null ? words : null, reason, ticket, duration, uses, start, Template: template, BreakGlass: parse.GetValue(_breakGlass));
    }

    /// <summary>The command on what the run has not measured.</summary>
    private static async Task<IReadOnlyList<string>> RestAsync(CliContext context, string run, CancellationToken cancel)
    {
        var rest = (await context.Server.GetAsync($"/v1/runs/{Shared.CheckedId(run, "run_", "run")}/rest", WritJson.Default.RestView, cancel)).ForRun();
        if (rest.Command.Count == 0)
            throw new Stop(ExitCode.Failed, $"nothing is left: {Printable.Line(run)} has measured all of its targets");
        context.Terminal.Remark($"writ: {Printable.Line(rest.Hosts)} of its targets are left: {Printable.Line(Printable.Command(rest.Command))}");
        return rest.Command;
    }

    /// <summary>The request of that id, or of the run of that id. What was approved for less is asked for as it was approved.</summary>
    private static async Task<RequestView> EarlierAsync(CliContext context, string id, CancellationToken cancel)
    {
        if (id.StartsWith("run_", StringComparison.Ordinal))
            id = (await context.Server.GetAsync($"/v1/runs/{Shared.CheckedId(id, "run_", "run")}", WritJson.Default.RunView, cancel)).ForRun().Request;
        var request = (await context.Server.GetAsync($"/v1/requests/{Shared.CheckedId(id, "req_", "run or request")}", WritJson.Default.RequestView, cancel)).ForRun();
        return request.Extends is { } extension ? throw Stop.Usage($"{Printable.Line(id)} asked for more time, and not for a run", $"say --same-as {Printable.Line(extension.Run)}") : request;
    }
}
