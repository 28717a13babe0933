namespace Writ.Contracts.Errors;

/// <summary>
/// RFC 9457 problem details (<c>application/problem+json</c>). The type is the error code of
/// <c>Writ.Proof.Errors.ErrorCode</c>.
/// </summary>
/// <param name="Needs">With <c>input-needed</c>: the files to send along, by their paths as they stand in the command. With <c>passkey-needed</c>: the page where the approval can be given.</param>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string? Detail = null,
    string? Hint = null,
    IReadOnlyList<string>? Reasons = null,
    string? Request = null,
    string? TraceId = null,
    IReadOnlyList<string>? Needs = null);
