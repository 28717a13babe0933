namespace Writ.Proof.Log;

/// <summary>Base64 of one spelling only (RFC 4648, section 3.5): no white space, padded, no stray bits.</summary>
internal static class StrictBase64
{
    /// <summary>The bytes, or null where the text is not exactly how they are written.</summary>
    public static byte[]? Read(string text)
    {
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64String(text, bytes, out var length)
            && Convert.ToBase64String(bytes, 0, length).Equals(text, StringComparison.Ordinal)
            ? bytes[..length]
            : null;
    }
}
