namespace Writ.Runner;

/// <summary>
/// What stands in the way of a verb, in the voice of the command line: one lowercase line without a period, and where
/// there is a way on, a hint.
/// </summary>
internal sealed class RunnerException(string message, string? hint = null) : Exception(message)
{
    /// <summary>The way on, or null.</summary>
    public string? Hint { get; } = hint;
}
