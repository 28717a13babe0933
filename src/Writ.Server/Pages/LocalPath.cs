namespace Writ.Server.Pages;

/// <summary>Where a page leads on to: a path of this server and nothing else.</summary>
internal static class LocalPath
{
    /// <summary>The page of those who came from nowhere.</summary>
    public const string Home = "/account";

    /// <summary>
    /// The path where it is one of ours, else <see cref="Home"/>. Browsers read <c>//host</c>, <c>/\host</c> and a tab or
    /// a line end between the slashes as another site: anything but printable ASCII without a backslash is none of ours.
    /// </summary>
    public static string Of(string? path) =>
        path is ['/', ..] and not ['/', '/', ..] && path.Length <= 4000 && path.All(letter => letter is > ' ' and <= '~' and not '\\') ? path : Home;
}
