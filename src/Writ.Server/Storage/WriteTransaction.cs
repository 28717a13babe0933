using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;

namespace Writ.Server.Storage;

/// <summary>
/// The only way in which state changes: a transaction that cannot commit without the audit entry of what it did.
/// </summary>
internal sealed class WriteTransaction(Database database, SequencerBell sequencer, TimeProvider time)
{
    /// <summary>
    /// Runs the body and commits when it has a value. A refusal rolls back. The body sees one instant,
    /// <see cref="WriteScope.Now"/>, for everything that it writes. It is not cancelled half-way by a client that goes.
    /// </summary>
    /// <exception cref="InvalidOperationException">It had a value and recorded nothing: a defect.</exception>
    public Task<Result<T>> Commit<T>(Func<WriteScope, Task<Result<T>>> body) => Run(body, mustRecord: true);

    /// <summary>
    /// Appends what is no change of state: recorded output, an entry's position, when a runner was last seen, an inventory.
    /// </summary>
    public async Task Append(Func<WritDb, Task> body) =>
        await Run<bool>(async scope =>
        {
            await body(scope.Db);
            return true;
        }, mustRecord: false);

    private async Task<Result<T>> Run<T>(Func<WriteScope, Task<Result<T>>> body, bool mustRecord)
    {
        using var turn = await database.TurnToWrite(CancellationToken.None);
        await using var db = database.Open();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var scope = new WriteScope(db, time.GetUtcNow());
        var result = await body(scope);
        if (!result.IsOk)
        {
            await transaction.RollbackAsync();
            return result;
        }

        if (mustRecord && scope.Recorded == 0)
            throw new InvalidOperationException("a change of state without an audit entry");
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        if (scope.Recorded > 0)
            sequencer.Ring();
        return result;
    }
}

/// <summary>One transaction's context, instant and audit entries.</summary>
internal sealed class WriteScope(WritDb db, DateTimeOffset now)
{
    private const long PolicyLock = 0x57524954_0002;
    private const int TurnLock = 0x57524954;

    public WritDb Db => db;

    /// <summary>The instant of everything that this transaction writes.</summary>
    public DateTimeOffset Now => now;

    /// <summary>How many entries were recorded.</summary>
    public int Recorded { get; private set; }

    /// <summary>
    /// Keeps the policy in force as it is until this transaction ends: whatever is decided in it is either seen by the next
    /// policy or decided under it. SQLite has one writer, which is the same.
    /// </summary>
    public Task HoldPolicy() => LockPolicy("SELECT pg_advisory_xact_lock_shared({0})");

    /// <summary>Waits for everybody who holds the policy, and keeps others out until this transaction ends.</summary>
    public Task TakePolicy() => LockPolicy("SELECT pg_advisory_xact_lock({0})");

    /// <summary>
    /// Makes those who give something to one of these people wait for one another, until this transaction ends. Whoever takes it takes it before any
    /// row of a request or run, so two of them never wait for each other. SQLite has one writer, which is the same.
    /// </summary>
    public async Task TakeTurnOf(params IEnumerable<ActorId?> people)
    {
        if (!db.Database.IsNpgsql())
            return;
        // Two people of one number wait for one another for nothing, which is no harm.
        foreach (var number in people.OfType<ActorId>().Select(person => BitConverter.ToInt32(SHA256.HashData(Encoding.ASCII.GetBytes(person.ToString())))).Distinct().Order())
            await db.Database.ExecuteSqlRawAsync("SELECT pg_advisory_xact_lock({0}, {1})", TurnLock, number);
    }

    private Task LockPolicy(string sql) =>
        db.Database.IsNpgsql() ? db.Database.ExecuteSqlRawAsync(sql, PolicyLock) : Task.CompletedTask;

    /// <summary>Adds an entry to this transaction; its id is there once the changes are saved.</summary>
    public AuditRow Record(AuditEvent happened)
    {
        Recorded++;
        return db.AuditEntries.Add(new AuditRow
        {
            Time = now,
            Type = happened.Type,
            ActorId = happened.Actor.Id,
            Correlation = happened.Correlation,
            Bytes = happened.ToBytes(now),
        }).Entity;
    }
}
