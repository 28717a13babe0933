namespace Writ.Core;

/// <summary>
/// The lifecycle of access: the numbered story and the only table of state transitions. <c>docs/lifecycle.md</c> tells
/// it at length with the same numbers.
/// <list type="number">
/// <item>Ask: a command becomes a plan, and a request is <see cref="RequestState.Pending"/>.</item>
/// <item>Evaluate: policy denies, asks for approval, or allows.</item>
/// <item>Decide: people say yes or no to one statement; a new revision voids earlier decisions.</item>
/// <item>Grant: with the last yes, in one transaction, quorum is recomputed and the grant is <see cref="GrantState.Active"/>.</item>
/// <item>Consume and order: policy is asked again, a use is taken, and a run is <see cref="RunState.Queued"/>.</item>
/// <item>Enforce: the runner checks the signed order and executes (<see cref="RunState.Starting"/>, <see cref="RunState.Running"/>).</item>
/// <item>Record: output is durable before it is seen; what cannot be recorded is killed.</item>
/// <item>End: exit, or kill at the deadline, on revoke, on a watcher's command, on lost contact.</item>
/// <item>Expire: requests, grants and windows end by themselves. More time for a live run is steps 1 to 6 once more: a request of its own,
/// about nothing but the time, moves grant and deadline while the run goes on (<see cref="ExtensionState"/>). A series that was decided on as a
/// whole starts runs at its times, each by steps 4 to 8 (<see cref="SeriesState"/>).</item>
/// <item>Prove: each step is an entry of the audit log, written in the transaction of the step.</item>
/// </list>
/// Storage guards its updates by the tables below (<see cref="TransitionTable{TState,TEvent}.From"/>), so no state
/// changes anywhere but along one of these lines.
/// </summary>
public static class AccessLifecycle
{
    /// <summary>Requests: steps 1 to 4 and 9.</summary>
    public static TransitionTable<RequestState, RequestEvent> Requests { get; } = new(
    [
        (RequestState.Pending, RequestEvent.Revise, RequestState.Pending),
        (RequestState.Pending, RequestEvent.Approve, RequestState.Approved),
        (RequestState.Pending, RequestEvent.Deny, RequestState.Denied),
        (RequestState.Pending, RequestEvent.Cancel, RequestState.Cancelled),
        (RequestState.Pending, RequestEvent.Expire, RequestState.Expired),
    ]);

    /// <summary>Grants: steps 4, 5 and 9. An exhausted grant can still be revoked: its last run may be live.</summary>
    public static TransitionTable<GrantState, GrantEvent> Grants { get; } = new(
    [
        (GrantState.Active, GrantEvent.Consume, GrantState.Active),
        (GrantState.Active, GrantEvent.ConsumeLast, GrantState.Exhausted),
        (GrantState.Active, GrantEvent.Expire, GrantState.Expired),
        (GrantState.Active, GrantEvent.Revoke, GrantState.Revoked),
        (GrantState.Exhausted, GrantEvent.Revoke, GrantState.Revoked),
        (GrantState.Active, GrantEvent.Extend, GrantState.Active),
        (GrantState.Exhausted, GrantEvent.Extend, GrantState.Exhausted),
    ]);

    /// <summary>
    /// Runs: steps 5 to 8. A run that never started can end as failed or killed; whatever started ends by what the
    /// runner saw.
    /// </summary>
    public static TransitionTable<RunState, RunEvent> Runs { get; } = new(
    [
        (RunState.Queued, RunEvent.Accept, RunState.Starting),
        (RunState.Queued, RunEvent.Start, RunState.Running),
        (RunState.Queued, RunEvent.Exit, RunState.Exited),
        (RunState.Queued, RunEvent.Kill, RunState.Killed),
        (RunState.Queued, RunEvent.Refuse, RunState.Failed),
        (RunState.Queued, RunEvent.Fail, RunState.Failed),
        (RunState.Starting, RunEvent.Start, RunState.Running),
        (RunState.Starting, RunEvent.Exit, RunState.Exited),
        (RunState.Starting, RunEvent.Kill, RunState.Killed),
        (RunState.Starting, RunEvent.Fail, RunState.Failed),
        (RunState.Running, RunEvent.Exit, RunState.Exited),
        (RunState.Running, RunEvent.Kill, RunState.Killed),
        (RunState.Running, RunEvent.Fail, RunState.Failed),
        (RunState.Starting, RunEvent.Extend, RunState.Starting),
        (RunState.Running, RunEvent.Extend, RunState.Running),
    ]);

