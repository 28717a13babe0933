using System.Runtime.CompilerServices;

namespace Writ.Tests.Architecture;

/// <summary>The files of the repository that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    private static readonly HashSet<string> NotOurs = new(StringComparer.Ordinal) { "artifacts", "dist", "bin", "obj", "node_modules" };

    public static string At(string path) => Path.Combine(Root, path);

    public static string Text(string path) => File.ReadAllText(At(path));

    /// <summary>Files by their ending, relative to the root; what is built or hidden is left out.</summary>
    public static IReadOnlyList<string> Files(string folder, string ending)
    {
        var found = new List<string>();
        Look(new DirectoryInfo(At(folder)));
        found.ShouldNotBeEmpty($"no *{ending} under {folder}");
        return found;

        void Look(DirectoryInfo directory)
        {
            found.AddRange(directory.EnumerateFiles("*" + ending).Select(file => Path.GetRelativePath(Root, file.FullName)));
            foreach (var below in directory.EnumerateDirectories().Where(below => below.Name[0] != '.' && !NotOurs.Contains(below.Name)))
                Look(below);
        }
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
