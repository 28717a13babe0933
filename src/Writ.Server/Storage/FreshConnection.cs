using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Writ.Server.Storage;

/// <summary>
/// How PostgreSQL's failures come out: as <see cref="DbException"/>, like SQLite's, where the provider's own strategy wraps
/// those of connections into an <see cref="InvalidOperationException"/> that nobody takes for the database's. When a
/// connection turns out to be dead (a restart, a failover) the others of the pool are given up with it, and a read outside
/// of a transaction is tried once more; a transaction never is.
/// </summary>
internal sealed class FreshConnection(DbContext context) : IExecutionStrategy
{
    /// <summary>False: transactions need no wrapping, since they are not repeated.</summary>
    public bool RetriesOnFailure => false;

    public TResult Execute<TState, TResult>(
        TState state, Func<DbContext, TState, TResult> operation, Func<DbContext, TState, ExecutionResult<TResult>>? verifySucceeded)
    {
        try
        {
            return operation(context, state);
        }
        catch (NpgsqlException broken) when (TryAgain(broken))
        {
            return operation(context, state);
        }
    }

    public async Task<TResult> ExecuteAsync<TState, TResult>(
        TState state, Func<DbContext, TState, CancellationToken, Task<TResult>> operation,
        Func<DbContext, TState, CancellationToken, Task<ExecutionResult<TResult>>>? verifySucceeded, CancellationToken cancellationToken = default)
    {
        try
        {
            return await operation(context, state, cancellationToken);
        }
        catch (NpgsqlException broken) when (TryAgain(broken))
        {
            return await operation(context, state, cancellationToken);
        }
    }

    private bool TryAgain(NpgsqlException broken)
    {
        var died = broken is PostgresException told
            ? told.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.DatabaseDropped
            : broken.InnerException is IOException or System.Net.Sockets.SocketException;
        if (!died || context.Database.GetDbConnection() is not NpgsqlConnection connection)
            return false;
        NpgsqlConnection.ClearPool(connection);
        return context.Database.CurrentTransaction is null;
    }
}
