using System.Text;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What came of a <c>writ</c> command.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">Standard output, byte by byte.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Typed(string Line, int Code, byte[] Output, string Error)
{
    /// <summary>Standard output as text, without the last line's end.</summary>
    public string Text => Encoding.UTF8.GetString(Output).TrimEnd('\n');

    public Typed ShouldBe(int code)
    {
        Code.ShouldBe(code, $"{Line}\n{Text}\n{Error}");
        return this;
    }

    public Typed ShouldBeOk() => ShouldBe(0);

    /// <summary>
    /// An error in the voice of section 12: nothing on standard output, one lowercase line without a period, reasons below
    /// it, at most one hint, and nothing of a program's inside.
    /// </summary>
    public Typed ShouldBeAnError(int code, string saying)
    {
        ShouldBe(code);
        Output.ShouldBeEmpty(Line);
        var lines = Error.TrimEnd('\n').Split('\n');
        lines[0].ShouldStartWith("writ: ", Case.Sensitive, Line);
        lines[0].ShouldContain(saying, Case.Sensitive, Line);
        char.IsUpper(lines[0]["writ: ".Length]).ShouldBeFalse(lines[0]);
        lines[0].ShouldNotEndWith(".");
        lines.Skip(1).ShouldAllBe(line => line.StartsWith("  - ", StringComparison.Ordinal) || line.StartsWith("hint: ", StringComparison.Ordinal), Error);
        lines.Count(line => line.StartsWith("hint: ", StringComparison.Ordinal)).ShouldBeLessThan(2, Error);
        foreach (var inside in new[] { "Exception", "   at ", ".cs:", "System." })
            Error.ShouldNotContain(inside, Case.Sensitive, Line);
        return this;
    }
}

/// <summary>A <c>writ</c> command at work.</summary>
internal sealed class Typing(string line, HouseProcess process) : IDisposable
{
    public HouseProcess Process => process;

    public async Task<Typed> End(int seconds = 30)
    {
        var code = await process.End(seconds);
        return new(line, code, process.Output, process.Error);
    }

    public void Dispose() => process.Dispose();
}
