using System.Globalization;
using System.Text;
using Writ.Runner.Kernel;

namespace Writ.Runner.Host;

/// <summary>Reads who is about to execute what, from a process that waits inside execve(2).</summary>
internal static class UnbrokeredExecutions
{
    private const int MostParents = 4, MostDepth = 16, MostText = 300, MostArguments = 256, MostArgumentBytes = 8_192;
    private const long NoLogin = uint.MaxValue;

    public static UnbrokeredExecution Read(int program, int pid, bool refused)
    {
        var (uid, login) = (ProcessTable.UserOf(pid), LoginOf(pid));
        var user = Name(uid);
        // Who logged in stays the same under sudo.
        if (login is not NoLogin && login != uid)
            user = $"{Name(login)} as {user}";
        var parents = new List<string>();
        for (var (at, depth) = (pid, 0); at > 1 && parents.Count < MostParents && depth < MostDepth; at = ProcessTable.ParentOf(at), depth++)
        {
            // What was forked to execute it has its parent's words still.
            if (CommandLine(at) is var line && (parents.Count == 0 || parents[^1] != line))
                parents.Add(line);
        }

        return new(Link($"/proc/self/fd/{program}"), login is NoLogin ? uid : login, user, parents, Arguments(pid), refused, 1);
    }

    private static string CommandLine(int pid)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{pid}/cmdline").TrimEnd('\0').Replace('\0', ' ');
            return line.Length <= MostText ? line : line[..MostText] + "…";
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static long LoginOf(int pid)
    {
        try
        {
            return long.Parse(File.ReadAllText($"/proc/{pid}/loginuid"), CultureInfo.InvariantCulture);
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException or FormatException)
        {
            return NoLogin;
        }
    }

    private static string Name(long uid)
    {
        var number = uid.ToString(CultureInfo.InvariantCulture);
        try
        {
            return File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(user => user.Length > 2 && user[2] == number)?[0] ?? number;
        }
        catch (IOException)
        {
            return number;
        }
    }

    private static string Link(string path) => File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName ?? "";

    /// <summary>The argv of its execve or execveat, out of its memory; none where it cannot be read.</summary>
    private static List<string> Arguments(int pid)
    {
        var arguments = new List<string>();
        try
        {
            // "59 0x…path 0x…argv 0x…envp …": the number of the call, then its arguments.
            var call = File.ReadAllText($"/proc/{pid}/syscall").Split(' ');
            var at = call[0] switch { "59" or "221" => 2, "322" or "281" => 3, _ => 0 };
            if (at == 0 || call.Length <= at)
                return arguments;
            using var memory = new FileStream($"/proc/{pid}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var pointer = long.Parse(call[at].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            Span<byte> word = stackalloc byte[8];
            for (var (index, bytes) = (0, 0); index < MostArguments && bytes < MostArgumentBytes; index++)
            {
                memory.Position = pointer + (8 * index);
                memory.ReadExactly(word);
                if (BitConverter.ToInt64(word) is not (not 0 and var text))
                    break;
                arguments.Add(Text(memory, text));
                bytes += arguments[^1].Length;
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or FormatException or OverflowException or ArgumentException)
        {
            // What was read so far is told.
        }

        return arguments;
    }

    private static string Text(FileStream memory, long at)
    {
        var text = new List<byte>();
        var piece = new byte[64];
        memory.Position = at;
        while (text.Count < MostArgumentBytes)
        {
            var read = memory.Read(piece);
            var end = piece.AsSpan(0, read).IndexOf((byte)0);
            text.AddRange(piece.AsSpan(0, end < 0 ? read : end));
            if (end >= 0 || read == 0)
                break;
        }

        return Encoding.UTF8.GetString([.. text]);
    }
}
