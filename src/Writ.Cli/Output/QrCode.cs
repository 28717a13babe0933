using System.Text;

namespace Writ.Cli.Output;

/// <summary>
/// A QR code of a short text (ISO/IEC 18004, byte mode, error correction L, versions 1 to 10: up to 271 bytes), for the phone of
/// somebody who sits at a terminal.
/// </summary>
internal sealed class QrCode
{
    private const int Quiet = 4;
    // By version, from 1: all codewords; error-correcting ones of a block; blocks; where alignment patterns are.
    private static readonly (int All, int Correcting, int Blocks, int[] Alignments)[] Versions =
    [
        (26, 7, 1, []), (44, 10, 1, [6, 18]), (70, 15, 1, [6, 22]), (100, 20, 1, [6, 26]), (134, 26, 1, [6, 30]),
        (172, 18, 2, [6, 34]), (196, 20, 2, [6, 22, 38]), (242, 24, 2, [6, 24, 42]), (292, 30, 2, [6, 26, 46]), (346, 18, 4, [6, 28, 50]),
    ];

    private readonly int _version;
    private readonly bool[,] _dark;
    private readonly bool[,] _taken;

    private QrCode(int version)
    {
        (_version, Size) = (version, 17 + (4 * version));
        (_dark, _taken) = (new bool[Size, Size], new bool[Size, Size]);
    }

    /// <summary>How many modules a side has.</summary>
    public int Size { get; }

    /// <summary>Whether a module is dark; nothing is beside the code.</summary>
    public bool IsDark(int x, int y) => x >= 0 && y >= 0 && x < Size && y < Size && _dark[y, x];

    /// <summary>The code of a text, or null where it is too long.</summary>
    public static QrCode? Of(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var version = 1 + Array.FindIndex(Versions, each => Data(each) >= 2 + bytes.Length + (Array.IndexOf(Versions, each) >= 9 ? 1 : 0));
        if (version == 0)
            return null;
        var code = new QrCode(version);
        code.DrawFixed();
        code.DrawCodewords(Interleaved(version, Codewords(version, bytes)));
        code.Mask();
        return code;
    }

    /// <summary>Lines of half blocks, light as ink: to be read on a dark terminal, or painted black on white.</summary>
    public IEnumerable<string> Lines()
    {
        for (var y = -Quiet; y < Size + Quiet; y += 2)
        {
            var line = new StringBuilder();
            for (var x = -Quiet; x < Size + Quiet; x++)
            {
                var (upper, lower) = (IsDark(x, y), y + 1 >= Size + Quiet || IsDark(x, y + 1));
                line.Append((upper, lower) switch { (false, false) => '█', (false, true) => '▀', (true, false) => '▄', (true, true) => ' ' });
            }

            yield return line.ToString();
        }
    }

    private static int Data((int All, int Correcting, int Blocks, int[]) version) => version.All - (version.Correcting * version.Blocks);

    // Mode, length, the bytes, an end, and what fills the rest.
    private static byte[] Codewords(int version, byte[] bytes)
    {
        var bits = new List<bool>();
        Add(0b0100, 4);
        Add(bytes.Length, version < 10 ? 8 : 16);
        foreach (var each in bytes)
            Add(each, 8);
        var all = 8 * Data(Versions[version - 1]);
        Add(0, Math.Min(4, all - bits.Count));
        Add(0, (8 - (bits.Count % 8)) % 8);
        for (var pad = 0xec; bits.Count < all; pad ^= 0xec ^ 0x11)
            Add(pad, 8);
        return [.. bits.Chunk(8).Select(octet => (byte)octet.Aggregate(0, (value, bit) => (value << 1) | (bit ? 1 : 0)))];

        void Add(int value, int length)
        {
            for (var bit = length - 1; bit >= 0; bit--)
                bits.Add(((value >> bit) & 1) == 1);
        }
    }

