using System.Security.Cryptography;
using System.Text;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// The root file system of a tool: copies of the program, of what it is linked with, of setpriv, which hands it to the run's
/// user, and of setsid, which gives it its terminal; what its operator names beside that; empty folders for all that is put over it. No shell unless it is named, and nothing else of the host's. Named by its content, so that a
/// changed library makes a new root and live runs keep theirs.
/// </summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Program">The tool's path, outside and inside.</param>
/// <param name="Data">The host's files and folders that are shown read-only beside it, at their own paths.</param>
/// <param name="Sha256">The digest of the program in it, lower-case hexadecimal.</param>
/// <param name="Sources">Every file of the host's that went into it.</param>
internal sealed record ToolRoot(string Path, string Program, IReadOnlyList<string> Data, string Sha256, IReadOnlyList<string> Sources)
{
    private const UnixFileMode Search = (UnixFileMode)0b111_101_101, Execute = (UnixFileMode)0b101_101_101;
    private const UnixFileMode ForOthers = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The folders that every sandbox mounts something on.</summary>
    private static readonly string[] MountPoints = ["/etc", "/proc", "/dev", "/tmp", "/in", "/out", "/live", "/secrets"];

    /// <summary>What is opened by name when a program is running, beside a library that it is linked with.</summary>
    private static readonly (string Library, string[] Beside)[] OpenedLater =
    [
        ("libc.so.6", ["libnss_files.so.2", "libgcc_s.so.1"]),
        ("libcrypto.so.3", ["ossl-modules/legacy.so"]),
    ];

    /// <summary>Makes the root of a tool, or finds the one that is as it would be.</summary>
    /// <param name="folder">Where roots lie.</param>
    /// <param name="program">The tool.</param>
    /// <param name="data">What it is shown beside its libraries.</param>
    /// <param name="programs">Programs that it starts and libraries that it opens by itself.</param>
    /// <exception cref="RunnerException">It cannot be executed; the message says why.</exception>
    public static ToolRoot Make(string folder, string program, IReadOnlyList<string> data, IReadOnlyList<string>? programs = null)
    {
        if (!IsForEverybody(program))
            throw new RunnerException($"{program} may not be executed by the users of runs", $"chmod o+rx {program}");
        var setpriv = KernelTool.Find("setpriv") ?? throw new RunnerException("there is no setpriv", "apt-get install util-linux");
        var setsid = KernelTool.Find("setsid") ?? throw new RunnerException("there is no setsid", "apt-get install util-linux");
        var beside = (programs ?? []).SelectMany(path => ProgramFile.Closure(path, ProgramFile.Linker(setpriv)));
        string[] sources = [.. ProgramFile.Closure(program).Concat(ProgramFile.Closure(setpriv)).Concat(ProgramFile.Closure(setsid)).Concat(beside).SelectMany(WithOpenedLater).Distinct(StringComparer.Ordinal)];
        var digests = sources.ToDictionary(source => source, ProgramFile.Digest, StringComparer.Ordinal);
        var content = $"writ-root/v2\n{string.Concat(digests.Select(file => $"file {file.Key} {file.Value}\n"))}"
            + string.Concat(MountPoints.Concat(data).Select(over => $"over {over}\n"));
        var path = System.IO.Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content))));
        // One that a power cut has left half written has its name already.
        if (Directory.Exists(path) && !digests.All(file => File.Exists(path + file.Key) && ProgramFile.Digest(path + file.Key) == file.Value))
            Directory.Delete(path, recursive: true);
        if (!Directory.Exists(path))
            Fill(path, digests, data);
        return new(path, program, data, digests[program], sources);
    }

    /// <summary>Removes every root but these.</summary>
    public static void Prune(string folder, IReadOnlySet<string> keep)
    {
        foreach (var path in Directory.Exists(folder) ? Directory.EnumerateDirectories(folder) : [])
        {
            if (!keep.Contains(path))
                Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Whether a user of nobody's group may execute a program.</summary>
    public static bool IsForEverybody(string program) => (File.GetUnixFileMode(Real(program)) & ForOthers) == ForOthers;

    private static void Fill(string path, Dictionary<string, string> digests, IReadOnlyList<string> data)
    {
        var making = $"{path}.{Guid.CreateVersion7():n}";
        Durable.Folder(System.IO.Path.GetDirectoryName(path)!);
        try
        {
            Folder(making);
            foreach (var mountPoint in MountPoints)
                Folder(making + mountPoint);
            foreach (var (source, sha256) in digests)
            {
                var copy = making + source;
                Folder(System.IO.Path.GetDirectoryName(copy)!);
                File.Copy(source, copy);
                File.SetUnixFileMode(copy, Execute);
                if (ProgramFile.Digest(copy) != sha256)
                    throw new RunnerException($"{source} was changed while it was read");
            }

            foreach (var shown in data)
            {
                if (Directory.Exists(shown))
                    Folder(making + shown);
                else
                    Empty(making + shown);
            }

            Directory.Move(making, path);
        }
        catch (IOException) when (Directory.Exists(path))
        {
            // Somebody else has made it meanwhile, and it is the same.
        }
        finally
        {
            if (Directory.Exists(making))
                Directory.Delete(making, recursive: true);
        }
    }

    // Whatever the umask says, the users of runs must get through.
    private static void Folder(string path)
    {
        if (Directory.Exists(path))
            return;
        Folder(System.IO.Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Search);
    }

    private static void Empty(string path)
    {
        Folder(System.IO.Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
            File.WriteAllBytes(path, []);
    }

    private static IEnumerable<string> WithOpenedLater(string file)
    {
        var beside = OpenedLater.Where(later => later.Library == System.IO.Path.GetFileName(file)).SelectMany(later => later.Beside)
            .Select(name => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(file)!, name));
        return [file, .. beside.Where(File.Exists)];
    }

    private static string Real(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
}
