using Writ.Contracts.Grants;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Addresses;

namespace Writ.Tests.Cli;

/// <summary>Views as the server would send them.</summary>
internal static class Samples
{
    public const string RequestId = "req_06bqz3w1x8aaaaaaaaaaaaaaaa";
    public const string RunId = "run_06bqz3w1x8aaaaaaaaaaaaaaaa";
    public const string GrantId = "gr_06bqz3w1x8aaaaaaaaaaaaaaaa";
    public static readonly DateTimeOffset Now = new(2026, 7, 1, 14, 0, 0, TimeSpan.Zero);
    public static readonly ActorView Dana = new("act_1", "dana", "user");
    public static readonly ActorView Bob = new("act_2", "bob", "user");
    public static readonly string[] Argv = ["nmap", "-p", "22,80", "10.20.0.5"];

    public static RequestView Request(string state, params DecisionView[] decisions) => new(
        RequestId, 1, state, null, Dana, Argv, "debug", null,
        new("nmap", Argv, new ScopeText(["10.20.0.5"], "22,80", "", "", true), ["10.20.0.5"], "1", "22,80", "", "", ["connect"], [], 3, 12, 2.5),
        new("require-approval", ["rule developers-scan-staging asks for approval"], ["developers-scan-staging"], ["staging"],
            [new("staging", "developers-scan-staging", ["security-engineer"], 1)], "abc"),
        decisions, state == "pending" ? ["1 of security-engineer for staging"] : [], new string('a', 64), [1, 2, 3], 1800, 1, null,
        Now, Now.AddHours(1), "berlin-1", state == "approved" ? GrantId : null);

    public static RunView Run(string state = "queued", string? endReason = null, int? exitCode = null, string? detail = null, RunEndView? end = null) => new(
        RunId, GrantId, RequestId, Dana, "berlin-1", state, Argv, Argv, false, Now.AddMinutes(30), Now, Now,
        endReason is null ? null : Now.AddMinutes(1), exitCode, endReason, detail, end, 0, null);

    public static RunView Exited(int code) => Run("exited", "exited", code, end: new(RunId, "confirmed", "exited", Now, null, 0));

    public static GrantView Grant() => new(GrantId, RequestId, Dana, "active", null, "nmap", Argv, ["staging"], "berlin-1", 3, 2, Now, Now.AddMinutes(30));
}
