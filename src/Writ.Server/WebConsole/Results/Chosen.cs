using Writ.Core.Results;
using Writ.Proof.Identity;

namespace Writ.Server.WebConsole.Results;

/// <summary>A cell of the grid that somebody looks at.</summary>
/// <param name="Key">Address and port.</param>
/// <param name="State">What the grid says.</param>
/// <param name="Host">Its host; null where this run did not find it.</param>
/// <param name="Now">The port as this run found it by itself.</param>
/// <param name="Before">The port as the earlier run did.</param>
/// <param name="Told">What runs said of it, newest first.</param>
public sealed record Chosen(string Key, CellState State, FoundHost? Host, FoundPort? Now, FoundPort? Before, IReadOnlyList<(RunId Run, DateTimeOffset At, string State)> Told);
