using System.Runtime.CompilerServices;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Programs of others, from npm, as <c>./test</c> installs them, and the Node that Playwright brings along.</summary>
internal static class NodePrograms
{
    /// <summary>A newer one than distributions have, which the programs need.</summary>
    public static string Node => Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node");

    /// <summary>A file of a folder that was installed.</summary>
    public static string In(string folder, string file) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../artifacts", folder, file));

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
