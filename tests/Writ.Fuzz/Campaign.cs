using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Trace = SharpFuzz.Common.Trace;

namespace Writ.Fuzz;

/// <summary>
/// Changes inputs at random and keeps what reaches a branch as often as none before it did (in powers of two), as AFL does. One
/// thread, and the same seed makes the same campaign.
/// </summary>
internal sealed unsafe class Campaign
{
    private const int MapSize = 1 << 16;
    private const int MostBytes = 4_096;
    private const long MostMemory = 512L << 20;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(5);

    private static readonly string[] Words =
    [
        "-sS", "-sT", "-sU", "-sV", "-sC", "-sL", "-sn", "-sO", "-sI", "-Pn", "-PS", "-PA", "-p", "-T", "-v", "-d", "-6", "-f", "-D", "-b", "-O", "-A", "-iL", "f", "-oA", "-oX", "--exclude", "--excludefile", "--script",
        "--top-ports", "--port-ratio", "--exclude-ports", "--servicedb", "--ip-options", "--scanflags", "--data", "--proxies", "--mtu", "--", "10.0.0.1", "10.0.0.0/8", "*.*.*.1", "web1/30", "2001:db8::/64",
        "T:", "U:", "[", "]", ",", "-", "*", "http*", "and", "or", "not", "(", ")", "65535", "0x7f", "%", "@", "\n", "=", "/0", "RND:5", "\0", "\u00ff",
    ];

    private readonly NmapHarness _harness;
    private readonly Random _random;
    private readonly byte* _map = (byte*)NativeMemory.AllocZeroed(MapSize);
    private readonly byte[] _seen = new byte[MapSize];
    private readonly List<byte[]> _corpus = [];
    private long _startedAt;
    private byte[] _current = [];

    public Campaign(Func<NmapHarness> harness, int seed)
    {
        // The counters of the tested code need a place from its first line on.
        Trace.SharedMem = _map;
        (_harness, _random) = (harness(), new Random(seed));
    }

    /// <summary>Runs for so long; 0 when nothing was found.</summary>
    public int Run(TimeSpan time, IEnumerable<string> seeds)
    {
        using var watchdog = new Timer(_ => Watch(), null, 500, 500);
        var clock = Stopwatch.StartNew();
        long runs = 0;
        foreach (var seed in seeds.Order(StringComparer.Ordinal).Select(File.ReadAllBytes))
        {
            if (!Try(seed, keep: true))
                return 1;
            runs++;
        }

        for (; clock.Elapsed < time; runs++)
        {
            if (!Try(Changed(_corpus[_random.Next(_corpus.Count)]), keep: false))
                return 1;
        }

        Volatile.Write(ref _startedAt, 0);
        Console.WriteLine($"{runs} runs, {_corpus.Count} inputs kept, {_seen.Count(bits => bits != 0)} branches reached");
        return 0;
    }

    private bool Try(byte[] input, bool keep)
    {
        new Span<byte>(_map, MapSize).Clear();
        Trace.PrevLocation = 0;
        Volatile.Write(ref _current, input);
        Volatile.Write(ref _startedAt, Stopwatch.GetTimestamp());
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            _harness.Try(input);
        }
#pragma warning disable CA1031 // Whatever is thrown is what is looked for.
        catch (Exception found)
#pragma warning restore CA1031
        {
            return Tell(found.ToString(), input);
        }

        if (GC.GetAllocatedBytesForCurrentThread() - before > MostMemory)
            return Tell("took more than 512 MB", input);
        if (IsNew() || keep)
            _corpus.Add(input);
        return true;
    }

    private bool IsNew()
    {
        var isNew = false;
        for (var at = 0; at < MapSize; at++)
        {
            var count = _map[at];
            if (count == 0)
                continue;
            var bucket = (byte)(1 << System.Numerics.BitOperations.Log2(count));
            isNew |= (_seen[at] & bucket) == 0;
            _seen[at] |= bucket;
        }

        return isNew;
    }

    private byte[] Changed(byte[] input)
    {
        var bytes = new List<byte>(input);
        for (var changes = 1 << _random.Next(5); changes > 0; changes--)
        {
            var at = _random.Next(bytes.Count + 1);
            var length = Math.Min(bytes.Count - at, 1 + _random.Next(16));
            switch (_random.Next(7))
            {
                case 0 when length > 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1 when length > 0:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.InsertRange(at, Encoding.Latin1.GetBytes(Words[_random.Next(Words.Length)]));
                    break;
                case 5:
                    bytes.InsertRange(at, Encoding.Latin1.GetBytes("\n" + Words[_random.Next(Words.Length)] + "\n"));
                    break;
                default:
                    var other = _corpus[_random.Next(_corpus.Count)];
                    bytes.InsertRange(at, other.Skip(_random.Next(other.Length + 1)).Take(64));
                    break;
            }
        }

        return [.. bytes.Take(MostBytes)];
    }

    private void Watch()
    {
        var started = Volatile.Read(ref _startedAt);
        if (started != 0 && Stopwatch.GetElapsedTime(started) > MostTime)
        {
            Tell("takes more than 5 s", Volatile.Read(ref _current));
            Environment.Exit(1);
        }
    }

    private static bool Tell(string what, byte[] input)
    {
        Console.WriteLine($"found: {what}\ninput (base64): {Convert.ToBase64String(input)}\nwords: {string.Join(" | ", Encoding.Latin1.GetString(input).Split('\n').Select(Uri.EscapeDataString))}");
        return false;
    }
}
