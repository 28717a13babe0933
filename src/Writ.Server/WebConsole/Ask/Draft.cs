using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Contracts.Requests;
using Writ.Contracts.Templates;
using Writ.Proof.Errors;

namespace Writ.Server.WebConsole.Ask;

/// <summary>What somebody has typed so far to ask for something.</summary>
/// <param name="Minutes">How long; 0 for as long as the rule says.</param>
/// <param name="Uses">How often, as it was typed; nothing for once.</param>
/// <param name="Files">The files that were chosen, by the names that the command has for them.</param>
/// <param name="BreakGlass">Whether the glass is to be broken.</param>
internal sealed record Draft(string Line, int Minutes, string Uses, string Reason, string Ticket, IReadOnlyDictionary<string, byte[]> Files, bool BreakGlass = false)
{
    /// <summary>The same for the same draft.</summary>
    public string Digest
    {
        get
        {
            var files = Sent.Select(file => $"{file.Argument} {Convert.ToHexStringLower(SHA256.HashData(file.Content))}");
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [Line, $"{Minutes}", Uses, Reason, Ticket, $"{BreakGlass}", .. files]))))[..16];
        }
    }

    /// <summary>What the command still names of them.</summary>
    private IEnumerable<InputFile> Sent => CommandWords.Split(Line) is var words
        ? Files.Where(file => words.Any(word => word.Contains(file.Key, StringComparison.Ordinal))).OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => new InputFile(file.Key, file.Value)) : [];

    public Result<AskForAccess> Read()
    {
        int? times = null;
        if (Uses.Trim().Length > 0)
        {
            if (!int.TryParse(Uses.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
                return new Refusal(ErrorCode.TooManyUses, $"'{Printable.Cut(Uses, 20)}' is no number of uses", "1 or more, or nothing for 1");
            times = number;
        }

        var words = CommandWords.Split(Line);
        TemplateAsk? template = null;
        if (TemplateAsk.IsUse(words))
        {
            template = TemplateAsk.Read(words, out var wrong);
            if (wrong is var (word, problem))
                return new Refusal(ErrorCode.InvalidCommand, $"'{Printable.Cut(word, 60)}' {problem}", "a template is used as @NAME KEY=VALUE");
        }

        return new AskForAccess(template is null ? words : null, Text(Reason), Text(Ticket), Minutes > 0 ? Minutes * 60 : null, times, Inputs: Sent.ToList() is { Count: > 0 } files ? files : null, Template: template, BreakGlass: BreakGlass);
    }

    private static string? Text(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
