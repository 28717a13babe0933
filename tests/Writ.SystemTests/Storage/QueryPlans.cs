using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Writ.Server.Storage;

namespace Writ.SystemTests.Storage;

/// <summary>The reading statements of a world as it really sends them, and how its engine would carry them out.</summary>
internal sealed partial class QueryPlans : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    /// <summary>The most rows that a page may sort: lists look through 2,000 at most, and ask for one more.</summary>
    private const double MostSorted = 2_500;

    private readonly ConcurrentQueue<(string Text, (string Name, object? Value)[] Values, NpgsqlParameter[] Typed)> _sent = new();
    private readonly List<IDisposable> _listening = [];
    private readonly string _database;

    public QueryPlans(World world)
    {
        using var db = world.Open();
        _database = Of(db.Database.GetDbConnection());
        _listening.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    /// <summary>Where a statement since the last question would read a table of these from end to end, or sort much of it; and how many statements there were.</summary>
    public async Task<(int Statements, IReadOnlyList<string> Slow)> Slow(World world, IReadOnlyCollection<string> tables, CancellationToken cancel)
    {
        var (statements, slow) = (0, new List<string>());
        await using var db = world.Open();
        await db.Database.OpenConnectionAsync(cancel);
        var connection = db.Database.GetDbConnection();
        if (connection is NpgsqlConnection)
            // A table that is small yet may rightly be read whole, also to join it: what is asked is whether an index would serve.
            await db.Database.ExecuteSqlRawAsync("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off", cancel);
        while (_sent.TryDequeue(out var sent))
        {
            // Of no ids at all nothing is read.
            if (!tables.Any(table => sent.Text.Contains(table, StringComparison.Ordinal)) || sent.Text.EndsWith("WHERE 0", StringComparison.Ordinal) || sent.Values.Any(value => value.Value is System.Collections.IList { Count: 0 }))
                continue;
            statements++;
            await using var command = connection.CreateCommand();
            foreach (var (name, value) in sent.Values)
                command.Parameters.Add(command is SqliteCommand ? new SqliteParameter(name, value ?? DBNull.Value) : sent.Typed.Single(typed => typed.ParameterName == name));
            var problem = connection is NpgsqlConnection ? await OnPostgres(command, sent.Text, tables, cancel) : await OnSqlite(command, sent.Text, tables, cancel);
            if (problem is not null)
                slow.Add($"{problem}\nin {sent.Text}");
        }

        if (connection is NpgsqlConnection)
            await db.Database.ExecuteSqlRawAsync("RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_sort", cancel);
        return (statements, slow);
    }

    private static async Task<string?> OnSqlite(DbCommand command, string text, IReadOnlyCollection<string> tables, CancellationToken cancel)
    {
        command.CommandText = "EXPLAIN QUERY PLAN " + text;
        var lines = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(cancel))
        {
            while (await reader.ReadAsync(cancel))
                lines.Add(reader.GetString(3));
        }

        var names = Alias().Matches(text).Where(match => tables.Contains(match.Groups[1].Value)).Select(match => match.Groups[2].Value).Concat(tables).ToHashSet();
        var scans = lines.Where(line => line.StartsWith("SCAN ", StringComparison.Ordinal) && names.Contains(line.Split(' ')[1])).ToList();
        // From end to end without an index; or by one, and then sorted.
        return scans.Any(line => !line.Contains(" USING ", StringComparison.Ordinal)) || (scans.Count > 0 && lines.Any(line => line.Contains("TEMP B-TREE FOR ORDER BY", StringComparison.Ordinal)))
            ? string.Join("; ", lines) : null;
    }

    private static async Task<string?> OnPostgres(DbCommand command, string text, IReadOnlyCollection<string> tables, CancellationToken cancel)
    {
        // Few rows may rightly be sorted though there is an index in their order.
        var told = "";
        foreach (var sort in new[] { "on", "off" })
        {
            command.CommandText = $"SET enable_sort = {sort}";
            await command.ExecuteNonQueryAsync(cancel);
            command.CommandText = "EXPLAIN (FORMAT JSON) " + text;
            told = (string)(await command.ExecuteScalarAsync(cancel))!;
            using var plan = JsonDocument.Parse(told);
            if (!IsSlow(plan.RootElement[0].GetProperty("Plan"), false, tables))
                return null;
        }

        return told;
    }

    private static bool IsSlow(JsonElement node, bool limited, IReadOnlyCollection<string> tables)
    {
        var kind = node.GetProperty("Node Type").GetString()!;
        var isLarge = node.TryGetProperty("Relation Name", out var name) && tables.Contains(name.GetString()!);
        if (isLarge && (kind == "Seq Scan" || (kind.StartsWith("Index", StringComparison.Ordinal) && !limited && !node.TryGetProperty("Index Cond", out _))))
            return true;
        var children = node.TryGetProperty("Plans", out var plans) ? plans.EnumerateArray().ToArray() : [];
        if (kind == "Sort" && children[0].GetProperty("Plan Rows").GetDouble() > MostSorted)
            return true;
        // A limit ends what is read in order, and not what must be read before the first row is known.
        limited = kind == "Limit" || (limited && kind is not ("Sort" or "Hash" or "Aggregate"));
        return children.Any(child => IsSlow(child, limited, tables));
    }

    void IObserver<DiagnosticListener>.OnNext(DiagnosticListener value)
    {
        if (value.Name == DbLoggerCategory.Name)
            _listening.Add(value.Subscribe(this, name => name == RelationalEventId.CommandExecuting.Name));
    }

    void IObserver<KeyValuePair<string, object?>>.OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Value is not CommandEventData { Command: { } command } || Of(command.Connection!) != _database || !command.CommandText.StartsWith("SELECT", StringComparison.Ordinal))
            return;
        var parameters = command.Parameters.Cast<DbParameter>().ToArray();
        _sent.Enqueue((command.CommandText, [.. parameters.Select(parameter => (parameter.ParameterName, parameter.Value))], [.. parameters.OfType<NpgsqlParameter>().Select(parameter => parameter.Clone())]));
    }

    private static string Of(DbConnection connection) => $"{connection.DataSource} {connection.Database}";

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose() => _listening.ForEach(listening => listening.Dispose());

    [GeneratedRegex("(?:FROM|JOIN) \"(\\w+)\" AS \"?(\\w+)\"?")]
    private static partial Regex Alias();
}
