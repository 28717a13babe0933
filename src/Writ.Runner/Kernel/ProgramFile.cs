using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>What the kernel and the dynamic linker would open to execute a program (elf(5), ld.so(8)).</summary>
internal static class ProgramFile
{
    private const int InterpreterSegment = 3, LongestPath = 4096;

    /// <summary>
    /// The program, what interprets it, and every library that is loaded with it, each by the path under which it is looked for.
    /// Nothing of the program is executed; the linker, which the program names, is asked for its list.
    /// </summary>
    /// <param name="path">The program, or a library where there is a linker for it.</param>
    /// <param name="linker">The linker that is asked for a file which names none, as libraries do; null where such a file is a static program.</param>
    /// <exception cref="RunnerException">It cannot be executed here; the message says why.</exception>
    public static IReadOnlyList<string> Closure(string path, string? linker = null)
    {
        var files = new List<string> { path };
        var head = Head(path);
        if (head.AsSpan().StartsWith("#!"u8))
        {
            var words = Encoding.UTF8.GetString(head.AsSpan(2, Math.Max(0, head.AsSpan(2).IndexOf((byte)'\n')))).Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || !Path.IsPathFullyQualified(words[0]) || Head(words[0]).AsSpan().StartsWith("#!"u8))
                throw new RunnerException($"{path}: its first line names no program");
            files.AddRange(Closure(words[0]));
            if (Path.GetFileName(words[0]) == "env" && words is [_, var name])
                files.AddRange(Closure(KernelTool.Find(name) ?? throw new RunnerException($"{path}: there is no {name}")));
        }
        else if ((Interpreter(path, head) ?? (IsShared(head) ? linker : null)) is { } interpreter)
        {
            files.Add(interpreter);
            files.AddRange(Libraries(path, interpreter));
        }

        return [.. files.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The dynamic linker of a program, or null for a static one.</summary>
    public static string? Linker(string path) => Interpreter(path, Head(path));

    /// <summary>The SHA-256 of a file, as lower-case hexadecimal.</summary>
    public static string Digest(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static byte[] Head(string path)
    {
        using var file = File.OpenRead(path);
        var head = new byte[LongestPath];
        return head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
    }

    // Elf64_Ehdr: the type at 16; ET_DYN is 3.
    private static bool IsShared(byte[] head) => head.Length >= 18 && BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(16)) == 3;

    /// <summary>The dynamic linker that a program names, or null for one that needs none.</summary>
    private static string? Interpreter(string path, byte[] head)
    {
        // Elf64_Ehdr: program headers at 32, their size at 54, their number at 56. Elf64_Phdr: type 0, offset 8, size 32.
        if (head.Length < 64 || !head.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new RunnerException($"{path} is no program that this machine executes");
        var table = BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(32));
        var (size, count) = (BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(54)), BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(56)));
        for (var i = 0; i < count; i++)
        {
            if (table + (ulong)((i + 1) * size) > (ulong)head.Length || size < 56)
                throw new RunnerException($"{path}: its headers are nowhere near its beginning");
            var header = head.AsSpan((int)table + (i * size), size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != InterpreterSegment)
                continue;
            var (at, length) = (BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
            if (length is 0 or > LongestPath || at + length > (ulong)head.Length)
                throw new RunnerException($"{path}: its linker's name is nowhere near its beginning");
            return Encoding.UTF8.GetString(head.AsSpan((int)at, (int)length)).TrimEnd('\0');
        }

        return null;
    }

    // As ldd asks, without a shell: "name => path (address)", or "path (address)" for the linker itself.
    private static IEnumerable<string> Libraries(string path, string interpreter)
    {
        foreach (var line in KernelTool.Ask(interpreter, "--list", path).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            var found = words is [_, "=>", ..] ? words[2] : words[0];
            if (found == "not")
                throw new RunnerException($"{path}: its library {words[0]} is not there");
            if (found.StartsWith('/'))
                yield return found;
        }
    }
}
