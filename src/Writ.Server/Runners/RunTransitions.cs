using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Extensions;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Traces;

namespace Writ.Server.Runners;

/// <summary>
/// What runners report becomes the run's state, guarded by the table of transitions, with its audit entry. A report that
/// comes twice, or of a run that is another runner's, changes nothing.
/// </summary>
internal sealed class RunTransitions(Database database, WriteTransaction writes, RecordingStore recordings, AttachedClients clients, Changes changes)
{
    public Task Accepted(RunnerRow runner, OrderAccepted accepted) =>
        Move(runner, accepted.Run, RunEvent.Accept, (query, to, _) => query.ExecuteUpdateAsync(set => set.SetProperty(row => row.State, to)),
            run => new(AuditType.RunAccepted, new(null, runner.Name), run.RequestId, new() { ["run"] = accepted.Run, ["at"] = Time(accepted.At) }));

    public Task Started(RunnerRow runner, Started started) =>
        Move(runner, started.Run, RunEvent.Start,
            (query, to, _) => query.ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.StartedAt, UnixMicroseconds.ToInstant(started.At))),
            run => new(AuditType.RunStarted, new(null, runner.Name), run.RequestId, new()
            {
                ["run"] = started.Run,
                ["at"] = Time(started.At),
                ["argv"] = AuditEvent.Texts(started.Argv),
                ["tool_sha256"] = started.ToolSha256,
                ["sandbox"] = started.Sandbox,
                ["fence"] = started.Fence,
                ["secrets"] = started.Secrets.Count == 0 ? null : new JsonArray([.. started.Secrets.Where(secret => SandboxTerms.IsSecretName(secret.Name) && SandboxTerms.IsSecretName(secret.Source)).Take(SandboxTerms.MostSecrets).Select(secret => new JsonObject { ["name"] = secret.Name, ["source"] = secret.Source })]),
            }),
            (scope, run) => TraceIndex.Started(scope.Db, run, [.. started.Sources.Select(Read).OfType<Address>()], started.SharedSource));

    /// <summary>
    /// A refused order is an event of its own, also where no run can be told from its bytes. It fails the run only while no
    /// order of it was taken: an order that comes to its runner a second time is refused too, and the run goes on.
    /// </summary>
    public async Task Refused(RunnerRow runner, OrderRefused refused)
    {
        var moved = await Move(runner, refused.Run, RunEvent.Refuse,
            (query, to, now) => query.ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.EndReason, RunEndCause.Refused)
                .SetProperty(row => row.EndDetail, refused.Message)
                .SetProperty(row => row.EndedAt, now)),
            run => Entry(run.RequestId));
        if (!moved)
        {
            await writes.Commit<bool>(scope =>
            {
                scope.Record(Entry(null));
                return Task.FromResult<Result<bool>>(true);
            });
        }

        AuditEvent Entry(RequestId? request) => new(AuditType.OrderRefused, new(null, runner.Name), request, new()
        {
            ["run"] = refused.Run, ["code"] = refused.Code, ["message"] = refused.Message, ["at"] = Time(refused.At),
        });
    }

    /// <summary>A runner has answered an order of more time. One that it refused leaves the run the deadline that it has.</summary>
    public async Task Extended(RunnerRow runner, ExtensionAnswer answer)
    {
        ExtensionRow? extension;
        await using (var db = database.Open())
            extension = answer.Nonce.Length == 0 ? null : await db.Extensions.AsNoTracking().SingleOrDefaultAsync(row => row.Nonce == answer.Nonce && row.RunnerId == runner.Id);
        if (extension is null)
            return;
        await writes.Commit<bool>(async scope =>
        {
            await LiveRuns.Hold(scope, extension.RunId);
            var run = await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == extension.RunId);
            var told = answer.Code.Length == 0
                ? await ExtensionEnding.Hold(scope, extension, new(null, runner.Name))
                : await ExtensionEnding.End(scope, extension, run, new(null, runner.Name), answer.Message);
            return told ? true : new Refusal(ErrorCode.WrongState, "it was told before");
        });
        changes.Happened(extension.RunId.ToString());
        changes.Happened(extension.RequestId.ToString());
    }

    public async Task Ended(RunnerRow runner, Ended ended, CancellationToken cancel)
    {
        if (!RunId.TryParse(ended.Run, out var id))
            return;
        var sha256 = await recordings.Seal(id, cancel);
        var whole = ended.RecordingBytes == 0 || sha256.AsSpan().SequenceEqual(ended.RecordingSha256.Span);
        var happened = ended.Cause switch
        {
            EndCause.Exited => RunEvent.Exit,
            EndCause.CouldNotStart or EndCause.SupervisorLost or EndCause.Unspecified => RunEvent.Fail,
            EndCause.Deadline or EndCause.KillOrder or EndCause.Disconnected or EndCause.RecordingFailed or EndCause.LocalKill
                or EndCause.Violations or EndCause.Limit => RunEvent.Kill,
            _ => RunEvent.Fail,
        };
        var outputs = await OutputsOf(id, ended);
        var settled = new List<RequestId>();
        var moved = await Move(runner, ended.Run, happened,
            (query, to, _) => query.ExecuteUpdateAsync(set => set
                .SetProperty(row => row.State, to)
                .SetProperty(row => row.EndReason, row => ended.Cause == EndCause.KillOrder ? row.KillCause ?? RunEndCause.Killed : Reason(ended.Cause))
                .SetProperty(row => row.EndDetail, row => ended.Cause == EndCause.KillOrder ? row.KillReason ?? ended.Detail : ended.Detail)
                .SetProperty(row => row.EndedAt, UnixMicroseconds.ToInstant(ended.At))
                .SetProperty(row => row.ExitCode, ended.Cause == EndCause.Exited ? ended.ExitCode : (int?)null)
                .SetProperty(row => row.ProcessesLeft, ended.ProcessesLeft >= 0 ? ended.ProcessesLeft : (int?)null)
                .SetProperty(row => row.KillToDead, ended.KillAt > 0 ? UnixMicroseconds.ToDuration(ended.At - ended.KillAt) : (TimeSpan?)null)
                .SetProperty(row => row.RecordingSha256, Convert.ToHexStringLower(sha256))
                .SetProperty(row => row.Outputs, outputs)),
            (scope, run) => Record(scope, run, run.RequestId));
        if (!moved && await WasGivenUp(id))
        {
            // It was given up as lost; what the runner saw is recorded all the same.
            await writes.Commit<bool>(async scope =>
            {
                await Record(scope, await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == id, CancellationToken.None), null);
                return true;
            });
        }

        clients.Forget(id);
        settled.ForEach(request => changes.Happened(request.ToString()));

        async Task Record(WriteScope scope, RunRow run, RequestId? request)
        {
            var facts = Facts(ended, sha256, whole, ResultsOf(request is null ? null : run));
            var wrong = await RunnerKeys.Wrong(scope.Db, run, ended, facts);
            if (wrong is null && !ended.Receipt.IsEmpty)
                facts["receipt"] = new JsonObject { ["bytes"] = ended.Receipt.ToBase64(), ["signature"] = ended.ReceiptSignature.ToBase64(), ["key_id"] = ended.ReceiptKeyId };
            scope.Record(new(AuditType.RunEnded, new(null, runner.Name), request, facts));
            // What it said stands in the end; that it is not signed for stands beside it.
            if (wrong is not null)
                scope.Record(new(AuditType.ReceiptRefused, new(null, runner.Name), request, new() { ["run"] = ended.Run, ["message"] = wrong, ["receipt_sha256"] = Convert.ToHexStringLower(SHA256.HashData(ended.Receipt.Span)) }));
            await TraceIndex.Ended(scope.Db, run, ended.Fence, ended.LastPacketAt, whole);
            settled.AddRange(await ExtensionEnding.Settle(scope, run, ended.Deadline > 0 ? UnixMicroseconds.ToInstant(ended.Deadline) : null, new(null, runner.Name)));
        }

        // Asked for as a file, or not: what the tool found is what its results say.
        OutputFile? ResultsOf(RunRow? run) =>
            ended.Outputs.FirstOrDefault(file => file.Path == (run is null ? SandboxTerms.Live : RunOutput.ReadResults(run)?.Path));
    }

    /// <summary>An end as its entry has it.</summary>
    private static JsonObject Facts(Ended ended, byte[] sha256, bool whole, OutputFile? results) => new()
    {
        ["run"] = ended.Run,
        ["cause"] = Reason(ended.Cause),
        ["detail"] = ended.Detail,
        ["exit_code"] = ended.Cause == EndCause.Exited ? ended.ExitCode : null,
        ["at"] = Time(ended.At),
        ["deadline"] = Time(ended.Deadline),
        ["cut"] = ended.Cut.Length is > 0 and <= 200 ? ended.Cut : null,
        ["kill_at"] = ended.KillAt > 0 ? Time(ended.KillAt) : null,
        ["processes_found"] = ended.HasProcessesFound ? ended.ProcessesFound : null,
        ["processes_left"] = ended.ProcessesLeft >= 0 ? ended.ProcessesLeft : null,
        ["last_packet_at"] = ended.LastPacketAt > 0 ? Time(ended.LastPacketAt) : null,
        ["fence"] = FenceOf(ended.Fence),
        ["recording_bytes"] = ended.RecordingBytes,
        ["recording_sha256"] = Convert.ToHexStringLower(sha256),
        ["recording_whole"] = whole,
        ["outputs"] = new JsonArray([.. ended.Outputs.Where(file => file.Path != SandboxTerms.Live).Take(SandboxTerms.MostOutputs).Select(Written)]),
        ["results"] = results is null ? null : Written(results),
    };

    private static JsonObject Written(OutputFile file) => new()
    {
        ["path"] = file.Path, ["bytes"] = file.Bytes, ["sha256"] = file.Sha256, ["cut"] = file.Cut,
    };

    private static JsonObject? FenceOf(FenceEnd? fence) => fence is null ? null : new()
    {
        ["closed"] = fence.Closed,
        ["passed"] = fence.Passed,
        ["passed_bytes"] = fence.PassedBytes,
        ["refused"] = fence.Refused,
        ["refused_bytes"] = fence.RefusedBytes,
        ["over_budget"] = fence.OverBudget,
        ["unrouted"] = fence.Unrouted,
        ["late"] = fence.Late,
        ["held_back"] = fence.HasHeldBack ? fence.HeldBack : null,
        ["degraded_at"] = fence.DegradedAt > 0 ? Time(fence.DegradedAt) : null,
        ["last_packet_at4"] = fence.LastPacketAt4 > 0 ? Time(fence.LastPacketAt4) : null,
        ["last_packet_at6"] = fence.LastPacketAt6 > 0 ? Time(fence.LastPacketAt6) : null,
        ["zones"] = new JsonArray([.. fence.Zones.Take(ZoneCells.MostZones).Select(zone => new JsonObject
        {
            ["zone"] = zone.Zone, ["passed"] = zone.Passed, ["passed_bytes"] = zone.PassedBytes, ["dropped"] = zone.Dropped, ["dropped_bytes"] = zone.DroppedBytes,
        })]),
        ["dropped_elsewhere"] = fence.DroppedElsewhere,
    };

    public async Task Dropped(RunnerRow runner, Drops drops)
    {
        await writes.Commit<bool>(async scope =>
        {
            var run = RunId.TryParse(drops.Run, out var id)
                ? await scope.Db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.RunnerId == runner.Id)
                : null;
            (Address Address, int Protocol, int Port, long Count)[] refused =
                [.. drops.Drops_.Where(drop => Read(drop.Address) is not null).Select(drop => (Read(drop.Address)!.Value, (int)drop.Protocol, (int)drop.Port, drop.Count))];
            scope.Record(new(AuditType.RunDrops, new(null, runner.Name), run?.RequestId, new()
            {
                ["run"] = drops.Run,
                ["at"] = Time(drops.At),
                ["drops"] = new JsonArray([.. refused.Select(drop => new JsonObject
                {
                    ["address"] = drop.Address.ToString(),
                    ["protocol"] = drop.Protocol,
                    ["port"] = drop.Port,
                    ["count"] = drop.Count,
                })]),
                ["uncounted"] = drops.Uncounted,
            }));
            if (run is not null)
                await TraceIndex.Refused(scope.Db, run, UnixMicroseconds.ToInstant(drops.At), refused, drops.Uncounted);
            return true;
        });
        changes.Happened(drops.Run);
    }

    /// <summary>Nothing was heard of the run, and nothing more can be: its own deadline, or its runner, is over it.</summary>
    public Task Lost(RunRow run, string detail) => Move(null, run.Id.ToString(), RunEvent.Fail,
        (query, to, now) => query.ExecuteUpdateAsync(set => set
            .SetProperty(row => row.State, to)
            .SetProperty(row => row.EndReason, RunEndCause.RunnerLost)
            .SetProperty(row => row.EndDetail, detail)
            .SetProperty(row => row.EndedAt, now)),
        row => new(AuditType.RunEnded, AuditActor.System, row.RequestId, new()
        {
            ["run"] = row.Id.ToString(), ["cause"] = RunEndCause.RunnerLost, ["detail"] = detail,
        }),
        async (scope, row) =>
        {
            await TraceIndex.Gap(scope.Db, row);
            await ExtensionEnding.Settle(scope, row, null, AuditActor.System);
        });

    private Task<bool> Move(
        RunnerRow? runner, string run, RunEvent happened, Func<IQueryable<RunRow>, RunState, DateTimeOffset, Task<int>> update, Func<RunRow, AuditEvent> entry,
        Func<WriteScope, RunRow, Task>? also = null) =>
        Move(runner, run, happened, update, async (scope, row) =>
        {
            scope.Record(entry(row));
            if (also is not null)
                await also(scope, row);
        });

    private async Task<bool> Move(
        RunnerRow? runner, string run, RunEvent happened, Func<IQueryable<RunRow>, RunState, DateTimeOffset, Task<int>> update, Func<WriteScope, RunRow, Task> record)
    {
        if (!RunId.TryParse(run, out var id))
            return false;
        var from = AccessLifecycle.Runs.From(happened);
        var to = AccessLifecycle.Runs.To(happened);
        var moved = await writes.Commit<bool>(async scope =>
        {
            var query = scope.Db.Runs.Where(row => row.Id == id && from.Contains(row.State));
            if (runner is not null)
                query = query.Where(row => row.RunnerId == runner.Id);
            if (await update(query, to, scope.Now) == 0)
                return new Refusal(ErrorCode.WrongState, "the run is past that");
            await record(scope, await scope.Db.Runs.AsNoTracking().SingleAsync(row => row.Id == id));
            return true;
        });
        changes.Happened(run);
        return moved.IsOk;
    }

    /// <summary>A run's outputs are settled when it is ordered; its end alone says more of them, and it comes once.</summary>
    private async Task<string> OutputsOf(RunId id, Ended ended)
    {
        await using var db = database.Open();
        var run = await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id);
        return run is null ? "[]" : RunOutput.Ended(run, ended);
    }

    private async Task<bool> WasGivenUp(RunId id)
    {
        var lost = false;
        await writes.Append(async db => lost = await db.Runs.AnyAsync(row => row.Id == id && row.EndReason == RunEndCause.RunnerLost));
        return lost;
    }

    private static string Reason(EndCause cause) => cause switch
    {
        EndCause.Exited => RunEndCause.Exited,
        EndCause.Deadline => RunEndCause.Deadline,
        EndCause.KillOrder or EndCause.LocalKill => RunEndCause.Killed,
        EndCause.Disconnected => RunEndCause.Disconnected,
        EndCause.RecordingFailed => RunEndCause.RecordingFailed,
        EndCause.CouldNotStart => RunEndCause.CouldNotStart,
        EndCause.Violations => RunEndCause.Violations,
        EndCause.Limit => RunEndCause.Limit,
        EndCause.SupervisorLost or EndCause.Unspecified => RunEndCause.RunnerLost,
        _ => RunEndCause.RunnerLost,
    };

    private static Address? Read(Google.Protobuf.ByteString address) =>
        address.Length == 16 ? new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(address.Span)) : null;

    private static string Time(long at) => UnixMicroseconds.ToInstant(at).ToString("O");
}
