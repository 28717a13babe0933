using System.CommandLine;
using System.Globalization;
using Writ.Cli.Files;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Runs;

/// <summary>
/// <c>writ output</c>: the files that a run has written, of a detached one too. It writes where <c>--to</c> says and nowhere
/// else: the paths of the run's own command line belong to whoever typed that.
/// </summary>
internal static class ShowOutput
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…");
        var number = new Argument<int?>("NUMBER") { Description = "which of them, from 0; without it they are listed", HelpName = "NUMBER", Arity = ArgumentArity.ZeroOrOne };
        var to = Shared.Text("--to", "write it there instead of to standard output", "FILE");
        return new Verb("output", "List the files that a run has written, or fetch one",
            "writ output run_06bqz3w1x8",
            "writ output run_06bqz3w1x8 0 > scan.xml",
            "writ output run_06bqz3w1x8 0 --to scan.xml").With(id, number, to).Does(async (parse, cancel) =>
        {
            var name = Shared.CheckedId(parse.GetRequiredValue(id), "run_", "run");
            var run = (await context.Server.GetAsync($"/v1/runs/{name}", WritJson.Default.RunView, cancel)).Value;
            var outputs = run.Outputs ?? [];
            if (parse.GetValue(number) is not { } wanted)
            {
                if (parse.GetValue(to) is not null)
                    throw Stop.Usage("--to needs the number of a file", $"writ output {name} lists them");
                var table = new Columns(context.Terminal, "number", "file", "format", "state", "bytes");
                foreach (var (at, output) in outputs.Index())
                    table.Row(at.ToString(CultureInfo.InvariantCulture), WrittenFiles.Target(output), output.Format, output.Cut ? $"{output.State}, cut" : output.State,
                        output.Bytes?.ToString("N0", CultureInfo.InvariantCulture));
                table.Print();
                return ExitCode.Ok;
            }

            if (wanted < 0 || wanted >= outputs.Count)
                throw new Stop(ExitCode.Failed, $"{name} has no file {wanted}", $"writ output {name} lists them");
            var bytes = await WrittenFiles.FetchAsync(context, run, wanted, cancel);
            if (parse.GetValue(to) is { } path)
                OwnFile.Write(path, bytes, append: false);
            else
                WrittenFiles.Show(context.Terminal, bytes);
            if (outputs[wanted].Cut)
                context.Terminal.Say("writ: the run did not end by itself: the file may lack its end");
            return ExitCode.Ok;
        });
    }
}
