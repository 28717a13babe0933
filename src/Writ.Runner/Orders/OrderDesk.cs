using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Writ.Contracts.Runners;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;
using Writ.Runner.Runs;
using Writ.Runner.Secrets;
using LiveRun = Writ.Runner.Runs.LiveRun;

namespace Writ.Runner.Orders;

/// <summary>
/// Step 6 of the lifecycle: takes signed orders. An order is obeyed only after every check, with its nonce on disk and a
/// line in the journal; it is refused with a code otherwise.
/// </summary>
internal sealed class OrderDesk(
    RunnerConfig config, Func<RunnerIdentity> identity, InventoryReader inventory, NonceStore nonces, RunBook book, IncomingFiles incoming,
    FencePool? fences, string? cgroups, Journal journal, TimeProvider time, Func<Refusal?> distrust, Action<FromRunner> tell)
{
    private const long MostSkew = 2_000_000;
    private readonly NetworkScope _ceiling = config.CeilingScope();
    private readonly SecretStore _secrets = new(config, time);
    private readonly LocalApprovals _approvals = config.LocalApprovals();
    // Runs that were killed here before their order came.
    private readonly ConcurrentDictionary<string, bool> _killedUnseen = new(StringComparer.Ordinal);
    private readonly Lock _extending = new();
    private Task _extended = Task.CompletedTask;
    private long _skew = long.MaxValue;

    /// <summary>Takes note of the server's clock.</summary>
    public void HearClock(long serverClock) => Interlocked.Exchange(ref _skew, serverClock - Now());

    /// <summary>The server is out of sight: its clock is unknown.</summary>
    public void ForgetClock() => Interlocked.Exchange(ref _skew, long.MaxValue);

    private long Now() => UnixMicroseconds.From(time.GetUtcNow());

    /// <summary>
    /// Takes an order: the checks at once, so that a kill right behind it finds the run; disk and start after that.
    /// </summary>
    public void Take(Order message)
    {
        var receivedBoot = Clock.Boot();
        var result = Check(message, OrderCheck.Check, out var run);
        if (!result.IsOk)
        {
            Refuse(run, result.Refusal);
            return;
        }

        var order = result.Value.Order;
        if (_killedUnseen.ContainsKey(order.Run))
        {
            Refuse(order.Run, new(ErrorCode.Revoked, "the run was killed before its order came"));
            return;
        }

        // A server that lost the link before it heard that its order was taken sends it again.
        if (book.Find(order.Run) is { } taken && taken.Nonce == order.Nonce)
        {
            if (!taken.Starting)
                tell(new() { Accepted = new() { Run = order.Run, At = Now() } });
            return;
        }

        var tool = inventory.Current.Find(order.Argv[0]);
        if (tool is null)
        {
            Refuse(order.Run, new(ErrorCode.UnknownTool, $"this runner has no tool {order.Argv[0]}"));
            return;
        }

        var scripts = config.Tools.First(offered => offered.Name == tool.Name).ScriptsOrDefault();
        var spec = new RunSpec
        {
            Run = order.Run,
            BootId = ProcessTable.BootId(),
            Argv = order.Argv,
            ToolPath = tool.Path,
            ToolSha256 = tool.Sha256,
            ToolMark = inventory.MarkOf(tool),
            Root = inventory.RootOf(tool).Path,
            Data = inventory.RootOf(tool).Data,
            Users = config.RunUsers,
            RawSockets = result.Value.Statement.Sandbox?.RawSockets == true,
            ScriptFolder = scripts,
            Scripts = result.Value.Statement.Sandbox?.Scripts ?? [],
            ScriptDigests = scripts is null ? [] : [.. (result.Value.Statement.Sandbox?.Scripts ?? []).Select(script => inventory.DigestOf(tool, Sandboxes.ScriptFolder.PathOf(scripts, script)) ?? "")],
            Limits = config.Limits,
            Cgroups = cgroups,
            Scope = order.Fence,
            Budget = order.Budget ?? Budget.Unlimited,
            Zones = order.Zones ?? [],
            NetworkNamespace = config.NetworkNamespace,
            StartBy = order.StartBy,
            Deadline = order.Deadline,
            DeadlineBoot = receivedBoot + (order.Deadline - order.Issued),
            MaxDisconnected = order.MaxDisconnected,
            HeardBoot = receivedBoot,
            Names = result.Value.Statement.Names ?? [],
            HasFiles = result.Value.Statement.Files is { Count: > 0 },
            Outputs = [.. (result.Value.Statement.Outputs ?? []).Select(output => output.Path)],
            Live = result.Value.Statement.Live,
            Terminal = order.Terminal,
            SoftStop = 1_000_000L * (config.Tools.First(offered => offered.Name == tool.Name).SoftStopSeconds ?? 0),
            OutputLimitBytes = config.OutputLimitBytes,
            SpoolLimitBytes = config.SpoolLimitBytes,
            ReceivedBoot = receivedBoot,
        };
        if (book.TryAdd(spec, order.Nonce) is { } live)
            _ = Task.Run(() => Start(live, result.Value, message));
        else
            Refuse(order.Run, new(ErrorCode.Replayed, "this runner has or had a run of this id"));
    }

    private async Task Start(LiveRun live, CheckedOrder taken, Order message)
    {
        var order = taken.Order;
        try
        {
            if (!nonces.TryTake(order.Nonce, order.Deadline))
            {
                book.Drop(live);
                Refuse(order.Run, new(ErrorCode.Replayed, "the order's nonce was seen before"));
                return;
            }

            if (taken.Approval is { } approval && !nonces.TryTakeUse(approval.Statement, approval.Uses, approval.Until))
            {
                book.Drop(live);
                Refuse(order.Run, new(ErrorCode.GrantExhausted, "this runner has executed what was approved as often as it was approved"));
                return;
            }

            Durable.Folder(live.Folder.Path);
            if (await incoming.Take(live.Folder, taken.Statement.Files ?? [], UnixMicroseconds.ToInstant(order.StartBy)) is { } refusal)
            {
                book.Drop(live);
                Refuse(order.Run, refusal);
                return;
            }

            if (!config.HasFence && live.Spec!.Budget != Budget.Unlimited)
                throw new RunnerException("this runner does without fences, and only a fence holds a run to its budget", "its operator takes \"fence\": \"none\" out of runner.json");
            var captures = config.Tools.First(offered => offered.Name == order.Argv[0]).Capture == true;
            if (!config.HasFence && captures)
                throw new RunnerException("this runner does without fences, and only a fence copies the packets of a scope", "its operator takes \"fence\": \"none\" out of runner.json");
            if (config.HasFence)
                live.Spec!.Place = (fences ?? throw new RunnerException("this runner has raised no fence")).Take(taken.Fence, captures);
            using var secrets = await Secrets(live, taken);
            Durable.Write(live.Folder.Order, message.Bytes.Span, flush: false);
            Durable.Write(live.Folder.Spec, JsonSerializer.SerializeToUtf8Bytes(live.Spec!, RunnerJson.Default.RunSpec), flush: false);
            journal.Write("accepted", order.Run, detail: string.Join(' ', order.Argv));
            book.Launch(live, secrets);
            tell(new() { Accepted = new() { Run = order.Run, At = Now() } });
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or RunnerException)
        {
            _ = _secrets.Return(live.Spec!.Secrets, line => journal.TryWrite("secret", order.Run, detail: line));
            book.Drop(live);
            Refuse(order.Run, new(ErrorCode.CouldNotStart, failure is RunnerException { Hint: { } hint } ? $"{failure.Message}: {hint}" : failure.Message));
        }
    }

    // Last of all: what is lent for a run that then does not start would have to be given back.
    private async Task<GivenSecrets> Secrets(LiveRun live, CheckedOrder taken)
    {
        if (taken.Statement.Sandbox?.Secrets is not { } wanted)
            return GivenSecrets.None;
        using var until = new CancellationTokenSource();
        if (UnixMicroseconds.ToInstant(taken.Order.StartBy) - time.GetUtcNow() is var left && left > TimeSpan.Zero)
            until.CancelAfter(left);
        var given = await _secrets.Fetch(wanted, taken.Order.Argv[0], taken.Fence, taken.Order.Deadline, until.Token);
        live.Spec!.Secrets = given.Terms;
        return given;
    }

    /// <summary>Takes an order of more time for a live run; one after the other, since each is held against the deadline that the one before has left.</summary>
    public void Extend(Order message)
    {
        var receivedBoot = Clock.Boot();
        lock (_extending)
            _extended = _extended.ContinueWith(_ => Extend(message, receivedBoot), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Extend(Order message, long receivedBoot)
    {
        var read = RunOrder.Read(message.Bytes.Span);
        var (nonce, live) = read.IsOk ? (read.Value.Nonce, book.Find(read.Value.Run)) : ("", null);
        // A server that lost the link before it heard that its order was taken sends it again.
        if (live?.Spec?.Extensions.Contains(nonce) == true)
        {
            Answer(live, live.Run, nonce, null);
            return;
        }

        var result = Check(message, (envelope, trust, now) => InForce(live) is { } run
            ? OrderCheck.CheckExtension(envelope, trust, run, now)
            : new Refusal(ErrorCode.WrongState, "there is no such live run"), out var name);
        Refusal? refusal;
        try
        {
            refusal = result.IsOk ? Move(live!, result.Value, receivedBoot) : result.Refusal;
        }
        catch (IOException failure)
        {
            refusal = new(ErrorCode.CouldNotStart, failure.Message);
        }

        Answer(live, name, nonce, refusal);
    }

    /// <summary>Moves the deadline of an order that passed every check; why not, or null.</summary>
    private Refusal? Move(LiveRun live, CheckedOrder taken, long receivedBoot)
    {
        var (order, spec) = (taken.Order, live.Spec!);
        if (!nonces.TryTake(order.Nonce, order.Deadline))
            return new(ErrorCode.Replayed, "the order's nonce was seen before");
        // More time is another approval's, or another use of the same.
        if (taken.Approval is { } approval && !nonces.TryTakeUse(approval.Statement, approval.Uses, approval.Until))
            return new(ErrorCode.GrantExhausted, "this runner has executed what was approved as often as it was approved");

        journal.Write("extended", order.Run, detail: UnixMicroseconds.ToInstant(order.Deadline).ToString("O", CultureInfo.InvariantCulture));
        // No more than was added, however long the order was on its way, and no more than the order itself says.
        var deadlineBoot = Math.Min(spec.DeadlineBoot + (order.Deadline - spec.Deadline), receivedBoot + (order.Deadline - order.Issued));
        using var control = LocalSocket.Connect(live.Folder.Path, RunFolder.ControlName);
        if (control is null || !control.Send(ControlMessage.Extend(order.Deadline, deadlineBoot)) || control.Receive(2_000) != "ok")
            return new(ErrorCode.WrongState, "the run is at its end");
        lock (live)
            live.Keep(live.Spec! with { Deadline = order.Deadline, DeadlineBoot = deadlineBoot, Extensions = [.. spec.Extensions, order.Nonce] });
        return null;
    }

    /// <summary>A live run as more time for it is held against; null for one that is not here, has ended, or has not begun.</summary>
    private static RunInForce? InForce(LiveRun? live)
    {
        if (live is not { End: null, Starting: false, Spec: { } spec })
            return null;
        try
        {
            return RunOrder.Read(File.ReadAllBytes(live.Folder.Order)) is { IsOk: true, Value: var first } ? new(first, spec.Deadline) : null;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private Result<CheckedOrder> Check(Order message, Func<SignedBytes, RunnerTrust, long, Result<CheckedOrder>> check, out string run)
    {
        run = "";
        if (inventory.Refresh())
            journal.TryWrite("inventory", detail: inventory.Current.Digest());
        var own = identity();
        var trust = new RunnerTrust(own.Runner, inventory.Current.Digest(), own.Keys(), _ceiling, _approvals);
        var envelope = new SignedBytes(message.Bytes.ToByteArray(), message.Signature.ToByteArray(), message.KeyId);
        if (RunOrder.Read(envelope.Bytes) is { IsOk: true } read && RunId.TryParse(read.Value.Run, out _))
            run = read.Value.Run;
        if (distrust() is { } untrusted)
            return untrusted;
        var skew = Interlocked.Read(ref _skew);
        if (skew is > MostSkew or < -MostSkew)
            return new Refusal(ErrorCode.ClockSkew, "the clocks of runner and server differ by more than two seconds",
                "set both by NTP");
        Result<CheckedOrder> result;
        try
        {
            result = check(envelope, trust, Now());
        }
        catch (OverflowException)
        {
            return new Refusal(ErrorCode.BadDeadline, "an instant of the order is out of range");
        }

        if (!result.IsOk)
            return result;
        var order = result.Value.Order;
        if (run.Length == 0)
            return new Refusal(ErrorCode.InvalidInput, "the order names no run");
        if (order.Nonce.Length != 64 || !order.Nonce.All(char.IsAsciiHexDigitLower))
            return new Refusal(ErrorCode.InvalidInput, "the order's nonce is not 32 bytes in hexadecimal");
        if (order.Argv.Any(argument => argument.Contains('\0', StringComparison.Ordinal)))
            return new Refusal(ErrorCode.ArgvMismatch, "an argument contains a NUL");
        return result;
    }

    /// <summary>The server wants a run dead. What is not here is answered as ended, and stays so.</summary>
    public void Kill(string run, string reason)
    {
        if (book.Find(run) is { } live)
        {
            book.Kill(live, Cause.KillOrder, reason);
            return;
        }

        _killedUnseen[run] = true;
        journal.TryWrite("kill", run, nameof(Cause.KillOrder), "no such run here");
        tell(new() { Ended = new() { Run = run, Cause = EndCause.KillOrder, Detail = "no such run on this runner", At = Now(), KillAt = Now(), ProcessesLeft = 0 } });
    }

    private void Refuse(string run, Refusal refusal)
    {
        journal.TryWrite("refused", run, refusal.Code, refusal.Message);
        tell(new() { Refused = new() { Run = run, Code = refusal.Code, Message = refusal.Message, At = Now() } });
    }

    private void Answer(LiveRun? live, string run, string nonce, Refusal? refusal)
    {
        if (refusal is not null)
            journal.TryWrite("refused", run, refusal.Code, refusal.Message);
        tell(new()
        {
            Extension = new() { Run = run, Nonce = nonce, Deadline = live?.Spec?.Deadline ?? 0, Code = refusal?.Code ?? "", Message = refusal?.Message ?? "" },
        });
    }
}
