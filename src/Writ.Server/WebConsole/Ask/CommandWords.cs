using System.Text;
using Writ.Contracts.Templates;

namespace Writ.Server.WebConsole.Ask;

/// <summary>A command line as somebody types it, and as words. There is no shell: nothing is expanded.</summary>
internal static class CommandWords
{
    /// <summary>Splits at white space; quotes of either kind keep it. A quote that is not closed yet closes at the end.</summary>
    public static IReadOnlyList<string> Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (quote, inWord) = ('\0', false);
        foreach (var letter in line)
        {
            if (quote != '\0' ? letter == quote : letter is '"' or '\'')
                (quote, inWord) = (quote == '\0' ? letter : '\0', true);
            else if (quote == '\0' && char.IsWhiteSpace(letter))
            {
                if (inWord)
                    words.Add(word.ToString());
                word.Clear();
                inWord = false;
            }
            else
            {
                word.Append(letter);
                inWord = true;
            }
        }

        if (inWord)
            words.Add(word.ToString());
        // As it is pasted from a terminal or a page about it.
        if (words is ["$" or "sudo", .. var rest])
            words = [.. rest];
        return words is ["writ", "run" or "request" or "explain", ..] && words.FindIndex(word => word == "--" || word.StartsWith(TemplateAsk.Mark)) is > 0 and var begin ? [.. words.Skip(words[begin] == "--" ? begin + 1 : begin)] : words;
    }
}
