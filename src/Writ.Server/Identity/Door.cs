namespace Writ.Server.Identity;

/// <summary>
/// A door of the server for those who bring a token: a resource of its own, as OAuth names it (RFC 8707). A token is for one door, and
/// opens no other.
/// </summary>
/// <param name="Path">What its addresses begin with.</param>
internal sealed record Door(string Path)
{
    /// <summary>The API, and every endpoint that does not say otherwise.</summary>
    public static readonly Door Api = new("/v1");

    /// <summary>The Model Context Protocol.</summary>
    public static readonly Door Agents = new("/mcp");

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<Door> All = [Api, Agents];

    /// <summary>The door by which a call came.</summary>
    public static Door Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<Door>() ?? Api;

    /// <summary>The door's name in tokens and in what clients ask for: its address.</summary>
    public string Resource(ServerSettings settings) => settings.Origin + Path;
}
