using Writ.Contracts.Runners;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Server.WebConsole.Fleet;

/// <summary>
/// The line that makes a host a runner and starts it, as its operator pastes it into a shell there. The token goes in by standard
/// input; nothing that was typed here gets into the line unread.
/// </summary>
/// <param name="Ceiling">Networks that the runner may ever reach.</param>
/// <param name="Pool">Addresses that its runs come from; empty for the host's own.</param>
/// <param name="Space">The network namespace through which runs reach the network; empty for the host's own.</param>
internal sealed record EnrolLine(string Ceiling, string Pool, string Space)
{
    private const int MostSpace = 64;
    private const string Data = "/var/lib/writ-runner";

    /// <summary>Why no line can be made of it; null where one can.</summary>
    public Refusal? Wrong => Words(Ceiling).Length == 0 ? new(ErrorCode.InvalidTarget, "without addresses the runner reaches nothing", "for example 10.20.0.0/24")
        : !AddressSet.TryParse([.. Words(Ceiling), .. Words(Pool)], out _, out var wrong) ? new(ErrorCode.InvalidTarget, $"'{Printable.Cut(wrong, 60)}' is no address, network or range", "for example 10.20.0.0/24 or 10.99.1.1-10.99.1.254")
        : Space.Trim() is var space && (space.Length > MostSpace || !space.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')) ? new(ErrorCode.InvalidInput, $"'{Printable.Cut(space, 60)}' is no name of a network namespace", "as ip netns lists it")
        : null;

    public string For(EnrolmentView enrolment) => string.Join(' ', new[]
    {
        $"echo {enrolment.Token} | writ-runner enroll --server {enrolment.RunnerUrl ?? "https://HOST:PORT"} --data {Data} --ceiling {string.Join(',', Words(Ceiling))}",
        Words(Pool) is { Length: > 0 } pool ? $"--pool {string.Join(',', pool)}" : null, Space.Trim() is { Length: > 0 } space ? $"--network-namespace {space}" : null,
        $"&& writ-runner serve --data {Data}",
    }.OfType<string>());

    private static string[] Words(string typed) => typed.Split([',', ' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
