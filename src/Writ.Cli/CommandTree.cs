using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Net.WebSockets;
using System.Reflection;
using Writ.Cli.Audit;
using Writ.Cli.Chat;
using Writ.Cli.Grants;
using Writ.Cli.Identity;
using Writ.Cli.Notices;
using Writ.Cli.Output;
using Writ.Cli.Policy;
using Writ.Cli.Proposals;
using Writ.Cli.Requests;
using Writ.Cli.Retention;
using Writ.Cli.Rotas;
using Writ.Cli.Runners;
using Writ.Cli.Runs;
using Writ.Cli.Series;
using Writ.Cli.Server;
using Writ.Cli.Shims;
using Writ.Cli.Templates;
using Writ.Cli.Tools;
using Writ.Cli.Traces;
using Writ.Cli.Users;

namespace Writ.Cli;

/// <summary>Every verb of <c>writ</c>, and how one is invoked: what goes wrong becomes one line and an exit code.</summary>
internal static class CommandTree
{
    private static readonly string[] Examples =
    [
        "writ run --reason 'debug the login page' -- nmap -sV -p 22,80 10.20.0.5",
        "writ requests --status pending",
        "writ approve req_06bqz3w1x8",
    ];

    private const string Footer = """
        Environment:
          WRIT_SERVER  https://…, http://127.0.0.1:PORT or unix:///path/to/socket
          WRIT_TOKEN   a token, instead of the sign-in of writ login
          WRIT_LOG_KEY the only key to believe of the server's audit log
          WRIT_CA      PEM file of the only CA to trust, instead of the system's
          BROWSER      the program that opens pages; NO_COLOR no colours
        A process signs in by what it has, without writ login:
          WRIT_ID_TOKEN_FILE      a file with the JWT that its CI system, Kubernetes or SPIFFE gave it (or WRIT_ID_TOKEN itself)
          WRIT_WORKLOAD_KEY_FILE  its own private key; WRIT_WORKLOAD its name in the policy

        Exit codes: 0 ok, 1 failed, 2 usage, 4 not signed in. Those of run: the tool's own, except
        121 denied by policy, 122 denied by a reviewer, 123 no decision in time, 124 killed at the
        deadline, 125 revoked or killed, 126 could not start, 127 no runner or unknown tool.
        """;

    /// <summary>Parses and runs; returns the exit code. It throws nothing.</summary>
    public static async Task<int> InvokeAsync(CliContext context, string[] args)
    {
        var code = await Invoke(context, args);
        return await LogContact.AfterVerb(context, code == ExitCode.Ok) || code != ExitCode.Ok ? code : ExitCode.Failed;
    }

