using System.Text;
using QRCoder;
using QRCoder.Exceptions;

namespace Writ.Cli.Output;

/// <summary>A QR code of a short text, for the phone of somebody who sits at a terminal.</summary>
internal static class QrCode
{
    /// <summary>
    /// Lines of half blocks with the quiet zone around, light as ink: to be read on a dark terminal, or painted black on white. Null
    /// where the text is longer than a code holds.
    /// </summary>
    public static IReadOnlyList<string>? Of(string text)
    {
        try
        {
            using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.L, forceUtf8: true);
            return Lines(code);
        }
        catch (DataTooLongException)
        {
            return null;
        }
    }

    private static List<string> Lines(QRCodeData code)
    {
        var size = code.ModuleMatrix.Count;
        var lines = new List<string>();
        for (var y = 0; y < size; y += 2)
        {
            var line = new StringBuilder();
            for (var x = 0; x < size; x++)
            {
                // What lies below the last line is as light as a terminal is dark.
                var (upper, lower) = (code.ModuleMatrix[y][x], y + 1 >= size || code.ModuleMatrix[y + 1][x]);
                line.Append((upper, lower) switch { (false, false) => '█', (false, true) => '▀', (true, false) => '▄', (true, true) => ' ' });
            }

            lines.Add(line.ToString());
        }

        return lines;
    }
}
