using System.Globalization;

namespace Writ.Proof.Addresses;

/// <summary>
/// All addresses from <see cref="First"/> to <see cref="Last"/>, both included, of one family; never empty. Its text is
/// one address, <c>address/prefix</c> where it is exactly a network, or <c>first-last</c>.
/// </summary>
public readonly record struct AddressRange
{
    /// <summary>A range of one family.</summary>
    /// <exception cref="ArgumentException">
    /// First is after last, the families differ, or the range is an IPv6 one around <c>::ffff:0:0/96</c>: it would hold
    /// every IPv4 address without naming one.
    /// </exception>
    public AddressRange(Address first, Address last)
    {
        if (!IsRange(first, last))
            throw new ArgumentException($"{first} to {last} is no range");
        (First, Last) = (first, last);
    }

    /// <summary>The lowest address.</summary>
    public Address First { get; }

    /// <summary>The highest address.</summary>
    public Address Last { get; }

    /// <summary>The number of addresses.</summary>
    public UInt128 Count => Last.Bits - First.Bits + 1;

    private static bool IsRange(Address first, Address last) =>
        first <= last && first.IsV4 == last.IsV4 && (first.IsV4 || first > Address.V4(0) || last < Address.V4(0));

    /// <summary>The network of this prefix length that contains the address.</summary>
    /// <exception cref="ArgumentException">The prefix is out of range, or the network lies around the IPv4 addresses.</exception>
    public static AddressRange Network(Address address, int prefix)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefix);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefix, address.Width);
        var mask = HostMask(address, prefix);
        return new(new(address.Bits & ~mask), new(address.Bits | mask));
    }

    /// <summary>As <see cref="Network"/>, and false where that would throw.</summary>
    public static bool TryNetwork(Address address, int prefix, out AddressRange network)
    {
        network = default;
        if (prefix < 0 || prefix > address.Width)
            return false;
        var mask = HostMask(address, prefix);
        var (first, last) = (new Address(address.Bits & ~mask), new Address(address.Bits | mask));
        if (!IsRange(first, last))
            return false;
        network = new(first, last);
        return true;
    }

    private static UInt128 HostMask(Address address, int prefix)
    {
        var hostBits = address.Width - prefix;
        return hostBits == 128 ? UInt128.MaxValue : ((UInt128)1 << hostBits) - 1;
    }

    /// <summary>Reads one address, <c>address/prefix</c> (host bits must be zero) or <c>first-last</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AddressRange range)
    {
        range = default;
        var slash = text.IndexOf('/');
        if (slash >= 0)
        {
            if (!Address.TryParse(text[..slash], out var address)
                || text[(slash + 1)..] is not { Length: > 0 and <= 3 } digits || (digits.Length > 1 && digits[0] == '0')
                || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
                || prefix > address.Width)
                return false;
            var end = new Address(address.Bits | HostMask(address, prefix));
            if ((address.Bits & HostMask(address, prefix)) != 0 || !IsRange(address, end))
                return false;
            range = new(address, end);
            return true;
        }

        var dash = text.IndexOf('-');
        if (!Address.TryParse(dash < 0 ? text : text[..dash], out var first))
            return false;
        var last = first;
        if (dash >= 0 && !Address.TryParse(text[(dash + 1)..], out last))
            return false;
        if (!IsRange(first, last))
            return false;
        range = new(first, last);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (First == Last)
            return First.ToString();
        var size = Count;
        if (!UInt128.IsPow2(size) || (First.Bits & (size - 1)) != 0)
            return $"{First}-{Last}";
        return string.Create(CultureInfo.InvariantCulture, $"{First}/{First.Width - (int)UInt128.Log2(size)}");
    }
}
