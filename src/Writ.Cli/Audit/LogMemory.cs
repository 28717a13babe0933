using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Cli.Server;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary>What <c>writ</c> knows of a server's log.</summary>
/// <param name="Server">Its address, as it was given.</param>
/// <param name="Keys">The log's keys that are believed.</param>
/// <param name="Checkpoint">The newest signed checkpoint that was seen, or null.</param>
/// <param name="SeenAt">When.</param>
internal sealed record KnownLog(string Server, IReadOnlyList<string> Keys, string? Checkpoint, DateTimeOffset SeenAt);

/// <summary>
/// The newest checkpoint that was seen of each server, one file each, for their owner alone, replaced whole. A server that
/// rewrites its log would have to reach every one of these too.
/// </summary>
internal sealed class LogMemory(string folder)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>In <c>$XDG_STATE_HOME/writ/logs</c>, or <c>~/.local/state/writ/logs</c>; null where there is no home.</summary>
    public static LogMemory? Of(CliContext context)
    {
        var state = context.Variable("XDG_STATE_HOME") ?? (context.Variable("HOME") is { } home ? Path.Combine(home, ".local", "state") : null);
        return state is null || !Path.IsPathRooted(state) ? null : new(Path.Combine(state, "writ", "logs"));
    }

    /// <summary>What is known of a server's log, or null at the first contact.</summary>
    /// <exception cref="Stop">The file is damaged.</exception>
    public KnownLog? Read(ServerAddress server)
    {
        var path = PathOf(server);
        if (!File.Exists(path))
            return null;
        return Load(path) ?? throw new Stop(ExitCode.Failed, $"{path} is damaged: what this computer knew of the server's log cannot be read", "look into it; moved away, the server's log is believed anew");
    }

    /// <summary>The keys of the log of this origin, of whichever server it is; none where it is not known.</summary>
    public IReadOnlyList<string> KeysOf(string origin)
    {
        if (!Directory.Exists(folder))
            return [];
        return [.. Directory.GetFiles(folder).Where(path => !Path.HasExtension(path)).Select(Load)
            .SelectMany(known => known?.Keys ?? []).Where(key => key.StartsWith(origin + "+", StringComparison.Ordinal)).Distinct()];
    }

    /// <summary>Keeps what is known now; never an older checkpoint in place of a newer one.</summary>
    public void Write(ServerAddress server, KnownLog known)
    {
        Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
        var path = PathOf(server);
        using var turn = new FileStream(path + ".lock", new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = Private,
        });
        try
        {
            turn.Lock(0, 1);
        }
        catch (IOException)
        {
            // Another command keeps what it saw, at this very moment; the next contact keeps more.
            return;
        }

        if (Read(server) is { } had && SizeOf(had.Checkpoint) > SizeOf(known.Checkpoint))
            return;
        var next = path + ".new";
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private }))
        {
            JsonSerializer.Serialize(file, known, LogMemoryJson.Default.KnownLog);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
    }

    /// <summary>Keeps a checkpoint that contradicts what was known, beside it, as evidence.</summary>
    /// <returns>Where it lies.</returns>
    public string Keep(ServerAddress server, string checkpoint)
    {
        Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(checkpoint)).AsSpan(0, 8));
        var path = $"{PathOf(server)}.contradicts-{digest}";
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private });
        file.Write(Encoding.UTF8.GetBytes(checkpoint));
        file.Flush(flushToDisk: true);
        return path;
    }

    /// <summary>The file of a server.</summary>
    public string PathOf(ServerAddress server) =>
        Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(server.Text)).AsSpan(0, 12)));

    private static KnownLog? Load(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), LogMemoryJson.Default.KnownLog);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long SizeOf(string? checkpoint) =>
        checkpoint is not null && SignedNote.Parse(checkpoint) is { IsOk: true } note && Checkpoint.Parse(note.Value.Text) is { IsOk: true } head ? head.Value.Size : -1;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(KnownLog))]
internal sealed partial class LogMemoryJson : JsonSerializerContext;
