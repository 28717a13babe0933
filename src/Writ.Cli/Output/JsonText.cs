using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Writ.Cli.Output;

/// <summary>
/// JSON on standard output: the members of the server's document, all of them, with everything that is not plainly
/// visible escaped, so that no text in it can command a terminal.
/// </summary>
internal static class JsonText
{
    /// <summary>Prints a document of the server's.</summary>
    public static void Print(Terminal terminal, byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        Print(terminal, document.RootElement.WriteTo);
    }

    /// <summary>Prints what is written.</summary>
    public static void Print(Terminal terminal, Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(writer);
        terminal.Print(EscapeInvisible(Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length))));
    }

    // Outside of strings JSON is ASCII, so what is escaped here stands in a string.
    private static string EscapeInvisible(string json)
    {
        var text = new StringBuilder(json.Length);
        foreach (var rune in json.EnumerateRunes())
        {
            if (rune.Value is '\n' || Printable.IsVisible(rune))
            {
                text.Append(rune.ToString());
                continue;
            }

            foreach (var unit in rune.ToString())
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        }

        return text.ToString();
    }
}