    private static byte[] Interleaved(int version, byte[] data)
    {
        var (_, correcting, blocks, _) = Versions[version - 1];
        // Blocks that come later have a byte more where it does not come out even.
        var (shortest, longer) = (data.Length / blocks, data.Length % blocks);
        var parts = new List<(byte[] Data, byte[] Correcting)>();
        for (var (block, at) = (0, 0); block < blocks; block++)
        {
            var length = shortest + (block >= blocks - longer ? 1 : 0);
            var part = data[at..(at + length)];
            parts.Add((part, Correction(part, correcting)));
            at += length;
        }

        return
        [
            .. Enumerable.Range(0, shortest + 1).SelectMany(at => parts.Where(part => at < part.Data.Length).Select(part => part.Data[at])),
            .. Enumerable.Range(0, correcting).SelectMany(at => parts.Select(part => part.Correcting[at])),
        ];
    }

    // The remainder of the data by the generator of so many roots, over GF(256) with x^8 + x^4 + x^3 + x^2 + 1.
    internal static byte[] Correction(ReadOnlySpan<byte> data, int count)
    {
        var generator = new byte[count];
        generator[^1] = 1;
        for (byte power = 0, root = 1; power < count; power++, root = Times(root, 2))
        {
            for (var at = 0; at < count; at++)
                generator[at] = (byte)(Times(generator[at], root) ^ (at + 1 < count ? generator[at + 1] : 0));
        }

        var remainder = new byte[count];
        foreach (var each in data)
        {
            var factor = (byte)(each ^ remainder[0]);
            remainder.AsSpan(1).CopyTo(remainder);
            remainder[^1] = 0;
            for (var at = 0; at < count; at++)
                remainder[at] ^= Times(generator[at], factor);
        }

        return remainder;
    }

