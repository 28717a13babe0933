using Writ.Contracts.Policy;

namespace Writ.Contracts.Tools;

/// <summary>A tool whose commands the server understands. <c>GET /v1/tools</c>, <c>GET /v1/tools/{name}</c></summary>
/// <param name="Name">The word that its commands begin with.</param>
/// <param name="Summary">What it is for.</param>
/// <param name="Origin"><c>parser</c> for one that the server reads by code, <c>box</c> for one that it brings a definition of, <c>policy</c> for one that the policy in force defines.</param>
/// <param name="Facets">The facets by which policy speaks of it, in the order in which reasons are given.</param>
/// <param name="Runners">The runners that offer it, by name.</param>
/// <param name="Definition">Its definition's text, where it has one; null in lists.</param>
/// <param name="Sha256">Lower-case hexadecimal digest of the definition; null where it has none.</param>
/// <param name="Place">What a runner's operator writes to offer it; null where it has no definition.</param>
public sealed record ToolView(
    string Name, string Summary, string Origin, IReadOnlyList<string> Facets, IReadOnlyList<string> Runners, string? Definition = null, string? Sha256 = null, ToolPlaceView? Place = null);

/// <summary>A tool as it stands under <c>tools</c> in a runner's configuration.</summary>
/// <param name="Path">Where the program usually is.</param>
/// <param name="Package">The Debian package that has it, or null.</param>
/// <param name="Data">Files and folders that it is shown.</param>
/// <param name="Programs">Programs and libraries that it opens by itself.</param>
/// <param name="Version">The arguments by which it tells its version.</param>
/// <param name="Capture">True where its runs send nothing, and see what others send and get.</param>
public sealed record ToolPlaceView(string Path, string? Package, IReadOnlyList<string> Data, IReadOnlyList<string> Programs, IReadOnlyList<string> Version, bool Capture = false);

/// <summary>A definition of a tool, or a template, to check or to apply. <c>POST /v1/tools/check</c>, <c>POST /v1/templates/check</c>, <c>PUT /v1/templates</c></summary>
/// <param name="Text">The YAML, at most 1 MiB.</param>
/// <param name="FileName">What problems are reported against.</param>
public sealed record DefinitionText(string Text, string FileName = "definition.yaml");

/// <summary>What a check found. Nothing is changed by it.</summary>
/// <param name="Ok">True when a policy with this definition could be applied.</param>
/// <param name="Tool">The tool's name, or empty where it could not be read.</param>
/// <param name="Examples">How many examples the definition holds.</param>
/// <param name="Problems">What is wrong.</param>
public sealed record ToolCheckView(bool Ok, string Tool, int Examples, IReadOnlyList<PolicyProblemView> Problems);
