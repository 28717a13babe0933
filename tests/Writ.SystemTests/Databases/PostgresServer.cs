using System.Diagnostics;
using Npgsql;

namespace Writ.SystemTests.Databases;

/// <summary>
/// A PostgreSQL server of the tests' own, from Debian's packages: a fresh cluster in a folder that only its user enters, on
/// a Unix socket alone, with fsync on. A shell is its parent and reads our pipe: when that closes, because we stop it or
/// because we died, the shell stops the server that it started, and no other, and removes the folder.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string Installed = "/usr/lib/postgresql";
    private const string User = "postgres";

    /// <summary>Arguments: the programs' folder, the server's folder, then the server's own.</summary>
    private const string Guard = """
        trap '' INT TERM HUP
        bin=$1 dir=$2
        shift 2
        "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
        "$bin/postgres" -D "$dir/data" -k "$dir" "$@" >>"$dir/log" 2>&1 </dev/null &
        server=$!
        read -r _
        kill -INT "$server"
        wait "$server"
        rm -rf "$dir"
        """;

    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(60);
    private readonly Process _guard;
    private readonly string _folder;

    private PostgresServer(Process guard, string folder) => (_guard, _folder) = (guard, folder);

    /// <exception cref="InvalidOperationException">It is not installed or does not start.</exception>
    public static async Task<PostgresServer> Start()
    {
        var bin = Directory.Exists(Installed)
            ? Directory.GetDirectories(Installed).Select(version => Path.Combine(version, "bin")).Where(found => File.Exists(Path.Combine(found, "initdb")))
                .OrderBy(found => int.TryParse(Path.GetFileName(Path.GetDirectoryName(found)), out var number) ? number : 0).LastOrDefault()
            : null;
        if (bin is null)
            throw new InvalidOperationException($"PostgreSQL is not installed under {Installed}: apt-get install postgresql");

        // A socket's path has at most 107 bytes, so the folder lies right in /tmp.
        var folder = Directory.CreateTempSubdirectory("writ-pg-").FullName;
        var start = new ProcessStartInfo("setpriv") { RedirectStandardInput = true, RedirectStandardError = true };
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL does not run as root.
            await Commands.Run("chown", User, folder);
            foreach (var argument in new[] { $"--reuid={User}", $"--regid={User}", "--init-groups" })
                start.ArgumentList.Add(argument);
        }

        foreach (var argument in new[]
                 {
                     "sh", "-c", Guard, "guard", bin, folder,
                     "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "max_connections=400", "-c", "shared_buffers=128MB",
                 })
            start.ArgumentList.Add(argument);
        var server = new PostgresServer(Process.Start(start)!, folder);
        await server.UntilReady();
        return server;
    }

    /// <summary>How a program of the same user connects to one of its databases.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = _folder, Username = User, Database = database, MaxPoolSize = 100, Timeout = 30,
    }.ToString();

    /// <summary>Runs a statement as the superuser, outside of every pool and every database under test.</summary>
    public async Task Execute(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
    }

    private async Task UntilReady()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await Execute("SELECT 1");
                return;
            }
            catch (NpgsqlException failed)
            {
                if (_guard.HasExited)
                    throw new InvalidOperationException($"PostgreSQL could not be set up: {await _guard.StandardError.ReadToEndAsync()}", failed);
                if (TimeProvider.System.GetElapsedTime(began) > StartWithin)
                {
                    var log = Path.Combine(_folder, "log");
                    throw new InvalidOperationException($"PostgreSQL does not start: {(File.Exists(log) ? await File.ReadAllTextAsync(log) : "no log")}", failed);
                }

                await Task.Delay(50);
            }
        }
    }
}