    private static async Task<int> Invoke(CliContext context, string[] args)
    {
        try
        {
            var root = Build(context);
            // No @file and no bundling: an argv is what was typed.
            var parse = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
            using var output = new StringWriter();
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = output,
                Error = output,
            };
            if (parse.Errors.Count > 0 && parse.Action is null or ParseErrorAction)
            {
                if (parse.CommandResult.Command is { Action: null, Subcommands.Count: > 0 } group && parse.UnmatchedTokens.Count == 0)
                {
                    // `writ policy`: show what there is.
                    root.Parse([.. Path(group), "--help"]).Invoke(configuration);
                    context.Terminal.Say(output.ToString().TrimEnd());
                    return ExitCode.Usage;
                }

                throw Misused(parse);
            }

            var code = await parse.InvokeAsync(configuration);
            if (output.ToString() is { Length: > 0 } text)
                context.Terminal.Print(text.TrimEnd());
            return code;
        }
        catch (Exception error)
        {
            return Tell(context, error);
        }
    }

    /// <summary>Every verb.</summary>
    public static RootCommand Build(CliContext context)
    {
        var root = new RootCommand("Just-in-time access to the sharp tools of a network: ask, be approved, run, all on the record.")
        {
            Run.Verb(context),
            Explain.Verb(context),
            Ask.Verb(context),
            ListRequests.Verb(context),
            Show.Verb(context),
            ShowInput.Verb(context),
            Approve.Verb(context),
            Deny.Verb(context),
            Cancel.Verb(context),
            ListGrants.Verb(context),
            Revoke.Verb(context),
            Review.Verb(context),
            ListRuns.Verb(context),
            Watch.Verb(context),
            Replay.Verb(context),
            ShowOutput.Verb(context),
            TraceAddress.Verb(context),
            ShowResults.Verb(context),
            DiffRuns.Verb(context),
            Kill.Verb(context),
            Extend.Verb(context),
            SeriesVerb.Verb(context),
            new Verb("policy", "Check, compare, apply and show the policy").With(CheckPolicy.Verb(context), DiffPolicy.Verb(context), ApplyPolicy.Verb(context), ShowPolicy.Verb(context), ShowRuleUse.Verb(context)),
            new Verb("audit", "Read, verify and prove the audit log").With(ListEntries.Verb(context), VerifyLog.Verb(context), ProveEntry.Verb(context), ExportEntries.Verb(context)),
            RetentionVerb.Verb(context),
            WriteReceipt.Verb(context),
            VerifyFile.Verb(context),
            ListTools.Verb(context),
            ListTemplates.Verb(context),
            ShimVerb.Verb(context),
            ListRunners.Verb(context),
            ListOnCall.Verb(context),
            new Verb("runner", "Manage runners").With(Enroll.Verb(context)),
            new Verb("passkey", "List, confirm and remove the passkeys that approve").With(ListPasskeys.Verb(context), ConfirmPasskey.Verb(context), RemovePasskey.Verb(context)),
            UsersVerb.Verb(context),
            NoticesVerb.Verb(context),
            ChatVerb.Verb(context),
            ProposalsVerb.Verb(context),
            LoginVerb.Verb(context),
            LogoutVerb.Verb(context),
            WhoAmIVerb.Verb(context),
            new Verb("workload", "Keys and tokens of processes").With(WorkloadKeyVerb.Verb(context), WorkloadTokenVerb.Verb(context)),
            SetUpVerb.Verb(context),
        };
        foreach (var option in root.Options)
        {
            switch (option)
            {
                case HelpOption { Action: HelpAction help } found:
                    found.Action = new HelpWithExamples(help, Examples, Footer);
                    break;
                case VersionOption version:
                    version.Action = new ShowVersion();
                    break;
            }
        }

        return root;
    }

    private static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? [] : [.. command.Parents.OfType<Command>().Take(1).SelectMany(Path), command.Name];

    private static Stop Misused(ParseResult parse)
    {
        var message = parse.UnmatchedTokens is [var unknown, ..] ? $"no such verb, option or argument here: '{unknown}'" : parse.Errors[0].Message.TrimEnd('.', ' ');
        var path = string.Join(' ', (string[])["writ", .. Path(parse.CommandResult.Command)]);
        // `Unrecognized …` becomes `unrecognized …`; names such as WRIT_SERVER stay.
        if (message.Length > 1 && char.IsUpper(message[0]) && char.IsLower(message[1]))
            message = char.ToLowerInvariant(message[0]) + message[1..];
        return Stop.Usage(message, $"{path} --help");
    }

    private static int Tell(CliContext context, Exception error)
    {
        var terminal = context.Terminal;
        terminal.ClearStatus();
        var stop = error switch
        {
            Stop known => known,
            HttpRequestException unreachable when context.Address is { } address => Unreachable.Stop(address, unreachable),
            WebSocketException lost when context.Address is { } address => new Stop(ExitCode.Failed, $"cannot reach {address.Text}: {Unreachable.Why(lost)}"),
            OutputClosedException closed => new Stop(ExitCode.Failed, closed.Why),
            IOException or UnauthorizedAccessException => new Stop(ExitCode.Failed, Lower(error.Message)),
            OperationCanceledException => new Stop(ExitCode.Interrupted),
            _ => new Stop(ExitCode.Failed, $"{Lower(error.Message)} ({error.GetType().Name})", "this is a defect of writ; please report it"),
        };
        if (stop.Line is { } line)
            terminal.Say($"writ: {Printable.Line(line)}");
        foreach (var reason in stop.Reasons)
            terminal.Say($"  - {Printable.Line(reason)}");
        if (stop.Hint is { } hint)
            terminal.Say($"hint: {Printable.Line(hint)}");
        return stop.Code;
    }

    private static string Lower(string message) =>
        message.Length > 0 ? char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.') : "unknown error";

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var version = typeof(CommandTree).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
            parseResult.InvocationConfiguration.Output.WriteLine($"writ {version}");
            return ExitCode.Ok;
        }
    }
}
