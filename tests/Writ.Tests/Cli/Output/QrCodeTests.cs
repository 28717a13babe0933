using System.Text;
using Writ.Cli.Output;

namespace Writ.Tests.Cli.Output;

/// <summary>The codes are read back as a reader does: format, mask, codewords, correction, text.</summary>
public sealed class QrCodeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(70)]
    [InlineData(78)]
    [InlineData(106)]
    [InlineData(134)]
    [InlineData(154)]
    [InlineData(230)]
    [InlineData(271)]
    public void Of_text_is_read_back(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(at => (char)('!' + (at * 7 % 90))));
        Read(QrCode.Of(text).ShouldNotBeNull()).ShouldBe(text);
    }

    [Fact]
    public void Of_longer_text_is_none() => QrCode.Of(new('a', 272)).ShouldBeNull();

    [Fact]
    public void Lines_have_a_quiet_zone_and_the_finder_patterns()
    {
        var code = QrCode.Of("https://writ.example.com/approve/req_06bq0000000000000000000002").ShouldNotBeNull();
        code.Size.ShouldBe(33);
        var lines = code.Lines().ToArray();
        lines.Length.ShouldBe(21);
        lines.ShouldAllBe(line => line.Length == 41);
        lines[0].ShouldBe(new string('█', 41));
        lines[2].ShouldStartWith("████ ▄▄▄▄▄ █");
    }

    [Fact]
    public void Correction_is_that_of_the_standards_example() =>
        // ISO/IEC 18004, annex I: "01234567" as version 1-M.
        QrCode.Correction([0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11], 10)
            .ShouldBe([0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55]);

    private static string Read(QrCode code)
    {
        var (size, version) = (code.Size, (code.Size - 17) / 4);
        var format = 0;
        foreach (var (x, y) in Enumerable.Range(0, 15).Select(bit => (8, bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit)).Reverse())
            format = (format << 1) | (code.IsDark(x, y) ? 1 : 0);
        format ^= 0x5412;
        (format >> 13).ShouldBe(0b01, "error correction L");
        var mask = (format >> 10) & 7;

        var bits = new List<bool>();
        for (var (right, up) = (size - 1, true); right >= 1; right -= 2, up = !up)
        {
            right = right == 6 ? 5 : right;
            for (var step = 0; step < size; step++)
            {
                var y = up ? size - 1 - step : step;
                for (var x = right; x > right - 2; x--)
                {
                    if (!IsFixed(x, y, size, version))
                        bits.Add(code.IsDark(x, y) ^ Masked(mask, x, y));
                }
            }
        }

        byte[] codewords = [.. bits.Chunk(8).Where(octet => octet.Length == 8).Select(octet => (byte)octet.Aggregate(0, (value, bit) => (value << 1) | (bit ? 1 : 0)))];
        (int Correcting, int Blocks) = new (int, int)[] { (7, 1), (10, 1), (15, 1), (20, 1), (26, 1), (18, 2), (20, 2), (24, 2), (30, 2), (18, 4) }[version - 1];
        var data = codewords.Length - (Correcting * Blocks);
        var blocks = Enumerable.Range(0, Blocks).Select(_ => new List<byte>()).ToArray();
        var (shortest, longer) = (data / Blocks, data % Blocks);
        var next = 0;
        for (var at = 0; at <= shortest; at++)
        {
            for (var block = at < shortest ? 0 : Blocks - longer; block < Blocks; block++)
                blocks[block].Add(codewords[next++]);
        }

        byte[] read = [.. blocks.SelectMany(block => block.ToArray())];
        for (var at = 0; at < Correcting; at++)
        {
            foreach (var block in blocks)
                block.Add(codewords[next++]);
        }

        foreach (var block in blocks)
        {
            // Of a whole block every syndrome is zero.
            for (byte power = 0, root = 1; power < Correcting; power++, root = QrCode.Times(root, 2))
                block.Aggregate((byte)0, (sum, each) => (byte)(QrCode.Times(sum, root) ^ each)).ShouldBe((byte)0);
        }

        (read[0] >> 4).ShouldBe(0b0100);
        var header = version < 10 ? 12 : 20;
        var count = version < 10 ? ((read[0] & 15) << 4) | (read[1] >> 4) : ((read[0] & 15) << 12) | (read[1] << 4) | (read[2] >> 4);
        return Encoding.UTF8.GetString([.. Enumerable.Range(0, count).Select(at => (byte)((read[(header / 8) + at] << 4) | (read[(header / 8) + at + 1] >> 4)))]);
    }

    private static bool Masked(int mask, int x, int y) => mask switch
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

    private static bool IsFixed(int x, int y, int size, int version)
    {
        if (x == 6 || y == 6 || (x < 9 && y < 9) || (x >= size - 8 && y < 9) || (x < 9 && y >= size - 8))
            return true;
        if (version >= 7 && ((x >= size - 11 && y < 6) || (y >= size - 11 && x < 6)))
            return true;
        int[] places = version == 1 ? [] : version < 7 ? [6, 10 + (4 * version)] : [6, 8 + (2 * version), 10 + (4 * version)];
        return places.Any(ax => places.Any(ay => !(ax == 6 && ay == 6) && !(ax == 6 && ay == size - 7) && !(ay == 6 && ax == size - 7)
            && Math.Abs(ax - x) <= 2 && Math.Abs(ay - y) <= 2));
    }
}
