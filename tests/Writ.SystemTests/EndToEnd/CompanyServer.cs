using System.Diagnostics;
using Npgsql;
using Writ.SystemTests.Runner.Fences;

namespace Writ.SystemTests.EndToEnd;

/// <summary>A real server in the company's network, on every address of it, while this lives.</summary>
internal sealed class CompanyServer : IDisposable
{
    public const int TlsPort = 9443, SshPort = 2222;
    private const int RedisPort = 6379, PostgresPort = 5432;
    private readonly Process _process;
    private readonly string _folder;

    private CompanyServer(string folder, string ready, bool onError, params string[] command)
    {
        _folder = folder;
        _process = Lab.Start(Lab.Company, command);
        var (said, other) = onError ? (_process.StandardError, _process.StandardOutput) : (_process.StandardOutput, _process.StandardError);
        while (said.ReadLine() is var line && line?.Contains(ready, StringComparison.Ordinal) != true)
        {
            if (line is null)
                throw new InvalidOperationException($"{command[0]} does not start: {other.ReadToEnd()}");
        }

        // Nobody reads on, and nobody is held up by that.
        _ = said.ReadToEndAsync();
        _ = other.ReadToEndAsync();
    }

    /// <summary>Its own folder.</summary>
    public string Folder => _folder;

    /// <summary>One that speaks TLS, with a certificate of web.example's own.</summary>
    public static CompanyServer Tls()
    {
        var folder = Directory.CreateTempSubdirectory("writ-tls-").FullName;
        var (key, certificate) = (Path.Combine(folder, "key"), Path.Combine(folder, "crt"));
        Lab.Run(Lab.Company, "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=web.example", "-days", "2", "-keyout", key, "-out", certificate);
        return new(folder, "ACCEPT", false, "/usr/bin/openssl", "s_server", "-accept", $"{TlsPort}", "-cert", certificate, "-key", key, "-www");
    }

    /// <summary>Redis, without a password or with one, which no command line has.</summary>
    public static CompanyServer Redis(string? password = null)
    {
        var folder = Directory.CreateTempSubdirectory("writ-redis-").FullName;
        var settings = Path.Combine(folder, "redis.conf");
        File.WriteAllText(settings, password is null ? "" : $"requirepass {password}\n");
        return new(folder, "Ready to accept connections", false, "/usr/bin/redis-server", settings, "--port", $"{RedisPort}", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", folder);
    }

    /// <summary>OpenSSH's server, which lets whoever has the key in as <c>postgres</c>.</summary>
    /// <param name="hostKey">The file of its own key.</param>
    /// <param name="key">The line of the key that it lets in.</param>
    public static CompanyServer Ssh(string hostKey, string key)
    {
        var folder = Directory.CreateTempSubdirectory("writ-sshd-").FullName;
        var (own, authorized, settings) = (Path.Combine(folder, "host"), Path.Combine(folder, "authorized"), Path.Combine(folder, "config"));
        File.Copy(hostKey, own);
        File.WriteAllText(authorized, key);
        File.WriteAllText(settings, $"Port {SshPort}\nListenAddress 0.0.0.0\nHostKey {own}\nAuthorizedKeysFile {authorized}\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\n");
        Lab.Run(Lab.Company, "chown", "-R", "postgres", folder);
        // Of the group that a terminal belongs to: without it there is none to be had.
        return new(folder, "Server listening", true, "setpriv", "--reuid=postgres", "--regid=postgres", "--groups=tty", "--pdeathsig", "KILL", "/usr/sbin/sshd", "-D", "-e", "-f", settings);
    }

    /// <summary>PostgreSQL, which trusts whoever comes by the network, but asks whoever is in <c>locked</c> for a password; <c>reader</c> may sign in, <c>shop</c> is there.</summary>
    public static CompanyServer Postgres()
    {
        var folder = Directory.CreateTempSubdirectory("writ-pg-").FullName;
        const string script = """
            set -e
            bin=$1 dir=$2
            "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >&2
            printf 'host all +locked 0.0.0.0/0 scram-sha-256\nhost all all 0.0.0.0/0 trust\n' >>"$dir/data/pg_hba.conf"
            printf 'create role reader login;\ncreate role locked nologin;\ncreate database shop;\n' | "$bin/postgres" --single -D "$dir/data" postgres >&2
            exec "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses='*' -c fsync=off -c shared_buffers=16MB -c max_connections=20 -p "$3"
            """;
        Lab.Run(Lab.Company, "chown", "postgres", folder);
        return new(folder, "database system is ready to accept connections", true, "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "KILL",
            "sh", "-c", script, "postgres", PostgresFolder, folder, $"{PostgresPort}");
    }

    /// <summary>Its database <c>shop</c>, as its superuser, past the network.</summary>
    public NpgsqlDataSource Sql() => NpgsqlDataSource.Create($"Host={_folder};Port={PostgresPort};Username=postgres;Database=shop");

    /// <summary>Where Debian has the programs of its newest PostgreSQL.</summary>
    public static string PostgresFolder => Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Order(StringComparer.Ordinal).Last();

    public void Dispose()
    {
        // In order, so that nothing is written any more when the folder goes.
        _ = HouseProcess.SendSignal(_process.Id, HouseProcess.Interrupt);
        if (!_process.WaitForExit(5_000))
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
