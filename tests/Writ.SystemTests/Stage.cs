namespace Writ.SystemTests;

/// <summary>
/// <c>./test</c> runs the system tests in two stages: first what waits most of the time, four at once, then what looks at a clock or at what a
/// browser draws in time, two at once. What measures milliseconds runs alone at the end of the second.
/// </summary>
internal static class Stage
{
    public const string Name = "Stage";
    public const string Quiet = "quiet";
}
