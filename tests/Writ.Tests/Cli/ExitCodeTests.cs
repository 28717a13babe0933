using Writ.Cli;
using Writ.Contracts.Errors;
using Writ.Proof.Errors;

namespace Writ.Tests.Cli;

public class ExitCodeTests
{
    [Theory]
    [InlineData("exited", "exited", 0, 0)]
    [InlineData("exited", "exited", 3, 3)]
    [InlineData("exited", "exited", 255, 255)]
    [InlineData("exited", "exited", null, 1)]
    [InlineData("killed", "deadline", null, 124)]
    [InlineData("killed", "revoked", 137, 125)]
    [InlineData("killed", "killed", 137, 125)]
    [InlineData("killed", "client-gone", null, 125)]
    [InlineData("killed", "disconnected", null, 125)]
    [InlineData("killed", "recording-failed", 0, 125)]
    [InlineData("killed", "violations", 0, 125)]
    [InlineData("failed", "runner-lost", null, 125)]
    [InlineData("failed", "could-not-start", null, 126)]
    [InlineData("failed", "refused", null, 126)]
    [InlineData("killed", "grant-over", null, 126)]
    [InlineData("failed", "something-newer", 0, 125)]
    [InlineData("failed", null, null, 125)]
    public void OfRun_follows_the_end(string state, string? reason, int? exitCode, int code) =>
        ExitCode.OfRun(Samples.Run(state, reason, exitCode)).ShouldBe(code);

    [Theory]
    [InlineData(ErrorCode.Denied, 403, 121)]
    [InlineData(ErrorCode.ReasonRequired, 403, 121)]
    [InlineData(ErrorCode.DurationTooLong, 403, 121)]
    [InlineData(ErrorCode.TooManyUses, 403, 121)]
    [InlineData(ErrorCode.InvalidCommand, 400, 2)]
    [InlineData(ErrorCode.InvalidTarget, 400, 2)]
    [InlineData(ErrorCode.UnknownTool, 400, 127)]
    [InlineData(ErrorCode.NoRunner, 400, 127)]
    [InlineData(ErrorCode.GrantExhausted, 409, 126)]
    [InlineData(ErrorCode.InventoryMismatch, 409, 126)]
    [InlineData(ErrorCode.Revoked, 409, 125)]
    [InlineData(ErrorCode.NotSignedIn, 401, 4)]
    [InlineData(ErrorCode.Unavailable, 503, 1)]
    public void OfRunProblem_follows_the_type(string type, int status, int code) =>
        ExitCode.OfRunProblem(new(type, "x", status)).ShouldBe(code);

    [Fact]
    public void OfProblem_of_a_denial_is_one() => ExitCode.OfProblem(new Problem(ErrorCode.Denied, "x", 403)).ShouldBe(1);
}
