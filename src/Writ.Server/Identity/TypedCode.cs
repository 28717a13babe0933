using System.Security.Cryptography;

namespace Writ.Server.Identity;

/// <summary>A code that a person reads at one place and types at another: eight letters and digits that are not taken for one another, 40 bits, shown as <c>ABCD-2345</c>.</summary>
internal static class TypedCode
{
    private const string Letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    private const int Length = 8, MostTyped = 20;

    public static string New() => string.Concat(RandomNumberGenerator.GetItems<char>(Letters, Length));

    /// <summary>As it is shown.</summary>
    public static string Shown(string code) => $"{code[..(Length / 2)]}-{code[(Length / 2)..]}";

    /// <summary>What was typed, whatever stands between the letters; of more than that the beginning, which is no code.</summary>
    public static string Read(string typed) => new([.. typed.Where(char.IsAsciiLetterOrDigit).Take(MostTyped).Select(char.ToUpperInvariant)]);
}
