using Writ.Core;
using Writ.Core.Traces;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Traces;

namespace Writ.SystemTests.Storage;

/// <summary>A grant as a test makes it up: where, when, and what its runs did.</summary>
internal sealed record MadeGrant(NetworkScope Scope, DateTimeOffset NotBefore, DateTimeOffset NotAfter, bool IsUsedUp, IReadOnlyList<MadeRun> Runs);

/// <summary>A run as a test makes it up.</summary>
/// <param name="Passed">Packets that left; null for a run whose runner was lost.</param>
/// <param name="Tried">What its fence stopped, and when that was told.</param>
internal sealed record MadeRun(DateTimeOffset Started, DateTimeOffset Ended, long? Passed, DateTimeOffset? LastPacket, Address Source, IReadOnlyList<MadeTry> Tried);

internal sealed record MadeTry(Address Address, int Protocol, int Port, DateTimeOffset At);

/// <summary>Rows as the server would have written them, without a server, so that there can be a million.</summary>
/// <param name="actor">Who did it all.</param>
/// <param name="runner">Where.</param>
/// <param name="like">A request whose plan and evaluation all have, where somebody will read them.</param>
internal sealed class TraceHistory(ActorId actor, RunnerId runner, RequestRow? like = null)
{
    private int _number;

    public List<object> Rows { get; } = [];

    /// <summary>The rows of a grant; its id, and those of its runs.</summary>
    public (GrantId Grant, RunId[] Runs) Add(MadeGrant made)
    {
        var scope = ScopeText.Of(made.Scope);
        var request = new RequestRow
        {
            Id = RequestId.New(made.NotBefore), State = RequestState.Approved, ActorId = actor, Tool = "nmap", Command = ["nmap"], Duration = made.NotAfter - made.NotBefore, Uses = made.Runs.Count + 1,
            RunnerId = runner, InventoryDigest = "", PolicyHash = "", Plan = like?.Plan ?? "{}", Evaluation = like?.Evaluation ?? "{}", StatementDigest = "", Statement = StatementOf(scope).ToBytes(),
            CreatedAt = made.NotBefore, ExpiresAt = made.NotAfter, IdempotencyKey = null,
        };
        var grant = new GrantRow
        {
            Id = GrantId.New(made.NotBefore), RequestId = request.Id, ActorId = actor, RunnerId = runner, Tool = "nmap", State = made.IsUsedUp ? GrantState.Exhausted : GrantState.Expired,
            UsesGranted = made.Runs.Count + 1, UsesLeft = 0, NotBefore = made.NotBefore, NotAfter = made.NotAfter, CreatedAt = made.NotBefore, EndedAt = made.NotAfter, IsTraced = true,
        };
        Rows.AddRange([request, grant, .. TraceIndex.Of(grant, Statement.Read(request.Statement).ShouldBeOk())]);
        return (grant.Id, [.. made.Runs.Select((run, use) => Add(grant, scope, run, use + 1))]);
    }

    private RunId Add(GrantRow grant, ScopeText scope, MadeRun made, int use)
    {
        var lost = made.Passed is null;
        var run = new RunRow
        {
            Id = RunId.New(made.Started), GrantId = grant.Id, UseNumber = use, RequestId = grant.RequestId, ActorId = actor, RunnerId = runner, State = lost ? RunState.Failed : RunState.Exited,
            EndReason = lost ? RunEndCause.RunnerLost : RunEndCause.Exited, Command = ["nmap"], Argv = ["nmap"], Detached = true, OrderBytes = OrderOf(scope).ToBytes(), OrderSignature = [], OrderKeyId = "",
            Nonce = $"n{++_number}", StartBy = made.Started, Deadline = grant.NotAfter, MaxDisconnected = TimeSpan.Zero, CreatedAt = made.Started, ClientSeenAt = made.Started, StartedAt = made.Started,
            EndedAt = made.Ended, ExitCode = 0, Sources = [made.Source.ToString()], PacketsPassed = made.Passed, LastPacketAt = made.LastPacket, IsRecordingWhole = true,
        };
        var keys = made.Tried.Select(tried => TraceKey.Of(TraceKind.Refused, tried.Address)).Append(TraceKey.Of(TraceKind.Source, made.Source));
        Rows.AddRange([run, .. TraceIndex.Lines(lost ? keys.Append(TraceKey.Of(TraceKind.Gap)) : keys, run.CreatedAt, run.Deadline, run.Id.ToString())]);
        Rows.AddRange(made.Tried.DistinctBy(tried => (tried.Address, tried.Protocol, tried.Port)).Select(tried => new RefusedRow
        {
            RunId = run.Id, Address = tried.Address.ToBytes(), Protocol = tried.Protocol, Port = tried.Port, Packets = 1, FirstAt = tried.At, LastAt = tried.At,
        }));
        return run.Id;
    }

    private static Statement StatementOf(ScopeText scope) => new()
    {
        Request = "", Revision = 1, Actor = new("", ""), Tool = "nmap", Argv = ["nmap"], Scope = scope, Inputs = [], Files = [], Names = [], Outputs = [], Zones = [], Runner = "", Inventory = "",
        Duration = 1, Uses = 1, MaxDisconnected = 1, Budget = Budget.Unlimited, Sandbox = new(false, []), Policy = "",
    };

    private static RunOrder OrderOf(ScopeText scope) => new()
    {
        Run = "", Runner = "", Nonce = "", Issued = 0, StartBy = 0, Deadline = 0, MaxDisconnected = 0, Statement = [], Argv = ["nmap"], Fence = scope, Budget = Budget.Unlimited, Decisions = [],
    };
}
