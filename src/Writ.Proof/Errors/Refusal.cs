namespace Writ.Proof.Errors;

/// <summary>
/// A refusal as a value: what is wrong, in the voice of the command line (one lowercase line without a period), and
/// where there is a way on, a hint. It never carries a secret.
/// </summary>
/// <param name="Code">One of <see cref="ErrorCode"/>.</param>
/// <param name="Message">What and where.</param>
/// <param name="Hint">The way on, or null.</param>
/// <param name="Reasons">Every reason of a denial, in the order in which they were found.</param>
public sealed record Refusal(string Code, string Message, string? Hint = null, IReadOnlyList<string>? Reasons = null)
{
    /// <summary>
    /// With <see cref="ErrorCode.InputNeeded"/>: the requester's files, as their paths stand in the argv. With
    /// <see cref="ErrorCode.PasskeyNeeded"/>: the page where the approval can be given.
    /// </summary>
    public IReadOnlyList<string>? Needs { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Message}";
}

/// <summary>Either a value or the refusal that stands in its place; the zero value is a refusal.</summary>
public readonly struct Result<T>
{
    private readonly T? _value;
    private readonly Refusal? _refusal;
    private readonly bool _ok;

    private Result(T? value, Refusal? refusal, bool ok) => (_value, _refusal, _ok) = (value, refusal, ok);

    /// <summary>True when there is a value.</summary>
    public bool IsOk => _ok;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public T Value => _ok ? _value! : throw new InvalidOperationException($"refused: {Refusal}");

    /// <summary>Why there is no value.</summary>
    /// <exception cref="InvalidOperationException">It was not refused.</exception>
    public Refusal Refusal => _ok
        ? throw new InvalidOperationException("not refused")
        : _refusal ?? new Refusal(ErrorCode.Internal, "no result");

    /// <summary>A result with a value.</summary>
    public static implicit operator Result<T>(T value) => new(value, null, true);

    /// <summary>A result without one.</summary>
    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal, false);
}
