using System.Security.Cryptography;
using System.Text;
using Writ.Runner.Kernel;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// All that a tool is shown beside its program, such as scripts and their libraries, as one digest: what is planned against it is not run with
/// something else.
/// </summary>
/// <param name="Sha256">Lower-case hexadecimal SHA-256 over every path with its file's digest; null where there is nothing.</param>
/// <param name="Files">The digest of each file.</param>
/// <param name="Marks">Every file, link and folder that was looked at, with its mark (<see cref="FileMark"/>) from before it was read.</param>
internal sealed record DataDigest(string? Sha256, IReadOnlyDictionary<string, string> Files, IReadOnlyDictionary<string, string?> Marks)
{
    /// <summary>The most files and folders of a tool: each is looked at before each run.</summary>
    public const int MostEntries = 20_000;

    /// <summary>Digests these files and folders.</summary>
    /// <exception cref="RunnerException">They hold more than can be watched, or are being changed.</exception>
    /// <exception cref="IOException">One of them cannot be read.</exception>
    public static DataDigest Of(IReadOnlyList<string> data)
    {
        var (paths, files, text) = (All(data), new Dictionary<string, string>(StringComparer.Ordinal), new StringBuilder());
        var marks = paths.ToDictionary(path => path, FileMark.Of, StringComparer.Ordinal);
        foreach (var path in paths)
        {
            if (new FileInfo(path).LinkTarget is { } target)
                text.Append("link ").Append(path).Append(' ').Append(target).Append('\n');
            else if (FileMark.IsRegular(path))
                text.Append("file ").Append(path).Append(' ').Append(files[path] = ProgramFile.Digest(path)).Append('\n');
            else
                text.Append(Directory.Exists(path) ? "folder " : "other ").Append(path).Append('\n');
        }

        // The folders were marked before: what comes after this is seen by their marks.
        if (!All(data).SequenceEqual(paths))
            throw new RunnerException("its data was changed while it was read");
        return new(paths.Count == 0 ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"writ-data/v1\n{text}"))), files, marks);
    }

    private static List<string> All(IReadOnlyList<string> data)
    {
        var paths = data.SelectMany(WithAllBelow).Distinct(StringComparer.Ordinal).Take(MostEntries + 1).Order(StringComparer.Ordinal).ToList();
        return paths.Count <= MostEntries ? paths : throw new RunnerException($"its data has more than {MostEntries} files", "name the folders that it needs: data in runner.json");
    }

    // Links are not followed: their targets are files of their own, or lie outside and so are not shown.
    private static IEnumerable<string> WithAllBelow(string path) => new FileInfo(path).LinkTarget is null && Directory.Exists(path)
        ? Directory.EnumerateFileSystemEntries(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false }).Prepend(path)
        : File.Exists(path) || new FileInfo(path).LinkTarget is not null ? [path] : [];
}
