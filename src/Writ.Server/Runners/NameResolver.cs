using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>Which addresses names have.</summary>
internal interface INameResolver
{
    /// <summary>
    /// The addresses of each name, in the resolver's order, as tools on this runner would see them; none where a name has
    /// none of this family.
    /// </summary>
    Task<Result<IReadOnlyDictionary<string, IReadOnlyList<Address>>>> Resolve(RunnerId runner, IReadOnlyList<string> names, bool v6, CancellationToken cancel);
}

/// <summary>
/// Asks the runner that would execute the command. One that is connected to another server of this database is asked through
/// it: the question is a row, which that server passes on and to which it writes the answer.
/// </summary>
internal sealed class NameResolver(Database database, WriteTransaction writes, RunnerHub hub, TimeProvider time) : INameResolver
{
    /// <summary>How long an answer is waited for; a runner gives up before.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public async Task<Result<IReadOnlyDictionary<string, IReadOnlyList<Address>>>> Resolve(
        RunnerId runner, IReadOnlyList<string> names, bool v6, CancellationToken cancel)
    {
        if (names.Count > SandboxTerms.MostNames)
            return new Refusal(ErrorCode.InvalidTarget, $"the command has {names.Count} names, and at most {SandboxTerms.MostNames} are resolved", "write addresses or networks");
        if (names.FirstOrDefault(name => !HostName.IsPlain(name)) is { } odd)
            return new Refusal(ErrorCode.InvalidTarget, $"'{odd}' is no host name", "write its address");
        var question = new Resolve { Id = Guid.CreateVersion7(time.GetUtcNow()).ToString("n"), Names = { names }, V6 = v6 };
        var answer = hub.IsHere(runner) ? await AskHere(runner, question, cancel) : await AskThere(runner, question, cancel);
        if (answer is null)
            return new Refusal(ErrorCode.NoRunner, "the runner did not resolve the command's names in time", "try again, or write addresses");
        return answer.Failure.Length > 0
            ? new Refusal(ErrorCode.NoRunner, $"the runner cannot resolve the command's names: {answer.Failure}", "write addresses")
            : Read(answer, names);
    }

    private static Result<IReadOnlyDictionary<string, IReadOnlyList<Address>>> Read(Resolved answer, IReadOnlyList<string> names)
    {
        var found = new Dictionary<string, IReadOnlyList<Address>>(StringComparer.Ordinal);
        foreach (var name in answer.Names)
        {
            if (name.Addresses.Count > SandboxTerms.MostAddresses || name.Addresses.Any(address => address.Length != 16))
                return new Refusal(ErrorCode.NoRunner, $"the runner's answer for '{name.Name}' cannot be read");
            found[name.Name] = [.. name.Addresses.Select(address => new Address(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(address.Span)))];
        }

        return names.FirstOrDefault(name => !found.ContainsKey(name)) is { } missing
            ? new Refusal(ErrorCode.NoRunner, $"the runner gave no answer for '{missing}'")
            : found;
    }

    private async Task<Resolved?> AskHere(RunnerId runner, Resolve question, CancellationToken cancel)
    {
        var answer = hub.NextAnswer(question.Id);
        try
        {
            return hub.Send(runner, new ToRunner { Resolve = question }) && await Task.WhenAny(answer, Task.Delay(Patience, time, cancel)) == answer
                ? await answer
                : null;
        }
        finally
        {
            hub.StopListening(question.Id);
        }
    }

    private async Task<Resolved?> AskThere(RunnerId runner, Resolve question, CancellationToken cancel)
    {
        var id = question.Id;
        await writes.Append(db =>
        {
            db.NameQuestions.Add(new() { Id = id, RunnerId = runner, Names = [.. question.Names], V6 = question.V6, AskedAt = time.GetUtcNow() });
            return Task.CompletedTask;
        });
        try
        {
            for (var until = time.GetUtcNow() + Patience; time.GetUtcNow() < until;)
            {
                await using var db = database.Open();
                var bytes = await db.NameQuestions.AsNoTracking().Where(row => row.Id == id).Select(row => row.Answer).SingleOrDefaultAsync(cancel);
                if (bytes is not null)
                    return Resolved.Parser.ParseFrom(bytes);
                await Task.Delay(Look, time, cancel);
            }

            return null;
        }
        finally
        {
            await writes.Append(db => db.NameQuestions.Where(row => row.Id == id).ExecuteDeleteAsync(CancellationToken.None));
        }
    }
}
