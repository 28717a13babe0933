using System.Text.Json;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Core.Tools;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A file that a run hands back, as the run's row keeps it.</summary>
/// <param name="Argument">The requester's path, as it stands in the command.</param>
/// <param name="Ending">What the tool adds to it.</param>
/// <param name="Path">In the sandbox.</param>
/// <param name="Format">What it holds.</param>
/// <param name="Append">Whether it is added to the requester's file.</param>
/// <param name="Bytes">Its size by the run's end; null before, and where the run wrote none.</param>
/// <param name="Sha256">Its digest by the run's end.</param>
/// <param name="Cut">Whether it may lack its end.</param>
internal sealed record RunOutput(
    string Argument, string Ending, string Path, string Format, bool Append, long? Bytes = null, string? Sha256 = null, bool Cut = false)
{
    /// <summary>What a plan hands back, as JSON for the run's row.</summary>
    public static string Of(Plan plan) => Write(plan.Outputs.Select(output => new RunOutput(output.Argument, output.Ending, output.Path, output.Format, output.Append)));

    /// <summary>The row's outputs.</summary>
    public static IReadOnlyList<RunOutput> Read(RunRow run) => JsonSerializer.Deserialize<RunOutput[]>(run.Outputs, JsonSerializerOptions.Default) ?? [];

    /// <summary>The row's outputs with what the end says of them. What was not asked for is passed over.</summary>
    public static string Ended(RunRow run, Ended ended)
    {
        var told = ended.Outputs.Where(file => file.Bytes >= 0 && file.Sha256.Length == 64).GroupBy(file => file.Path).ToDictionary(group => group.Key, group => group.First());
        return Write(Read(run).Select(output => told.TryGetValue(output.Path, out var file)
            ? output with { Bytes = file.Bytes, Sha256 = file.Sha256, Cut = file.Cut }
            : output));
    }

    /// <summary>As the API shows it.</summary>
    public RunOutputView View(bool live, IReadOnlySet<string> known) => new(
        Argument, Ending, Format, Append,
        live ? "running" : Sha256 is null ? "absent" : known.Contains(Sha256) ? "here" : "coming", Bytes, Sha256, Cut);

    private static string Write(IEnumerable<RunOutput> outputs) => JsonSerializer.Serialize(outputs.ToArray(), JsonSerializerOptions.Default);
}
