using System.Text.Json;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Core.Tools;
using Writ.Proof.Statements;
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
/// <param name="Results">Whether it holds what the tool found, for Writ itself to read.</param>
internal sealed record RunOutput(
    string Argument, string Ending, string Path, string Format, bool Append, long? Bytes = null, string? Sha256 = null, bool Cut = false, bool Results = false)
{
    /// <summary>What a plan hands back, as JSON for the run's row. Results that the requester did not ask for come last.</summary>
    public static string Of(Plan plan)
    {
        var outputs = plan.Outputs.Select(output => new RunOutput(output.Argument, output.Ending, output.Path, output.Format, output.Append, Results: output.Path == plan.Live?.Path));
        return Write(plan.Live is { Path: SandboxTerms.Live } live ? outputs.Append(new("", "", live.Path, live.Format, Append: false, Results: true)) : outputs);
    }

    /// <summary>The row's outputs, and the results.</summary>
    public static IReadOnlyList<RunOutput> ReadAll(RunRow run) => JsonSerializer.Deserialize<RunOutput[]>(run.Outputs, JsonSerializerOptions.Default) ?? [];

    /// <summary>The row's outputs: the files that the requester asked for.</summary>
    public static IReadOnlyList<RunOutput> Read(RunRow run) => [.. ReadAll(run).Where(output => output.Path != SandboxTerms.Live)];

    /// <summary>The file with the results; null where the tool writes none.</summary>
    public static RunOutput? ReadResults(RunRow run) => ReadAll(run).FirstOrDefault(output => output.Results);

    /// <summary>The row's outputs with what the end says of them. What was not asked for is passed over.</summary>
    public static string Ended(RunRow run, Ended ended)
    {
        var told = ended.Outputs.Where(file => file.Bytes >= 0 && file.Sha256.Length == 64).GroupBy(file => file.Path).ToDictionary(group => group.Key, group => group.First());
        return Write(ReadAll(run).Select(output => told.TryGetValue(output.Path, out var file)
            ? output with { Bytes = file.Bytes, Sha256 = file.Sha256, Cut = file.Cut }
            : output));
    }

    /// <summary>As the API shows it.</summary>
    public RunOutputView View(bool live, IReadOnlySet<string> known, IReadOnlySet<string> gone) => new(
        Argument, Ending, Format, Append,
        live ? "running" : Sha256 is null ? "absent" : known.Contains(Sha256) ? "here" : gone.Contains(Sha256) ? "deleted" : "coming", Bytes, Sha256, Cut);

    private static string Write(IEnumerable<RunOutput> outputs) => JsonSerializer.Serialize(outputs.ToArray(), JsonSerializerOptions.Default);
}
