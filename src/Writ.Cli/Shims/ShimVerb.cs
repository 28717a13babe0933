using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Contracts.Requests;

namespace Writ.Cli.Shims;

/// <summary><c>writ shim</c>: programs of the tools' own names that go through <c>writ run</c>, for people and for programs that call them.</summary>
internal static class ShimVerb
{
    private const string Own = "--writ-";
    private static readonly string[] Known = ["reason", "ticket", "for", "wait"];

    public static Verb Verb(CliContext context) =>
        new Verb("shim", "Put tools on the path that go through Writ").With(Install(context), List(context), Remove(context), Exec(context));

    private static Verb Install(CliContext context)
    {
        var (tools, folder) = (Tools(), FolderOption());
        return new Verb("install", "Put a program on the path that goes through Writ", "writ shim install nmap dig").With(tools, folder).Does((parse, _) =>
        {
            var (where, writ) = (ShimFile.Folder(context, parse.GetValue(folder)), Environment.ProcessPath ?? throw new Stop(ExitCode.Failed, "it is not known where writ itself is"));
            foreach (var tool in Checked(parse.GetRequiredValue(tools)))
            {
                var path = Path.Combine(where, tool);
                ShimFile.Write(path, writ, tool);
                context.Terminal.Print(Printable.Line(path));
                if (ShimFile.FirstOnPath(context, tool) is var first && first != path)
                    context.Terminal.Say($"writ: a shell runs {(first is null ? "nothing" : Printable.Line(first))} for {tool}; put {Printable.Line(where)} first on PATH");
            }

            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static Verb List(CliContext context)
    {
        var folder = FolderOption();
        return new Verb("list", "List the shims of a folder").With(folder).Does((parse, _) =>
        {
            var where = ShimFile.Folder(context, parse.GetValue(folder));
            foreach (var path in Directory.Exists(where) ? Directory.GetFiles(where).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
            {
                if (ShimFile.ToolOf(path) is not null)
                    context.Terminal.Print(Printable.Line(path));
            }

            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static Verb Remove(CliContext context)
    {
        var (tools, folder) = (Tools(), FolderOption());
        return new Verb("remove", "Take shims away; nothing else is touched", "writ shim remove nmap").With(tools, folder).Does((parse, _) =>
        {
            foreach (var tool in Checked(parse.GetRequiredValue(tools)))
            {
                var path = Path.Combine(ShimFile.Folder(context, parse.GetValue(folder)), tool);
                if (ShimFile.ToolOf(path) != tool)
                    throw new Stop(ExitCode.Failed, $"{path} is no shim of writ");
                File.Delete(path);
            }

            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static Verb Exec(CliContext context)
    {
        var command = Shared.ToolCommand();
        var verb = new Verb("exec", "What a shim calls: writ run, with --writ-reason, --writ-ticket, --writ-for and --writ-wait among the tool's own arguments").With(command).Does(async (parse, _) =>
        {
            var (words, own) = Split(parse.GetRequiredValue(command));
            string? Said(string name) => own.GetValueOrDefault(name) ?? context.Variable($"WRIT_{name.ToUpperInvariant()}");
            TimeSpan? Time(string name) => Said(name) is not { } text ? null
                : Duration.TryParse(text, out var time) ? time : throw Stop.Usage($"'{text}' is no duration", $"write {Own}{name}=30m, or WRIT_{name.ToUpperInvariant()}=30m");
            var asked = new AskForAccess(words, Said("reason"), Said("ticket"), Time("for")?.TotalSeconds);
            using var interruption = context.Listen();
            return await Run.AttachedAsync(context, asked, Time("wait"), quiet: false, interruption, () => AskReason(context, words[0]));
        });
        verb.Hidden = true;
        return verb;
    }

    /// <summary>The tool's own words, and what was said to Writ among them: up to the first <c>--</c>, which is the tool's.</summary>
    private static (List<string> Words, Dictionary<string, string> Own) Split(string[] command)
    {
        var (words, own) = (new List<string>(), new Dictionary<string, string>(StringComparer.Ordinal));
        for (var at = 0; at < command.Length; at++)
        {
            if (command[at] == "--")
            {
                words.AddRange(command[at..]);
                break;
            }

            if (!command[at].StartsWith(Own, StringComparison.Ordinal))
            {
                words.Add(command[at]);
                continue;
            }

            var parts = command[at][Own.Length..].Split('=', 2);
            if (!Known.Contains(parts[0]))
                throw Stop.Usage($"a shim has no option '{command[at].Split('=')[0]}'", $"it has {string.Join(", ", Known.Select(name => Own + name))}");
            if (parts.Length < 2 && at + 1 == command.Length)
                throw Stop.Usage($"option '{command[at]}' needs a value");
            own[parts[0]] = parts.Length == 2 ? parts[1] : command[++at];
        }

        return (words, own);
    }

    /// <summary>Somebody at a terminal may say why; a program is told that nobody was asked.</summary>
    private static string? AskReason(CliContext context, string tool)
    {
        if (!context.Terminal.InputIsTerminal || !context.Terminal.ErrorIsTerminal)
            return null;
        context.Terminal.Say($"writ: what is this {Printable.Line(tool)} for? approvers and the record see it:");
        return context.Terminal.Input.ReadLine() is { } line && line.Trim() is { Length: > 0 } reason ? reason : null;
    }

    private static string[] Checked(string[] tools) =>
        tools.FirstOrDefault(tool => !ShimFile.IsName(tool)) is { } odd ? throw Stop.Usage($"'{odd}' is no name of a tool", "writ tools lists them") : tools;

    private static Argument<string[]> Tools() => new("TOOL") { Description = "names of tools", HelpName = "TOOL", Arity = ArgumentArity.OneOrMore };

    private static Option<string?> FolderOption() => Shared.Text("--dir", "the folder; ~/.local/bin unless told", "DIR");
}
