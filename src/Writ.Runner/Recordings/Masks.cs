using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Runner.Recordings;

/// <summary>
/// What must not leave a run: its secrets as they are, and in the forms that programs give them without meaning to hide anything (base64 wherever it
/// begins, percent-encoding, hexadecimal, JSON). Whoever means to can always say it in another way.
/// </summary>
internal sealed class Masks : IDisposable
{
    /// <summary>Fewer bytes stand in any output by chance.</summary>
    public const int Shortest = 4;
    private const int ShortestLine = 12;

    private Masks(IReadOnlyList<Needle> needles) => Needles = needles;

    /// <summary>What is looked for, and what stands in its place.</summary>
    public sealed record Needle(byte[] Bytes, byte[] Shown);

    /// <summary>All of them; none is shorter than <see cref="Shortest"/>.</summary>
    public IReadOnlyList<Needle> Needles { get; }

    /// <summary>The masks of these secrets; null where there are none.</summary>
    /// <param name="secrets">Names and values; a value is not kept, its forms are.</param>
    public static Masks? Of(IReadOnlyList<(string Name, byte[] Value)> secrets)
    {
        var needles = new Dictionary<string, Needle>(StringComparer.Ordinal);
        foreach (var (name, value) in secrets)
        {
            var shown = Encoding.UTF8.GetBytes($"[secret {name}]");
            foreach (var form in FormsOf(value))
            {
                if (form.Length >= Shortest)
                    needles.TryAdd(Convert.ToHexString(SHA256.HashData(form)), new(form, shown));
            }
        }

        return needles.Count == 0 ? null : new([.. needles.Values]);
    }

    private static IEnumerable<byte[]> FormsOf(byte[] value)
    {
        yield return value;
        // A terminal ends lines otherwise than a file, and some programs print single ones: a key is hidden line by line.
        foreach (var line in Lines(value))
            yield return line;
        foreach (var form in Base64Of(value))
        {
            yield return Encoding.ASCII.GetBytes(form);
            yield return Encoding.ASCII.GetBytes(form.Replace('+', '-').Replace('/', '_'));
        }

        var percent = Percent(value, "X2");
        foreach (var form in (string[])[percent, Percent(value, "x2"), percent.Replace("%20", "+", StringComparison.Ordinal), Convert.ToHexString(value), Convert.ToHexStringLower(value)])
            yield return Encoding.ASCII.GetBytes(form);
        yield return Json(value);
    }

    private static bool Unreserved(byte letter) => char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';

    private static IEnumerable<byte[]> Lines(byte[] value)
    {
        var begin = 0;
        for (var at = 0; at <= value.Length; at++)
        {
            if (at < value.Length && value[at] != (byte)'\n')
                continue;
            var line = value.AsSpan(begin, at - begin).TrimEnd((byte)'\r');
            if (line.Length >= ShortestLine && line.Length < value.Length && !line.StartsWith("-----"u8))
                yield return line.ToArray();
            begin = at + 1;
        }
    }

    // Of the text that has the value somewhere in it: the letters that are the value's alone, for each of the three places where it may begin.
    private static IEnumerable<string> Base64Of(byte[] value)
    {
        for (var before = 0; before < 3; before++)
        {
            var text = Convert.ToBase64String([.. new byte[before], .. value]);
            var bits = 8 * (before + value.Length);
            yield return text[((8 * before + 5) / 6)..(bits / 6)];
        }
    }

    private static string Percent(byte[] value, string hexadecimal) =>
        string.Concat(value.Select(letter => Unreserved(letter) ? ((char)letter).ToString() : '%' + letter.ToString(hexadecimal, CultureInfo.InvariantCulture)));

    private static byte[] Json(byte[] value) => [.. value.SelectMany(letter => letter switch
    {
        (byte)'"' or (byte)'\\' => new[] { (byte)'\\', letter },
        (byte)'\n' => [.. "\\n"u8],
        (byte)'\r' => [.. "\\r"u8],
        (byte)'\t' => [.. "\\t"u8],
        _ => [letter],
    })];

    public void Dispose()
    {
        foreach (var needle in Needles)
            CryptographicOperations.ZeroMemory(needle.Bytes);
    }
}
