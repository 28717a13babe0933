using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>
/// What arrives in the company's network, captured on its end of the link: the judge of every fence. It sees frames before
/// any stack does.
/// </summary>
internal sealed class FarSide : IDisposable
{
    private const string Script = """
        import ctypes, socket, struct, sys
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        s.setsockopt(socket.SOL_SOCKET, 35, 1)
        if len(sys.argv) > 2:
            # Of IPv4 only what comes from there; in the kernel, so that a busy link costs nothing here.
            op = lambda code, k, yes=0, no=0: struct.pack("HBBI", code, yes, no, k)
            source = struct.unpack("!I", socket.inet_aton(sys.argv[2]))[0]
            program = op(0x28, 12) + op(0x15, 0x88b5, 3, 0) + op(0x15, 0x0800, 0, 3) + op(0x20, 26) + op(0x15, source, 0, 1) + op(6, 512) + op(6, 0)
            memory = ctypes.create_string_buffer(program)
            s.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(program) // 8, ctypes.addressof(memory)))
        s.bind((sys.argv[1], 0))
        print("ready", flush=True)
        while True:
            data, more, _, whence = s.recvmsg(512, 64)
            if whence[2] == 4: continue
            sec, ns = struct.unpack("qq", more[0][2][:16])
            print(sec * 1000000 + ns // 1000, data.hex(), "whole", flush=True)
        """;

    private readonly Process _process;
    private readonly List<Frame> _frames = [];
    private readonly Task _reading;

    /// <param name="source">The IPv4 address whose frames are wanted; null for all.</param>
    public FarSide(string? source = null)
    {
        _process = Lab.Start(Lab.Company, ["python3", "-c", Script, "runner", .. new[] { source }.OfType<string>()]);
        _process.StandardOutput.ReadLine().ShouldBe("ready");
        _reading = Task.Run(() =>
        {
            while (_process.StandardOutput.ReadLine() is { } line)
            {
                // The last one may be half written: the capture ends by being killed.
                if (line.Split(' ') is not [var at, var bytes, "whole"])
                    continue;
                lock (_frames)
                    _frames.Add(new(long.Parse(at, CultureInfo.InvariantCulture), Convert.FromHexString(bytes)));
            }
        });
    }

    /// <summary>The names of the probes with this mark that have arrived; other tests send theirs at the same time.</summary>
    public HashSet<string> Probes(string mark)
    {
        Settle();
        lock (_frames)
            return [.. _frames.Select(frame => Regex.Match(Encoding.Latin1.GetString(frame.Bytes), $"<probe:([a-z0-9-]+)@{mark}>")).Where(match => match.Success).Select(match => match.Groups[1].Value)];
    }

    /// <summary>All frames so far, without those by which links find each other (ARP, neighbour discovery).</summary>
    public List<Frame> Frames()
    {
        lock (_frames)
            return [.. _frames.Where(frame => !frame.IsNeighbourTalk)];
    }

    /// <summary>Everything that was sent before this call is in the capture after it: a last frame of our own goes through.</summary>
    public List<Frame> Settle()
    {
        var mark = Guid.NewGuid().ToByteArray();
        Lab.Run(Lab.Uplink, "python3", "-c", """
            import socket, sys
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.bind(("corp", 0))
            s.send(b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x88\xb5" + bytes.fromhex(sys.argv[1]) + b"\0" * 40)
            """, Convert.ToHexStringLower(mark));
        SupervisedRun.Until(() => Frames().Exists(frame => frame.Bytes.AsSpan().IndexOf(mark) >= 0), "the capture does not follow");
        return [.. Frames().Where(frame => frame.EtherType != 0x88b5)];
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _reading.Wait();
        _process.Dispose();
    }
}

/// <summary>A frame as it came over the link: when, in Unix microseconds, and its first bytes.</summary>
internal sealed record Frame(long At, byte[] Bytes)
{
    public int EtherType => (Bytes[12] << 8) | Bytes[13];

    public bool IsNeighbourTalk => EtherType == 0x0806 || (EtherType == 0x86dd && Bytes.Length > 54 && Bytes[20] == 58 && Bytes[54] is >= 133 and <= 137);

    private string Address(int at, int length) => new System.Net.IPAddress(Bytes.AsSpan(at, length)).ToString();

    public string Source => EtherType == 0x0800 ? Address(26, 4) : EtherType == 0x86dd ? Address(22, 16) : "";
    public string Destination => EtherType == 0x0800 ? Address(30, 4) : EtherType == 0x86dd ? Address(38, 16) : "";
    public int Protocol => EtherType == 0x0800 ? Bytes[23] : EtherType == 0x86dd ? Bytes[20] : -1;
    private int Transport => EtherType == 0x0800 ? 14 + ((Bytes[14] & 15) * 4) : 54;
    public int Port => Protocol is 6 or 17 or 132 && Bytes.Length >= Transport + 4 ? (Bytes[Transport + 2] << 8) | Bytes[Transport + 3] : 0;

    public override string ToString() => $"{Source} > {Destination} type {EtherType:x4} protocol {Protocol} port {Port} {Convert.ToHexStringLower(Bytes)}";
}