    /// <summary>
    /// Glass that was broken, from the grant on: until another person has reviewed it, whoever broke it is given nothing further. It is no state of the grant,
    /// which is used and ends like any other.
    /// </summary>
    public static TransitionTable<GlassState, GlassEvent> Glass { get; } = new(
    [
        (GlassState.Broken, GlassEvent.Review, GlassState.Reviewed),
    ]);

    /// <summary>
    /// A series, from the decision on: what is decided of each of its runs is decided by it. A suspended one starts nothing; one that policy, template or
    /// targets suspended is never resumed, but decided anew as another one.
    /// </summary>
    public static TransitionTable<SeriesState, SeriesEvent> Series { get; } = new(
    [
        (SeriesState.Active, SeriesEvent.Occur, SeriesState.Active),
        (SeriesState.Active, SeriesEvent.Suspend, SeriesState.Suspended),
        (SeriesState.Suspended, SeriesEvent.Resume, SeriesState.Active),
        (SeriesState.Active, SeriesEvent.End, SeriesState.Ended),
        (SeriesState.Suspended, SeriesEvent.End, SeriesState.Ended),
    ]);

    /// <summary>More time for a run, from the decision on: until its runner says that it holds, the run keeps the deadline that it has.</summary>
    public static TransitionTable<ExtensionState, ExtensionEvent> Extensions { get; } = new(
    [
        (ExtensionState.Granted, ExtensionEvent.Order, ExtensionState.Ordered),
        (ExtensionState.Granted, ExtensionEvent.Void, ExtensionState.Void),
        (ExtensionState.Ordered, ExtensionEvent.Hold, ExtensionState.InForce),
        (ExtensionState.Ordered, ExtensionEvent.Void, ExtensionState.Void),
    ]);
}

/// <summary>A closed table of transitions: what is not in it does not happen.</summary>
public sealed class TransitionTable<TState, TEvent>
    where TState : struct, Enum
    where TEvent : struct, Enum
{
    private readonly Dictionary<(TState, TEvent), TState> _next;

    internal TransitionTable(IEnumerable<(TState From, TEvent Event, TState To)> rows) =>
        _next = rows.ToDictionary(row => (row.From, row.Event), row => row.To);

    /// <summary>Every line of the table.</summary>
    public IEnumerable<(TState From, TEvent Event, TState To)> Rows => _next.Select(row => (row.Key.Item1, row.Key.Item2, row.Value));

    /// <summary>The state after the event, or null where the event cannot happen.</summary>
    public TState? Next(TState from, TEvent happened) => _next.TryGetValue((from, happened), out var to) ? to : null;

    /// <summary>The states in which the event can happen: the guard of the update that makes it happen.</summary>
    public TState[] From(TEvent happened) => [.. _next.Keys.Where(key => key.Item2.Equals(happened)).Select(key => key.Item1)];

    /// <summary>The state that the event leads to.</summary>
    /// <exception cref="InvalidOperationException">It leads to none, or to more than one.</exception>
    public TState To(TEvent happened) => _next.Where(row => row.Key.Item2.Equals(happened)).Select(row => row.Value).Distinct().Single();

    /// <summary>True when nothing follows the state.</summary>
    public bool IsFinal(TState state) => !_next.Keys.Any(key => key.Item1.Equals(state));
}

/// <summary>Where a request stands. The zero value is no state: no transition leaves it.</summary>
public enum RequestState
{
    /// <summary>Not a state.</summary>
    None,
    /// <summary>Asked; waits for decisions.</summary>
    Pending,
    /// <summary>Quorum was met; its grant exists.</summary>
    Approved,
    /// <summary>Policy or a reviewer said no.</summary>
    Denied,
    /// <summary>The requester took it back.</summary>
    Cancelled,
    /// <summary>Nobody decided in time.</summary>
    Expired,
}

/// <summary>What happens to a request.</summary>
public enum RequestEvent
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>A new revision of its statement; earlier decisions are void.</summary>
    Revise,
    /// <summary>The decision that met the quorum.</summary>
    Approve,
    /// <summary>A no, of policy or of a reviewer.</summary>
    Deny,
    /// <summary>The requester takes it back.</summary>
    Cancel,
    /// <summary>Its time to be decided is over.</summary>
    Expire,
}

