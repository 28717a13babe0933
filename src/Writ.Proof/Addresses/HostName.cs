namespace Writ.Proof.Addresses;

/// <summary>Names of hosts (RFC 1123, 2.1, and the underscore that people use).</summary>
public static class HostName
{
    /// <summary>
    /// True for a name that every resolver reads as a name: at most 253 ASCII letters, digits, hyphens, underscores and
    /// dots, labels of 1 to 63, and a last label that cannot be taken for a number (<c>10.21</c>, <c>0x7f.1</c> and
    /// <c>2130706433</c> are addresses to a resolver).
    /// </summary>
    public static bool IsPlain(string text)
    {
        if (text.Length is 0 or > 253 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            return false;
        var labels = text.Split('.');
        return labels.All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-') && !IsNumber(labels[^1]);
    }

    private static bool IsNumber(string label) =>
        label.All(char.IsAsciiDigit) || (label.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && label[2..].All(char.IsAsciiHexDigit));
}
