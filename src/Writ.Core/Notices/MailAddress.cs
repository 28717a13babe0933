using System.Diagnostics.CodeAnalysis;

namespace Writ.Core.Notices;

/// <summary>
/// The address of a person's mail, of the plain kind alone: <c>local@domain</c>, without a name, quotes, comments or letters that look like
/// others. So it cannot hold a second address, nor a line of its own.
/// </summary>
public static class MailAddress
{
    private const string LocalMarks = ".!#$%&'*+/=?^_`{|}~-";

    /// <summary>Whether it is one (RFC 5321, 4.1.2: a dot-string at a domain; 64 and 254 characters at most).</summary>
    public static bool Is([NotNullWhen(true)] string? text)
    {
        if (text is not { Length: >= 3 and <= 254 } || text.Split('@') is not [{ Length: > 0 and <= 64 } local, { Length: > 0 } domain])
            return false;
        return local.Split('.').All(part => part.Length > 0) && local.All(letter => char.IsAsciiLetterOrDigit(letter) || LocalMarks.Contains(letter, StringComparison.Ordinal))
            && domain.Split('.').All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'));
    }

    /// <summary>Enough of it to be recognised by those who know it: <c>d…@example.com</c>.</summary>
    public static string Hint(string address) => address.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? $"{address[0]}…{address[at..]}" : "…";
}
