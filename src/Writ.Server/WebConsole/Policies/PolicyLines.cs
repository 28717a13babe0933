namespace Writ.Server.WebConsole.Policies;

/// <summary>A piece of a line, with what it is: <c>key</c>, <c>text</c>, <c>number</c>, <c>note</c> or nothing.</summary>
public sealed record Piece(string Kind, string Text);

/// <summary>A policy's lines with their parts told apart, for the eye alone: what they mean, the reader of policies says.</summary>
internal static class PolicyLines
{
    /// <summary>The pieces of one line; together they are the line, with what would be invisible shown.</summary>
    public static IReadOnlyList<Piece> Of(string line)
    {
        var pieces = new List<Piece>();
        var at = 0;
        while (at < line.Length)
        {
            var begun = at;
            if (line[at] == '#' && (at == 0 || char.IsWhiteSpace(line[at - 1])))
            {
                pieces.Add(new("note", Printable.Of(line[at..])));
                break;
            }

            if (line[at] is '"' or '\'')
            {
                var end = line.IndexOf(line[at], at + 1);
                at = end < 0 ? line.Length : end + 1;
                pieces.Add(new(IsKey(line, at) ? "key" : "text", Printable.Of(line[begun..at])));
            }
            else if (IsWord(line[at]))
            {
                while (at < line.Length && (IsWord(line[at]) || (line[at] == ':' && at + 1 < line.Length && IsWord(line[at + 1]))))
                    at++;
                var word = line[begun..at];
                pieces.Add(new(IsKey(line, at) ? "key" : char.IsAsciiDigit(word[0]) ? "number" : "", Printable.Of(word)));
            }
            else
            {
                while (at < line.Length && !IsWord(line[at]) && line[at] is not ('"' or '\'') && (line[at] != '#' || (at > 0 && !char.IsWhiteSpace(line[at - 1]))))
                    at++;
                at = Math.Max(at, begun + 1);
                pieces.Add(new("", Printable.Of(line[begun..at])));
            }
        }

        return pieces;
    }

    private static bool IsWord(char letter) => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.' or '/' or '*' or '@' or '+';

    private static bool IsKey(string line, int after) => after < line.Length && line[after] == ':' && (after + 1 == line.Length || line[after + 1] == ' ');
}
