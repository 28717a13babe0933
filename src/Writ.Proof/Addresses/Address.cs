using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Writ.Proof.Addresses;

/// <summary>
/// An IPv4 or IPv6 address as 128 bits; IPv4 lies at <c>::ffff:0:0/96</c> (RFC 4291, 2.5.5.2), so that one order and
/// one interval set hold both families.
/// </summary>
public readonly record struct Address(UInt128 Bits) : IComparable<Address>
{
    private static readonly UInt128 V4First = (UInt128)0xffff_0000_0000;
    private static readonly UInt128 V4Last = (UInt128)0xffff_ffff_ffff;

    /// <summary>True inside <c>::ffff:0:0/96</c>.</summary>
    public bool IsV4 => Bits >= V4First && Bits <= V4Last;

    /// <summary>The number of bits that a prefix length of this family counts: 32 or 128.</summary>
    public int Width => IsV4 ? 32 : 128;

    /// <summary>The IPv4 address with this value.</summary>
    public static Address V4(uint value) => new(V4First | value);

    /// <summary>
    /// Reads dotted decimal with exactly four parts and no leading zero, or IPv6 without a scope. Short, hexadecimal
    /// and octal forms and IPv4 addresses written as IPv6 (<c>::ffff:10.0.0.1</c>) are refused: programs disagree about them.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        if (text.IsEmpty || text.Contains('%') || text.Contains('[') || text.Contains('/'))
            return false;
        return text.Contains(':') ? TryParseV6(text, out address) : TryParseV4(text, out address);
    }

    private static bool TryParseV4(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        uint value = 0;
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (++parts > 4 || part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')
                || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var octet))
                return false;
            value = (value << 8) | octet;
        }

        address = V4(value);
        return parts == 4;
    }

    private static bool TryParseV6(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        if (!IPAddress.TryParse(text, out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        var read = new Address(BinaryPrimitives.ReadUInt128BigEndian(ip.GetAddressBytes()));
        if (read.IsV4)
            return false;
        address = read;
        return true;
    }

    /// <summary>The address as 16 bytes in network order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Bits);
        return bytes;
    }

    /// <summary>The address for the base library's sockets.</summary>
    public IPAddress ToIPAddress() => IsV4 ? new IPAddress(ToBytes().AsSpan(12)) : new IPAddress(ToBytes());

    /// <inheritdoc/>
    public int CompareTo(Address other) => Bits.CompareTo(other.Bits);

    /// <inheritdoc/>
    public override string ToString() => ToIPAddress().ToString();

    /// <inheritdoc/>
    public static bool operator <(Address a, Address b) => a.Bits < b.Bits;
    /// <inheritdoc/>
    public static bool operator >(Address a, Address b) => a.Bits > b.Bits;
    /// <inheritdoc/>
    public static bool operator <=(Address a, Address b) => a.Bits <= b.Bits;
    /// <inheritdoc/>
    public static bool operator >=(Address a, Address b) => a.Bits >= b.Bits;
}
