using Writ.Contracts.Errors;

namespace Writ.Cli.Server;

/// <summary>What the server answered: a value, with the very bytes that it came in, or a problem.</summary>
internal sealed class Answer<T>
    where T : class
{
    private readonly T? _value;

    public Answer(T value, byte[] json) => (_value, Json) = (value, json);

    public Answer(Problem problem) => (Problem, Json) = (problem, []);

    /// <summary>Why there is no value, or null.</summary>
    public Problem? Problem { get; }

    /// <summary>The document as the server wrote it.</summary>
    public byte[] Json { get; }

    /// <summary>The value.</summary>
    /// <exception cref="Stop">There is a problem in its place.</exception>
    public T Value => _value ?? throw Stop.Of(Problem!, ExitCode.OfProblem(Problem!));

    /// <summary>The value, with the exit codes of <c>run</c> for problems.</summary>
    /// <exception cref="Stop">There is a problem in its place.</exception>
    public T ForRun() => _value ?? throw Stop.Of(Problem!, ExitCode.OfRunProblem(Problem!));
}
