namespace Writ.Core.Tools.Nmap;

/// <summary>Whether an option takes a value, in getopt's terms.</summary>
internal enum Takes
{
    /// <summary>No value; <c>--open=x</c> is an error.</summary>
    Nothing,
    /// <summary>Glued, or else the next argument, whatever it looks like.</summary>
    Value,
    /// <summary>Only when glued.</summary>
    GluedValue,
}

/// <summary>One option of Nmap.</summary>
/// <param name="Name">As a user would type it: <c>-p</c>, <c>--open</c>.</param>
/// <param name="Takes">Whether it takes a value.</param>
/// <param name="Refusal">Why it is never accepted; null for the accepted ones, about which policy decides.</param>
/// <param name="Hint">The way on for a refused one, where there is one.</param>
internal sealed record NmapOption(string Name, Takes Takes, string? Refusal = null, string? Hint = null)
{
    /// <summary>As Nmap's manual writes it: the two-letter ones (<c>-iL</c>, <c>-oX</c>, <c>-sI</c>) with one dash.</summary>
    public string Shown => Name.Length == 4 && Name.StartsWith("--", StringComparison.Ordinal) ? Name[1..] : Name;
}