    internal static byte Times(byte a, byte b)
    {
        var product = 0;
        for (var bit = 7; bit >= 0; bit--)
            product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a);
        return (byte)product;
    }

    private void DrawFixed()
    {
        for (var at = 0; at < Size; at++)
        {
            Fix(6, at, at % 2 == 0);
            Fix(at, 6, at % 2 == 0);
        }

        foreach (var (x, y) in ((int, int)[])[(3, 3), (Size - 4, 3), (3, Size - 4)])
            Square(x, y, 4, distance => distance is not (2 or 4));
        var places = Versions[_version - 1].Alignments;
        foreach (var (x, y) in places.SelectMany(x => places.Select(y => (x, y))))
        {
            if (!((x == 6 && (y == 6 || y == Size - 7)) || (x == Size - 7 && y == 6)))
                Square(x, y, 2, distance => distance != 1);
        }

        DrawFormat(0);
        if (_version < 7)
            return;
        var rest = _version;
        for (var bit = 0; bit < 12; bit++)
            rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
        var bits = (_version << 12) | rest;
        for (var bit = 0; bit < 18; bit++)
        {
            var (far, near, dark) = (Size - 11 + (bit % 3), bit / 3, ((bits >> bit) & 1) == 1);
            Fix(far, near, dark);
            Fix(near, far, dark);
        }
    }

    // Error correction L and the mask, twice, around the finder patterns.
    private void DrawFormat(int mask)
    {
        var data = (0b01 << 3) | mask;
        var rest = data;
        for (var bit = 0; bit < 10; bit++)
            rest = (rest << 1) ^ ((rest >> 9) * 0x537);
        var bits = ((data << 10) | rest) ^ 0x5412;
        for (var bit = 0; bit < 15; bit++)
        {
            var dark = ((bits >> bit) & 1) == 1;
            Fix(8, bit < 6 ? bit : bit < 8 ? bit + 1 : Size - 15 + bit, dark);
            Fix(bit < 8 ? Size - 1 - bit : bit < 9 ? 7 : 14 - bit, 8, dark);
        }

        Fix(8, Size - 8, true);
    }

    private void Square(int x, int y, int reach, Func<int, bool> dark)
    {
        for (var dy = -reach; dy <= reach; dy++)
        {
            for (var dx = -reach; dx <= reach; dx++)
            {
                if (x + dx >= 0 && x + dx < Size && y + dy >= 0 && y + dy < Size)
                    Fix(x + dx, y + dy, dark(Math.Max(Math.Abs(dx), Math.Abs(dy))));
            }
        }
    }

    private void Fix(int x, int y, bool dark) => (_dark[y, x], _taken[y, x]) = (dark, true);

    // Up and down in pairs of columns from the right, past the column of the timing pattern.
    private void DrawCodewords(byte[] codewords)
    {
        var next = 0;
        foreach (var (x, y) in Path())
        {
            if (next < 8 * codewords.Length)
                _dark[y, x] = ((codewords[next / 8] >> (7 - (next % 8))) & 1) == 1;
            next++;
        }
    }

    private IEnumerable<(int X, int Y)> Path()
    {
        for (var (right, up) = (Size - 1, true); right >= 1; right -= 2, up = !up)
        {
            if (right == 6)
                right = 5;
            for (var step = 0; step < Size; step++)
            {
                var y = up ? Size - 1 - step : step;
                foreach (var x in (int[])[right, right - 1])
                {
                    if (!_taken[y, x])
                        yield return (x, y);
                }
            }
        }
    }

    // Of the eight masks, the one that a reader confuses least.
    private void Mask()
    {
        var best = Enumerable.Range(0, 8).MinBy(mask =>
        {
            Apply(mask);
            DrawFormat(mask);
            var penalty = Penalty();
            Apply(mask);
            return penalty;
        });
        Apply(best);
        DrawFormat(best);
    }

    private void Apply(int mask)
    {
        foreach (var (x, y) in Path())
            _dark[y, x] ^= IsMasked(mask, x, y);
    }

    private static bool IsMasked(int mask, int x, int y) => mask switch
    {
        0 => (x + y) % 2 == 0,
        1 => y % 2 == 0,
        2 => x % 3 == 0,
        3 => (x + y) % 3 == 0,
        4 => ((x / 3) + (y / 2)) % 2 == 0,
        5 => (x * y % 2) + (x * y % 3) == 0,
        6 => ((x * y % 2) + (x * y % 3)) % 2 == 0,
        _ => (((x + y) % 2) + (x * y % 3)) % 2 == 0,
    };

    private int Penalty()
    {
        var penalty = 0;
        for (var line = 0; line < Size; line++)
        {
            var fixedLine = line;
            penalty += Penalty(at => _dark[fixedLine, at]) + Penalty(at => _dark[at, fixedLine]);
        }

        var dark = 0;
        for (var y = 0; y < Size; y++)
        {
            for (var x = 0; x < Size; x++)
            {
                dark += _dark[y, x] ? 1 : 0;
                if (x > 0 && y > 0 && _dark[y, x] == _dark[y, x - 1] && _dark[y, x] == _dark[y - 1, x] && _dark[y, x] == _dark[y - 1, x - 1])
                    penalty += 3;
            }
        }

        return penalty + (10 * (Math.Abs((20 * dark) - (10 * Size * Size)) / (Size * Size)));
    }

    private int Penalty(Func<int, bool> dark)
    {
        var (penalty, run, last) = (0, 0, 0);
        for (var at = 0; at < Size; at++)
        {
            run = at > 0 && dark(at) == dark(at - 1) ? run + 1 : 1;
            penalty += run == 5 ? 3 : run > 5 ? 1 : 0;
            // What looks like a finder pattern: 1011101 with four light ones on either side.
            last = ((last << 1) | (dark(at) ? 1 : 0)) & 0x7ff;
            if (at >= 10 && last is 0b10111010000 or 0b00001011101)
                penalty += 40;
        }

        return penalty;
    }
}
