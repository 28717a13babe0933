using System.Globalization;
using System.Text;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// A file of targets or exclusions (<c>-iL</c>, <c>--excludefile</c>), as Nmap takes it apart: words between spaces, tabs, CR and LF; <c>#</c>
/// starts a comment, even inside a word, that ends at LF alone.
/// </summary>
internal static class NmapTargetList
{
    /// <summary>The most bytes of a list.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Nmap's own buffer holds 1,024.</summary>
    private const int MaxWord = 1_000;

    /// <summary>The words of a list with their lines.</summary>
    public static Result<List<NmapExpression>> Read(string path, ReadOnlySpan<byte> content)
    {
        if (content.Length > MaxBytes)
            return new Refusal(ErrorCode.TooLarge, $"{NmapArguments.Show(path)} is larger than 16 MB");
        var words = new List<NmapExpression>();
        var line = 1;
        for (var at = 0; at < content.Length;)
        {
            switch (content[at])
            {
                case (byte)'\n':
                    line++;
                    at++;
                    continue;
                case (byte)' ' or (byte)'\t' or (byte)'\r':
                    at++;
                    continue;
                case (byte)'#':
                    at += content[at..].IndexOf((byte)'\n') is >= 0 and var end ? end : content.Length - at;
                    continue;
            }

            var length = content[at..].IndexOfAny(" \t\r\n#"u8) is >= 0 and var stop ? stop : content.Length - at;
            var word = content.Slice(at, length);
            if (word.IndexOfAnyExceptInRange((byte)'!', (byte)'~') is >= 0 and var odd)
                return Odd(path, line, word[odd], at == 0 && word.StartsWith("\uFEFF"u8));
            if (length > MaxWord)
                return Wrong(path, line, "a word is longer than 1000 characters", null);
            words.Add(new(Encoding.ASCII.GetString(word), path, line));
            at += length;
        }

        return words;
    }

    private static Refusal Odd(string path, int line, byte odd, bool mark) => mark
        ? Wrong(path, line, "the file begins with a byte order mark, which spoils its first target", "save it as plain text without one")
        : Wrong(path, line, string.Create(CultureInfo.InvariantCulture, $"there is a byte 0x{odd:x2} outside printable ASCII"), "save it as plain text");

    private static Refusal Wrong(string path, int line, string why, string? hint) =>
        new(ErrorCode.InvalidTarget, string.Create(CultureInfo.InvariantCulture, $"{NmapArguments.Show(path)}, line {line}: {why}"), hint);
}
