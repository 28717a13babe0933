using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Writ.Runner.Host;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;
using Writ.Runner.Runs;
using Writ.Runner.Secrets;

[assembly: SupportedOSPlatform("linux")]

namespace Writ.Runner;

/// <summary>The <c>writ-runner</c> command. Exit codes: 0 ok, 1 failed, 2 usage.</summary>
internal static class Program
{
    /// <summary>This build's version.</summary>
    public static string Version { get; } = typeof(Program).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

#pragma warning disable RS0030 // Here the system's clock is named, once.
    private static TimeProvider SystemTime => TimeProvider.System;
#pragma warning restore RS0030

    public static int Main(string[] args)
    {
        // Hidden: the daemon starts it, once a run. No command line to parse, so that the tool starts sooner.
        if (args is ["supervise", var folder])
            return Guarded(() => Supervisor.Run(folder));
        // Hidden too: watches executions, under the eyes of the one that can end it.
        if (args is ["watch-executions", var watched, var refusing])
            return Guarded(() => ExecutionWatch.Run(new(watched), refusing == "refuse", SystemTime));
        // Hidden too: looks names up where tools run, in a process of its own that can be given up on.
        if (args is ["resolve", .. var where])
            return Guarded(() => Lookup.Run(where));

        // Only Writ's own CA is ever trusted; without this the first chain build reads the system's whole store (55 ms).
        _ = Libc.setenv("SSL_CERT_FILE", "/dev/null", 1);
        _ = Libc.setenv("SSL_CERT_DIR", "/nonexistent", 1);

        var parsed = Commands().Parse(args);
        if (parsed.Errors.Count > 0)
            return Fail(2, Lower(parsed.Errors[0].Message), "writ-runner --help");
        return Guarded(() => parsed.Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }));
    }

    private static RootCommand Commands()
    {
        var data = new Option<string>("--data") { Description = "the runner's data folder", Required = true, HelpName = "DIR" };
        var server = new Option<string>("--server") { Description = "the server's runner listener", Required = true, HelpName = "https://HOST:PORT" };
        var ceiling = new Option<string[]>("--ceiling") { Description = "addresses that this runner may ever reach; repeatable", HelpName = "ADDRESSES" };
        var netns = new Option<string?>("--network-namespace") { Description = "the network namespace through which runs reach the network; the host's own without it", HelpName = "NAME" };
        var pool = new Option<string[]>("--pool") { Description = "addresses of the uplink's networks that runs come from; repeatable", HelpName = "ADDRESSES" };
        var reason = new Option<string>("--reason") { Description = "why", DefaultValueFactory = _ => "", HelpName = "TEXT" };
        var run = new Argument<string>("RUN") { Description = "the run's id" };

        var enrol = new Command("enroll", $"make this machine a runner; the one-time token comes from {EnrolRunner.TokenVariable} or standard input")
            { server, data, ceiling, netns, pool };
        enrol.SetAction((parsed, stop) => EnrolRunner.Run(parsed.GetRequiredValue(server), new(parsed.GetRequiredValue(data)),
            Split(parsed.GetValue(ceiling)), parsed.GetValue(netns), Split(parsed.GetValue(pool)), ReadToken(), Console.Out, stop));

        var serve = new Command("serve", "obey the server's orders until stopped") { data };
        serve.SetAction(async (parsed, _) =>
        {
            using var stopping = new CancellationTokenSource();
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            await ServeRunner.Run(new(parsed.GetRequiredValue(data)), Console.Out, SystemTime, stopping.Token);

            void Stop(PosixSignalContext context)
            {
                context.Cancel = true;
                stopping.Cancel();
            }
        });

        var kill = new Command("kill", "end a run on this host, with or without a server") { run, reason, data };
        kill.SetAction(parsed => KillRun.Run(new(parsed.GetRequiredValue(data)), parsed.GetRequiredValue(run), parsed.GetValue(reason) ?? "",
            Console.Out, SystemTime));

        var status = new Command("status", "list the live runs of this host") { data };
        status.SetAction(parsed => ListRuns.Run(new(parsed.GetRequiredValue(data)), Console.Out));

        var secrets = new Command("secrets", "tell whether each configured secret can be had, without showing it") { data };
        secrets.SetAction((parsed, stop) => CheckSecrets.Run(new(parsed.GetRequiredValue(data)), Console.Out, SystemTime, stop));

        var root = new Option<string>("--root") { Description = "look in this folder as if it were the host; nothing is reported", DefaultValueFactory = _ => "/", HelpName = "DIR" };
        var remove = new Option<bool>("--remove") { Description = "take away what can be taken away alone" };
        var rights = new Command("standing-rights", "find who could run this runner's tools without asking, and tell the server") { data, root, remove };
        rights.SetAction(parsed => FindStandingRights.Run(new(parsed.GetRequiredValue(data)), parsed.GetValue(root) ?? "/", parsed.GetValue(remove), Console.Out, SystemTime));

        var refuse = new Option<bool>("--refuse") { Description = "do not let it start, instead of only telling" };
        var guard = new Command("guard", "tell the server who executes this runner's tools past it, until stopped") { data, refuse };
        guard.SetAction(parsed => GuardTools.Run(new(parsed.GetRequiredValue(data)), parsed.GetValue(refuse), Console.Out));

        return new("Executes approved runs, and nothing else.") { enrol, serve, kill, status, secrets, rights, guard };
    }

    private static string[] Split(string[]? texts) => [.. (texts ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries))];

    // Never from the command line, which everybody on the host can read.
    private static string? ReadToken() =>
        Environment.GetEnvironmentVariable(EnrolRunner.TokenVariable) is { Length: > 0 } token ? token.Trim()
            : Console.IsInputRedirected ? Console.In.ReadLine()?.Trim() : null;

    private static int Guarded(Func<int> verb)
    {
        try
        {
            return verb();
        }
        catch (RunnerException wrong)
        {
            return Fail(1, wrong.Message, wrong.Hint);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Fail(1, Lower(failure.Message), null);
        }
        catch (Exception defect)
        {
            return Fail(1, $"a defect: {defect.GetType().Name}: {defect.Message.ReplaceLineEndings(" ")}", "please report it, with what was done before");
        }
    }

    private static int Fail(int code, string message, string? hint)
    {
        Console.Error.WriteLine(message);
        if (hint is not null)
            Console.Error.WriteLine($"hint: {hint}");
        return code;
    }

    private static string Lower(string message) =>
        message.Length > 1 && char.IsUpper(message[0]) && !char.IsUpper(message[1]) ? char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.') : message.TrimEnd('.');
}
