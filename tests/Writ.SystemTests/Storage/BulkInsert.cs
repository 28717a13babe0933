using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using NpgsqlTypes;
using Writ.Server.Storage;

namespace Writ.SystemTests.Storage;

/// <summary>Rows into a database as fast as it takes them; their columns and conversions are the model's.</summary>
internal static class BulkInsert
{
    public static async Task Into(WritDb db, IEnumerable<object> rows, CancellationToken cancel)
    {
        await db.Database.OpenConnectionAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        // The foreign keys want requests first, then grants, then runs.
        foreach (var group in rows.GroupBy(row => row.GetType()))
        {
            var type = db.Model.FindEntityType(group.Key)!;
            var columns = type.GetProperties().Select(property => (property.GetColumnName(), Type: property.GetColumnType(), Read: Reader(property))).ToArray();
            var names = string.Join(", ", columns.Select(column => $"\"{column.Item1}\""));
            if (db.Database.GetDbConnection() is NpgsqlConnection postgres)
            {
                await using var copy = await postgres.BeginBinaryImportAsync($"COPY \"{type.GetTableName()}\" ({names}) FROM STDIN (FORMAT BINARY)", cancel);
                foreach (var row in group)
                {
                    await copy.StartRowAsync(cancel);
                    foreach (var column in columns)
                    {
                        if (column.Read(row) is { } value)
                            await copy.WriteAsync(value, Kind(column.Type), cancel);
                        else
                            await copy.WriteNullAsync(cancel);
                    }
                }

                await copy.CompleteAsync(cancel);
                continue;
            }

            await using var insert = db.Database.GetDbConnection().CreateCommand();
            insert.CommandText = $"INSERT INTO \"{type.GetTableName()}\" ({names}) VALUES ({string.Join(", ", columns.Select((_, index) => $"@p{index}"))})";
            var parameters = columns.Select((_, index) =>
            {
                var parameter = insert.CreateParameter();
                parameter.ParameterName = $"@p{index}";
                insert.Parameters.Add(parameter);
                return parameter;
            }).ToArray();
            await insert.PrepareAsync(cancel);
            foreach (var row in group)
            {
                for (var i = 0; i < columns.Length; i++)
                    parameters[i].Value = columns[i].Read(row) ?? DBNull.Value;
                await insert.ExecuteNonQueryAsync(cancel);
            }
        }

        await transaction.CommitAsync(cancel);
    }

    private static Func<object, object?> Reader(IProperty property)
    {
        var convert = property.GetTypeMapping().Converter?.ConvertToProvider ?? (value => value);
        var read = property.PropertyInfo!;
        return row => read.GetValue(row) is { } value ? convert(value) : null;
    }

    private static NpgsqlDbType Kind(string column) => column switch
    {
        "bigint" => NpgsqlDbType.Bigint,
        "integer" => NpgsqlDbType.Integer,
        "boolean" => NpgsqlDbType.Boolean,
        "bytea" => NpgsqlDbType.Bytea,
        _ => NpgsqlDbType.Text,
    };
}
