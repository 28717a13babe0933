using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runners;

/// <summary>
/// <c>writ-runner resolve (4|6) [NETNS]</c>: names on standard input, one a line; on standard output, in order, each
/// followed by its addresses, separated by blanks. It asks as a tool that runs there would: in the network namespace, with
/// the files that <c>ip netns exec</c> would put over those of /etc, by getaddrinfo.
/// </summary>
internal static unsafe class Lookup
{
    /// <summary>struct addrinfo of 64-bit Linux: flags, family, type, protocol, length, address, name, next.</summary>
    private const int HintBytes = 48, AddressAt = 24, NextAt = 40;
    private const int V4 = 2, V6 = 10, Datagrams = 2;
    private const int AtOnce = 16;

    public static int Run(string[] where)
    {
        var v6 = where is ["6", ..];
        if (where is [_, var network])
            Enter(network);
        var names = new List<string>();
        while (Console.In.ReadLine() is { } line)
            names.Add(line);
        var answers = new string[names.Count];
        var next = -1;
        // Threads that are made here are in this thread's namespaces; those of the pool may not be.
        Thread[] threads = [.. Enumerable.Range(0, Math.Min(AtOnce, names.Count)).Select(_ => new Thread(() =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < names.Count;)
                answers[i] = HostName.IsPlain(names[i]) ? string.Join(' ', [names[i], .. Ask(names[i], v6)]) : names[i];
        }))];
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        foreach (var answer in answers)
            Console.Out.WriteLine(answer);
        return 0;
    }

    private static void Enter(string network)
    {
        NetworkNamespace.Enter(network);
        var own = Path.Combine("/etc/netns", network);
        if (!Directory.Exists(own))
            return;
        MountNamespace.Enter();
        foreach (var file in Directory.EnumerateFiles(own))
        {
            var over = Path.Combine("/etc", Path.GetFileName(file));
            if (File.Exists(over))
                MountNamespace.Bind(file, over);
        }
    }

    private static List<string> Ask(string name, bool v6)
    {
        var hints = stackalloc byte[HintBytes];
        new Span<byte>(hints, HintBytes).Clear();
        *(int*)(hints + 4) = v6 ? V6 : V4;
        *(int*)(hints + 8) = Datagrams;
        byte* found = null;
        var addresses = new List<string>();
        if (Libc.getaddrinfo(name, null, hints, &found) != 0)
            return addresses;
        for (var entry = found; entry is not null; entry = *(byte**)(entry + NextAt))
        {
            // sockaddr_in holds the address at 4, sockaddr_in6 at 8.
            var socket = *(byte**)(entry + AddressAt);
            var address = v6
                ? new Address(BinaryPrimitives.ReadUInt128BigEndian(new(socket + 8, 16)))
                : Address.V4(BinaryPrimitives.ReadUInt32BigEndian(new(socket + 4, 4)));
            if (!addresses.Contains(address.ToString()))
                addresses.Add(address.ToString());
        }

        Libc.freeaddrinfo(found);
        return addresses;
    }
}
