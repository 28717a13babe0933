using Writ.Contracts.Runners;

namespace Writ.Runner.Host;

/// <summary>
/// What was found on the runner's host, kept as a file until the server has it in its log: one of the two parts is there.
/// </summary>
/// <param name="Id">Random; the same report told twice is known by it.</param>
/// <param name="At">When it was found, in Unix microseconds.</param>
/// <param name="Rights">All standing rights of the host at that time; an empty list says that there are none.</param>
/// <param name="Execution">A tool that was executed past the runner.</param>
internal sealed record HostReport(string Id, long At, IReadOnlyList<FoundRight>? Rights = null, UnbrokeredExecution? Execution = null)
{
    /// <summary>As it is told to the server.</summary>
    public Contracts.Runners.HostReport ToMessage()
    {
        var message = new Contracts.Runners.HostReport { Id = Id, At = At };
        if (Rights is { } rights)
        {
            message.Rights = new();
            message.Rights.Rights.Add(rights.Select(right => new Contracts.Runners.StandingRight { Kind = right.Kind, Where = right.Where, What = right.What, Remedy = right.Remedy, Removed = right.Removed }));
        }

        if (Execution is { } execution)
        {
            message.Execution = new Execution { Path = execution.Path, Uid = execution.Uid, User = execution.User, Refused = execution.Refused, Count = execution.Count };
            message.Execution.Parents.Add(execution.Parents);
            message.Execution.Argv.Add(execution.Argv);
        }

        return message;
    }
}

/// <summary>A right that somebody holds without asking.</summary>
/// <param name="Kind"><c>sudo</c>, <c>doas</c>, <c>capability</c>, <c>setuid</c>, <c>copy</c>, <c>group</c> or <c>route</c>.</param>
/// <param name="Where">A file with its line, a file, a group with its member, a network.</param>
/// <param name="What">What it lets whom do, in one line.</param>
/// <param name="Remedy">The exact way to take it away.</param>
/// <param name="Removed">True where this was done.</param>
internal sealed record FoundRight(string Kind, string Where, string What, string Remedy, bool Removed);

/// <summary>A guarded tool that somebody executed outside any run.</summary>
/// <param name="Path">The program.</param>
/// <param name="Uid">The user's number.</param>
/// <param name="User">Their name, or the number where it has none.</param>
/// <param name="Parents">The command lines of the process that executed it and of those above it, nearest first.</param>
/// <param name="Argv">The arguments; empty where they could not be read.</param>
/// <param name="Refused">True where the guard did not let it start.</param>
/// <param name="Count">1, or for how many executions of the user in the last minute this one stands.</param>
internal sealed record UnbrokeredExecution(
    string Path, long Uid, string User, IReadOnlyList<string> Parents, IReadOnlyList<string> Argv, bool Refused, int Count);