/// <summary>Where a grant stands. The zero value is no state: no transition leaves it.</summary>
public enum GrantState
{
    /// <summary>Not a state.</summary>
    None,
    /// <summary>Uses are left and its interval is not over.</summary>
    Active,
    /// <summary>Every use was taken.</summary>
    Exhausted,
    /// <summary>NotAfter passed with uses left.</summary>
    Expired,
    /// <summary>Taken away by a person, by a tightened policy, or because its actor was disabled.</summary>
    Revoked,
}

/// <summary>What happens to a grant.</summary>
public enum GrantEvent
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>A use is taken and others are left.</summary>
    Consume,
    /// <summary>The last use is taken.</summary>
    ConsumeLast,
    /// <summary>NotAfter passes.</summary>
    Expire,
    /// <summary>It is taken away.</summary>
    Revoke,
    /// <summary>Its end moves later, for a live run of it.</summary>
    Extend,
}

/// <summary>Where glass that was broken stands. The zero value is no state: no transition leaves it.</summary>
public enum GlassState
{
    /// <summary>Not a state.</summary>
    None,
    /// <summary>It was broken, and waits for a review.</summary>
    Broken,
    /// <summary>Another person has reviewed it, whatever they found.</summary>
    Reviewed,
}

/// <summary>What happens to glass that was broken.</summary>
public enum GlassEvent
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Another person says what they found.</summary>
    Review,
}

/// <summary>Where a series stands. The zero value is no state: no transition leaves it.</summary>
public enum SeriesState
{
    /// <summary>Not a state.</summary>
    None,
    /// <summary>It was decided on, and its runs are started when they are due.</summary>
    Active,
    /// <summary>Nothing of it is started: what was decided on has changed, or a person holds it up.</summary>
    Suspended,
    /// <summary>Its end date passed, a person ended it, or its actor or owner was disabled.</summary>
    Ended,
}

/// <summary>What happens to a series.</summary>
public enum SeriesEvent
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>A run is due, whatever comes of it.</summary>
    Occur,
    /// <summary>Policy, template or targets have changed, or a person holds it up.</summary>
    Suspend,
    /// <summary>The person who held it up, or one who may decide on it, lets it go on.</summary>
    Resume,
    /// <summary>Its end, however it comes.</summary>
    End,
}

/// <summary>Where more time for a run stands. The zero value is no state: no transition leaves it.</summary>
public enum ExtensionState
{
    /// <summary>Not a state.</summary>
    None,
    /// <summary>It was decided; its order is not signed yet, since the runner is out of reach or an extension before it is under way.</summary>
    Granted,
    /// <summary>Its order is signed; the runner has not answered.</summary>
    Ordered,
    /// <summary>The runner has moved the deadline.</summary>
    InForce,
    /// <summary>It never came into force: the run ended first, or the runner refused it.</summary>
    Void,
}

/// <summary>What happens to more time for a run.</summary>
public enum ExtensionEvent
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Its order is signed.</summary>
    Order,
    /// <summary>The runner says that the later deadline holds.</summary>
    Hold,
    /// <summary>It cannot come into force any more.</summary>
    Void,
}

/// <summary>Where a run stands. The zero value is no state: no transition leaves it.</summary>
public enum RunState
{
    /// <summary>Not a state.</summary>
    None,
    /// <summary>The use is taken and the order signed; no runner has accepted it yet.</summary>
    Queued,
    /// <summary>The runner accepted the order and raises fence and sandbox.</summary>
    Starting,
    /// <summary>The tool's process lives.</summary>
    Running,
    /// <summary>The tool ended by itself; it has an exit code.</summary>
    Exited,
    /// <summary>It was ended: deadline, revoke, kill, lost contact, no recording.</summary>
    Killed,
    /// <summary>It never ran, or what became of it cannot be known.</summary>
    Failed,
}

/// <summary>What happens to a run.</summary>
public enum RunEvent
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>The runner accepts the order.</summary>
    Accept,
    /// <summary>The process starts.</summary>
    Start,
    /// <summary>The process ends by itself.</summary>
    Exit,
    /// <summary>The process is ended, or never begins because the right is gone.</summary>
    Kill,
    /// <summary>The runner could not start the tool, or what became of the run cannot be known.</summary>
    Fail,
    /// <summary>The runner refused the order. A run whose order was taken once is not touched by refusing it a second time.</summary>
    Refuse,
    /// <summary>It gets more time.</summary>
    Extend,
}
