using System.Security.Cryptography;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>What stands in the requester's files, and what of it lies in the sandbox.</summary>
internal static class NmapFiles
{
    private static readonly NmapTargets None = new(AddressSet.Empty, []);

    /// <summary>
    /// The targets of the argv, or of the list where there is one: Nmap reads the former not at all then, which
    /// <see cref="Remarks"/> says. A list that is not known yet has no targets.
    /// </summary>
    public static Result<NmapTargets> Targets(IReadOnlyList<string> words, NmapCommand command, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs)
    {
        if (command.TargetList is not { } path)
            return NmapTargets.Read(words.Select(word => new NmapExpression(word)), command.V6);
        if (!inputs.TryGetValue(path, out var content))
            return None;
        var name = path == NmapCommand.StandardInput ? "standard input" : path;
        var list = NmapTargetList.Read(name, content.Span);
        if (!list.IsOk)
            return list.Refusal;
        return list.Value.Count == 0 ? new Refusal(ErrorCode.InvalidTarget, $"{NmapArguments.Show(name)} holds no target") : NmapTargets.Read(list.Value, command.V6);
    }

    /// <summary>What Nmap does in silence and somebody may not expect.</summary>
    public static IReadOnlyList<string> Remarks(IReadOnlyList<string> words, NmapCommand command) => words.Count == 0 || command.TargetList is not { } path ? [] :
    [
        $"nmap takes its targets from '{NmapArguments.Show(path)}' alone: '{NmapArguments.Show(string.Join(' ', words))}' of the command line counts only if it stands there too",
    ];

    /// <summary>What the command excludes, by option and by file together.</summary>
    public static Result<NmapTargets> Excluded(NmapCommand command, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs)
    {
        IEnumerable<NmapExpression> expressions = command.Exclude is { } text ? text.Split(',').Select(word => new NmapExpression(word)) : [];
        if (command.ExcludeFile is { } path && inputs.TryGetValue(path, out var content))
        {
            var list = NmapTargetList.Read(path, content.Span);
            if (!list.IsOk)
                return list.Refusal;
            expressions = expressions.Concat(list.Value);
        }

        return NmapTargets.ReadExclusion(expressions, command.V6);
    }

    /// <summary>An input for the plan.</summary>
    public static PlannedInput Input(string path, string purpose, ReadOnlyMemory<byte> content) => new(path, purpose, content.Length, Digest(content));

    /// <summary>The files of the sandbox: lists are made from the plan, databases are the requester's.</summary>
    public static IReadOnlyList<PlannedFile> InSandbox(NmapCommand command, PlannedFile? targets, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs)
    {
        List<PlannedFile> files = [.. command.Scripts.Rules.Where(rule => rule.File is not null)
            .Select(rule => new PlannedFile($"{NmapScriptRule.Folder}{rule.File}.nse", inputs[rule.Text], Digest(inputs[rule.Text]))).OrderBy(file => file.Path, StringComparer.Ordinal)];
        if (command.VersionDb is { } probes)
            files.Add(new(NmapArgv.ServiceProbes, inputs[probes], Digest(inputs[probes])));
        if (command.ServiceDb is { } services)
            files.Add(new(NmapArgv.Services, inputs[services], Digest(inputs[services])));
        if (targets is not null)
            files.Add(targets);
        return files;
    }

    private static string Digest(ReadOnlyMemory<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content.Span));
}
