namespace Writ.Runner.Kernel;

/// <summary>A mount namespace of the calling thread's own: what is mounted there nobody else sees, and it goes with the process.</summary>
internal static class MountNamespace
{
    private const nuint NoSetuid = 2, NoDevices = 4, NoExec = 8, BindMount = 4096, Recursive = 16384, Private = 1 << 18;

    /// <summary>Moves the calling thread, and what it starts from now on, into a new one.</summary>
    public static void Enter()
    {
        Libc.Must(Libc.unshare(Libc.CloneNewMounts), "a mount namespace");
        Libc.Must(Libc.mount("none", "/", null, Recursive | Private, null), "a private mount namespace");
    }

    /// <summary>
    /// Mounts memory of a bounded size on a folder, for one user; nothing in it can be executed, be a device or change who one is.
    /// Others may pass through, as the way into a sandbox begins there without a right to ignore that.
    /// </summary>
    public static void MountMemory(string folder, long bytes, int files, uint user) =>
        Libc.Must(Libc.mount("writ", folder, "tmpfs", NoSetuid | NoDevices | NoExec, $"size={bytes},nr_inodes={files},mode=0711,uid={user},gid={user}"), folder);

    /// <summary>Shows a file in the place of another.</summary>
    public static void Bind(string file, string over) => Libc.Must(Libc.mount(file, over, null, BindMount, null), over);
}
