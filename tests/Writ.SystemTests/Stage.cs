namespace Writ.SystemTests;

/// <summary>
/// <c>./test</c> runs the system tests in two stages: first what waits most of the time, four at once; then what a browser draws in time, two at once,
/// and after that, alone, what measures time.
/// </summary>
internal static class Stage
{
    public const string Name = "Stage";
    public const string Quiet = "quiet";
}
