using System.Globalization;
using System.Text;
using Writ.Runner.Kernel;

namespace Writ.Runner.Orders;

/// <summary>
/// The nonces of every order that was obeyed, kept on disk until the order's deadline, and the uses of approvals that this runner asked
/// for: an order is obeyed once, also across restarts. One line each, <c>NONCE DEADLINE</c>; a line is on disk before its order is acted on.
/// </summary>
internal sealed class NonceStore : IDisposable
{
    // The server's clock may be behind by what orders tolerate; kept a little longer, a nonce costs nothing.
    private const long Margin = 60_000_000;
    private readonly Dictionary<string, long> _seen = [];
    private readonly FileStream _file;

    /// <summary>Opens the store and forgets what is over at this instant (Unix microseconds).</summary>
    public NonceStore(string path, long now)
    {
        if (File.Exists(path))
        {
            foreach (var line in File.ReadLines(path))
            {
                // A cut last line is of an order that was never acted on. Kept all the same, if it can be read.
                var parts = line.Split(' ');
                var deadline = parts.Length == 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var read)
                    ? read : long.MaxValue;
                if (parts[0].Length > 0 && deadline > now - Margin)
                    _seen[parts[0]] = deadline;
            }
        }

        Durable.Write(path, string.Concat(_seen.Select(seen => Line(seen.Key, seen.Value))));
        _file = Durable.OpenAppend(path);
    }

    /// <summary>Takes a nonce; false where it was taken before. Returns only when that is on disk.</summary>
    /// <exception cref="IOException">It could not be made durable: the order must not be obeyed.</exception>
    public bool TryTake(string nonce, long deadline)
    {
        lock (_seen)
        {
            if (!_seen.TryAdd(nonce, deadline))
                return false;
            _file.Write(Encoding.ASCII.GetBytes(Line(nonce, deadline)));
            _file.Flush(flushToDisk: true);
            return true;
        }
    }

    /// <summary>
    /// Takes one of the uses of an approved statement; false where all were taken. Kept until no order for it can be obeyed
    /// any more, so that whoever signs orders anew gets no more runs out of an approval than it gave.
    /// </summary>
    /// <exception cref="IOException">It could not be made durable: the order must not be obeyed.</exception>
    public bool TryTakeUse(string statement, int uses, long until)
    {
        lock (_seen)
        {
            for (var use = 1; use <= uses; use++)
            {
                if (TryTake(string.Create(CultureInfo.InvariantCulture, $"{statement}.{use}"), until))
                    return true;
            }

            return false;
        }
    }

    private static string Line(string nonce, long deadline) => string.Create(CultureInfo.InvariantCulture, $"{nonce} {deadline}\n");

    public void Dispose() => _file.Dispose();
}
