namespace Writ.Runner.Host;

/// <summary>
/// Keeps reports of executions: of each user the first ten of a minute, then one that counts the others when the minute is
/// over. A flood must neither fill the disk nor hide who made it.
/// </summary>
internal sealed class ExecutionReports(ReportSpool spool, TimeProvider time, Action<string> say)
{
    private const int Each = 10;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(long Uid, bool Refused), Counted> _users = [];

    /// <summary>Keeps one, or counts it.</summary>
    public void Add(UnbrokeredExecution execution)
    {
        var key = (execution.Uid, execution.Refused);
        if (!_users.TryGetValue(key, out var counted))
            _users[key] = counted = new(time.GetTimestamp());
        if (++counted.Number <= Each)
            Keep(execution);
        else
            counted.Last = execution;
    }

    /// <summary>Writes what was counted of minutes that are over.</summary>
    public void Settle()
    {
        foreach (var (key, counted) in _users.Where(user => time.GetElapsedTime(user.Value.Begin) >= Minute).ToArray())
        {
            if (counted.Last is { } last)
                Keep(last with { Count = counted.Number - Each });
            _users.Remove(key);
        }
    }

    private void Keep(UnbrokeredExecution execution)
    {
        try
        {
            if (!spool.Add(time, null, execution))
                say($"{execution.Path} was executed by {execution.User}, and too many reports wait to keep another");
        }
        catch (IOException full)
        {
            // The watch goes on, since what it answers matters more than what it tells.
            say($"{execution.Path} was executed by {execution.User}, and no report can be kept: {full.Message}");
        }
    }

    private sealed class Counted(long begin)
    {
        public long Begin { get; } = begin;

        public int Number { get; set; }

        public UnbrokeredExecution? Last { get; set; }
    }
}
