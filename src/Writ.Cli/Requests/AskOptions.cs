using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Templates;
using Writ.Contracts.Requests;

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
    private readonly Argument<string[]> _command = Shared.ToolCommand();

    /// <summary>Adds the options to a verb; <c>run</c> starts at once and takes no start.</summary>
    public Verb AddTo(Verb verb, bool start)
    {
        verb.With(_reason, _ticket, _duration, _uses);
        if (start)
            verb.Add(_start);
        return verb.With(_command);
    }

    /// <summary>The tool's argv as typed.</summary>
    public string[] Command(ParseResult parse) => parse.GetRequiredValue(_command);

    /// <summary>The request's body: the command, or the template with its values.</summary>
    public AskForAccess Read(ParseResult parse)
    {
        var words = Command(parse);
        var template = TemplateText.Read(words);
        return new(
            template is null ? words : null, parse.GetValue(_reason), parse.GetValue(_ticket), parse.GetValue(_duration)?.TotalSeconds, parse.GetValue(_uses),
            parse.CommandResult.Command.Options.Contains(_start) ? parse.GetValue(_start) : null, Template: template);
    }
}
