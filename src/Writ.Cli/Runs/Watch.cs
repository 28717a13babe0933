using Writ.Cli.Options;

namespace Writ.Cli.Runs;

/// <summary><c>writ watch</c>: Ctrl-C ends the watching, not the run.</summary>
internal static class Watch
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…");
        var quiet = Shared.Quiet();
        return new Verb("watch", "Show a run's output from its first byte on; exits as the run does",
            "writ watch run_06bqz3w1x8",
            "writ watch run_06bqz3w1x8 > scan.txt").With(id, quiet).Does((parse, cancel) =>
            Follow.WatchAsync(context, Shared.CheckedId(parse.GetRequiredValue(id), "run_", "run"), parse.GetValue(quiet), cancel));
    }
}
