using Writ.Cli.Server;

namespace Writ.Cli.Identity;

/// <summary>The person's browser: the program that <c>BROWSER</c> names, else the desktop's.</summary>
internal static class Browser
{
    /// <summary>True where a page can be opened on this computer, as far as can be told.</summary>
    public static bool IsThere(CliContext context) => Program(context) is not null;

    /// <summary>Opens a page of http or https; false where there is no browser, or it does not start.</summary>
    public static bool Open(CliContext context, Uri page) =>
        page.Scheme is "https" or "http" && Program(context) is { } program && Native.Start(program, [program, page.AbsoluteUri], Trust.EnvironmentForOthers());

    private static string? Program(CliContext context)
    {
        if (context.Variable("BROWSER") is { } named)
            return named.Split(':').Select(name => Find(context, name)).FirstOrDefault(found => found is not null);
        return context.Variable("DISPLAY") is not null || context.Variable("WAYLAND_DISPLAY") is not null ? Find(context, "xdg-open") : null;
    }

    private static string? Find(CliContext context, string name)
    {
        if (name.Length == 0)
            return null;
        return name.Contains('/', StringComparison.Ordinal)
            ? IsProgram(name) ? name : null
            : (context.Variable("PATH") ?? "").Split(':').Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, name)).FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string path) =>
        File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
}
