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

    /// <summary>Mounts memory of a bounded size on a folder; nothing in it can be executed, be a device or change who one is.</summary>
    public static void MountMemory(string folder, long bytes, int files) =>
        Libc.Must(Libc.mount("writ", folder, "tmpfs", NoSetuid | NoDevices | NoExec, $"size={bytes},nr_inodes={files},mode=0700"), folder);

    /// <summary>Shows a file in the place of another.</summary>
    public static void Bind(string file, string over) => Libc.Must(Libc.mount(file, over, null, BindMount, null), over);
}
