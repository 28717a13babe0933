using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Writ.Server.Storage;

namespace Writ.Server.Streams;

/// <summary>
/// The right to send a stream: one server's at a time, by an advisory lock of a connection that is held for as long. PostgreSQL gives it
/// back when the server or the connection dies. SQLite has one server.
/// </summary>
internal sealed class StreamTurn : IAsyncDisposable
{
    private readonly WritDb? _db;
    private readonly long _key;

    private StreamTurn(WritDb? db, long key) => (_db, _key) = (db, key);

    /// <summary>Takes it; null where another server has it.</summary>
    public static async Task<StreamTurn?> Take(Database database, string stream, CancellationToken cancel)
    {
        if (database.Engine != DatabaseEngine.Postgres)
            return new(null, 0);
        var turn = new StreamTurn(database.Open(), BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"writ-stream\n{stream}"))));
        try
        {
            await turn._db!.Database.OpenConnectionAsync(cancel);
            if (await turn.Ask("SELECT pg_try_advisory_lock(@key)", cancel) is true)
                return turn;
        }
        catch
        {
            await turn._db!.DisposeAsync();
            throw;
        }

        await turn._db.DisposeAsync();
        return null;
    }

    /// <summary>False once the connection that holds it is gone.</summary>
    public async Task<bool> IsHeld(CancellationToken cancel)
    {
        try
        {
            return _db is null || await Ask("SELECT @key IS NOT NULL", cancel) is true;
        }
        catch (Exception gone) when (gone is DbException or InvalidOperationException)
        {
            return false;
        }
    }

    // Not by the context, which would open another connection in the place of a broken one.
    private async Task<object?> Ask(string sql, CancellationToken cancel)
    {
        await using var command = (NpgsqlCommand)_db!.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("key", _key);
        return await command.ExecuteScalarAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_db is null)
            return;
        try
        {
            await Ask("SELECT pg_advisory_unlock(@key)", CancellationToken.None);
        }
        catch (Exception gone) when (gone is DbException or InvalidOperationException)
        {
            // It went with its connection.
        }

        await _db.DisposeAsync();
    }
}
