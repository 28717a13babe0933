using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Runs;

namespace Writ.Cli.Files;

/// <summary>The files that a run has written, put where its command line says.</summary>
internal static class WrittenFiles
{
    /// <summary>In place of a file: standard output, in place of what the tool says there.</summary>
    private const string Standard = "-";

    private const int LongestEnding = 8;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    /// <summary>Says at the run's start what will not work at its end: the content is not lost, but it will not be there.</summary>
    public static void Foretell(CliContext context, RunView run, SentInputs inputs)
    {
        foreach (var output in run.Outputs ?? [])
        {
            if (Refusal(run, output, inputs) is { } refusal)
                context.Terminal.Say($"writ: {Printable.Line(refusal)}");
            else if (Target(output) != Standard && OwnFile.Trouble(Target(output)) is { } trouble)
                context.Terminal.Say($"writ: '{Printable.Line(Target(output))}' cannot be written: {Printable.Line(trouble)}; the run goes on");
        }
    }

    /// <summary>True where one of them takes the place of what the tool says on standard output.</summary>
    public static bool TakeStandardOutput(RunView run) => run.Outputs?.Any(output => Target(output) == Standard) == true;

    /// <summary>Writes them after the run's end; returns the run's exit code, or 1 in place of 0 where one could not be written.</summary>
    public static async Task<int> TakeAsync(CliContext context, RunView started, SentInputs inputs, int code)
    {
        if (started.Outputs is not { Count: > 0 })
            return code;
        var all = true;
        try
        {
            var run = (await context.Server.GetAsync($"/v1/runs/{started.Id}", WritJson.Default.RunView, CancellationToken.None)).Value;
            for (var number = 0; number < (run.Outputs?.Count ?? 0); number++)
                all &= await TakeOneAsync(context, run, number, inputs);
        }
        catch (Exception failed) when (failed is HttpRequestException or Stop)
        {
            context.Terminal.Say($"writ: the files that the run wrote cannot be fetched: {Printable.Line(failed.Message)}");
            context.Terminal.Say($"hint: writ output {Printable.Line(started.Id)}");
            all = false;
        }

        return all || code != ExitCode.Ok ? code : ExitCode.Failed;
    }

    /// <summary>The bytes of one file, checked against what the run's end says of it.</summary>
    /// <exception cref="Stop">There is none, or the bytes are others.</exception>
    public static async Task<byte[]> FetchAsync(CliContext context, RunView run, int number, CancellationToken cancel)
    {
        var bytes = (await context.Server.GetRawAsync(
            string.Create(CultureInfo.InvariantCulture, $"/v1/runs/{run.Id}/outputs/{number}?wait={Wait.TotalSeconds}"), cancel, Wait)).Value;
        return Convert.ToHexStringLower(SHA256.HashData(bytes)) == run.Outputs![number].Sha256
            ? bytes
            : throw new Stop(ExitCode.Failed, "the server sent another file than the run's end names; it was not written");
    }

    /// <summary>The user's path.</summary>
    public static string Target(RunOutputView output) => output.Argument + output.Ending;

    private static async Task<bool> TakeOneAsync(CliContext context, RunView run, int number, SentInputs inputs)
    {
        var output = run.Outputs![number];
        var target = Target(output);
        if (output.State is "absent" or "running")
        {
            context.Terminal.Say($"writ: the run wrote no '{Printable.Line(target)}'");
            return run.EndReason != "exited";
        }

        try
        {
            if (Refusal(run, output, inputs) is { } refusal)
                throw new IOException(refusal);
            var bytes = await FetchAsync(context, run, number, CancellationToken.None);
            if (target == Standard)
                Show(context.Terminal, bytes);
            else
                OwnFile.Write(target, bytes, output.Append);
            if (output.Cut && target != Standard)
                context.Terminal.Say($"writ: '{Printable.Line(target)}' may lack its end");
            else if (target != Standard)
                context.Terminal.Remark($"writ: wrote '{Printable.Line(target)}', {Size(output.Bytes ?? 0)}");
            return true;
        }
        catch (Exception failed) when (failed is IOException or Stop)
        {
            context.Terminal.Say($"writ: '{Printable.Line(target)}' was not written: {Printable.Line(failed.Message)}");
            context.Terminal.Say($"hint: writ output {Printable.Line(run.Id)} {number} --to FILE");
            return false;
        }
    }

    /// <summary>Shows a file of somebody's: byte by byte to a pipe or a file, with what could command it escaped to a terminal.</summary>
    public static void Show(Terminal terminal, byte[] bytes)
    {
        if (terminal.OutputIsTerminal)
            terminal.Print(Printable.Lines(Encoding.UTF8.GetString(bytes)).TrimEnd('\n'));
        else
            terminal.Output.Write(bytes);
    }

    /// <summary>For example <c>1,234 bytes</c>.</summary>
    public static string Size(long bytes) => bytes == 1 ? "1 byte" : $"{bytes.ToString("N0", CultureInfo.InvariantCulture)} bytes";

    private static string? Refusal(RunView run, RunOutputView output, SentInputs inputs) =>
        !OwnPath.IsIn(inputs.Command, output.Argument) || !IsEnding(output.Ending)
            ? $"the server would have '{Target(output)}' written, which does not stand in this command"
            : inputs.Has(Target(output)) ? $"'{Target(output)}' is read by {run.Command[0]} too, and is not written to" : null;

    // Tools add a short ending to a base name (Nmap's -oA); nothing longer, and nothing that leads elsewhere.
    private static bool IsEnding(string ending) =>
        ending.Length == 0 || (ending.Length <= LongestEnding && ending[0] == '.' && ending[1..].All(char.IsAsciiLetterLower));
}
