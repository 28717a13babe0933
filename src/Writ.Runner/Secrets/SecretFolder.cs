using Writ.Runner.Kernel;

namespace Writ.Runner.Secrets;

/// <summary>The secrets of a run that its tool reads as files: memory in the supervisor's own mount namespace, which goes with the run.</summary>
internal static class SecretFolder
{
    private const int Most = 16;

    /// <summary>Mounts it, writes them for the run's user alone, and tells where it is.</summary>
    public static string Fill(string path, IReadOnlyList<GivenSecret> secrets, uint user)
    {
        Durable.Folder(path);
        MountNamespace.MountMemory(path, 4L * SecretBytes.Most * Most, Most, user);
        foreach (var secret in secrets.Where(secret => secret.Terms.Path is not null))
        {
            var file = Path.Combine(path, secret.Terms.Name);
            using (var into = File.Open(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead }))
                into.Write(secret.Value.Span);
            Libc.Must(Libc.chown(file, user, user), file);
        }

        return path;
    }
}
