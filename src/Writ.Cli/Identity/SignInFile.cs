using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Writ.Cli.Server;

namespace Writ.Cli.Identity;

/// <summary>
/// Where a sign-in is kept: one file a server, for its owner alone, replaced whole. Whoever renews it holds the lock beside
/// it, over processes, since a refresh token works once and a second use of it ends the sign-in.
/// </summary>
internal sealed class SignInFile(string folder, ServerAddress server, TimeProvider time)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _path = Path.Combine(
        folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(server.Text)).AsSpan(0, 12)));

    /// <summary>In <c>$XDG_STATE_HOME/writ/sign-ins</c>, or <c>~/.local/state/writ/sign-ins</c>; null where there is no home.</summary>
    /// <param name="kind">A folder of its own below it, for sign-ins that are not a person's; empty for a person's.</param>
    public static SignInFile? Of(CliContext context, string kind = "")
    {
        var state = context.Variable("XDG_STATE_HOME") ?? (context.Variable("HOME") is { } home ? Path.Combine(home, ".local", "state") : null);
        return state is null || !Path.IsPathRooted(state)
            ? null
            : new(Path.Combine(state, "writ", "sign-ins", kind), context.Dialled, context.Time);
    }

    /// <summary>The sign-in, or null where there is none.</summary>
    /// <exception cref="Stop">The file is damaged, or others may read it.</exception>
    public KeptSignIn? Read()
    {
        try
        {
            using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if ((File.GetUnixFileMode(file.SafeFileHandle) & Others) != 0)
                throw new Stop(ExitCode.Failed, $"{_path} may be read by others, and it holds your sign-in", "writ logout, then writ login");
            return JsonSerializer.Deserialize(file, OAuthJson.Default.KeptSignIn) is { } kept && kept.Server == server.Text ? kept : throw Damaged();
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            throw Damaged();
        }
    }

    /// <summary>The sign-in, or null where there is none that can be read.</summary>
    public KeptSignIn? ReadAny()
    {
        try
        {
            return Read();
        }
        catch (Stop)
        {
            return null;
        }
    }

    /// <summary>Keeps a sign-in. The caller holds the lock.</summary>
    public void Write(KeptSignIn kept)
    {
        var next = _path + ".new";
        // Never through a file that is there already: its mode would stay.
        File.Delete(next);
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private }))
        {
            JsonSerializer.Serialize(file, kept, OAuthJson.Default.KeptSignIn);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, _path, overwrite: true);
    }

    /// <summary>Forgets it. The caller holds the lock.</summary>
    public void Delete()
    {
        if (Directory.Exists(folder))
            File.Delete(_path);
    }

    /// <summary>Waits for the lock; it is let go of by disposal, or with the process. The lock's own file stays.</summary>
    /// <exception cref="HttpRequestException">Another process does not let go of it.</exception>
    public async Task<IDisposable> LockAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                // Shared with nobody, it is locked (flock) from the moment it is open.
                return new FileStream(_path + ".lock", new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = Private,
                });
            }
            catch (IOException busy) when (busy.HResult == Native.TryAgain)
            {
                if (time.GetElapsedTime(begun) > Patience)
                    throw new HttpRequestException(HttpRequestError.Unknown, "another writ does not let go of the sign-in");
            }

            await Task.Delay(Turn, time, cancel);
        }
    }

    private Stop Damaged() => new(ExitCode.Failed, $"{_path} is damaged", "writ login");
}
