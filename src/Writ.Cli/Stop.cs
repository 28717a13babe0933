using Writ.Contracts.Errors;

namespace Writ.Cli;

/// <summary>Ends a command with an exit code and, unless the message is null, with lines on standard error.</summary>
internal class Stop(int code, string? message = null, string? hint = null, IReadOnlyList<string>? reasons = null)
    : Exception(message)
{
    /// <summary>The exit code.</summary>
    public int Code { get; } = code;

    /// <summary>The line after <c>writ: </c>, or null for no line.</summary>
    public string? Line { get; } = message;

    /// <summary>The way on, or null.</summary>
    public string? Hint { get; } = hint;

    /// <summary>Every reason of a denial.</summary>
    public IReadOnlyList<string> Reasons { get; } = reasons ?? [];

    /// <summary>A mistake of the caller's: exit 2.</summary>
    public static Stop Usage(string message, string? hint = null) => new(ExitCode.Usage, message, hint);

    /// <summary>What the server answered instead of what was asked for.</summary>
    public static Stop Of(Problem problem, int code) => new(
        code,
        problem.Detail is { Length: > 0 } detail ? detail : problem.Title,
        problem.Hint ?? (problem.TraceId is { } trace ? $"the server's log has more under {trace}" : null),
        problem.Reasons);
}
