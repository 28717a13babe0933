using CsCheck;
using Writ.Contracts.Runners;

namespace Writ.Tests.Contracts.Runners;

public sealed class PackedBytesTests
{
    private static readonly Gen<byte[]> Output = Gen.OneOf(
        Gen.Byte.Array[0, 3_000],
        Gen.Select(Gen.Byte.Array[1, 60], Gen.Int[1, 1_500], (line, times) => Enumerable.Repeat(line, times).SelectMany(bytes => bytes).Take(PackedBytes.MostUnpacked).ToArray()));

    [Fact]
    public void What_is_packed_is_smaller_and_unpacks_to_what_it_was() => Output.Sample(bytes =>
    {
        var room = new byte[PackedBytes.Room(bytes.Length)];
        if (!PackedBytes.TryPack(bytes, room, out var length))
            return;
        length.ShouldBeLessThanOrEqualTo(bytes.Length * 7 / 8 + 1);
        PackedBytes.Unpack(room.AsSpan(0, length), bytes.Length).ShouldBe(bytes);
    });

    [Fact]
    public void What_gains_nothing_is_left_as_it_is()
    {
        var noise = new byte[PackedBytes.MostUnpacked];
        new Random(7).NextBytes(noise);
        var room = new byte[PackedBytes.Room(noise.Length + 1)];
        PackedBytes.TryPack(noise, room, out _).ShouldBeFalse();
        PackedBytes.TryPack(new byte[511], room, out _).ShouldBeFalse();
        PackedBytes.TryPack(new byte[512], room, out _).ShouldBeTrue();
        PackedBytes.TryPack(new byte[PackedBytes.MostUnpacked], room, out _).ShouldBeTrue();
        PackedBytes.TryPack(new byte[PackedBytes.MostUnpacked + 1], room, out _).ShouldBeFalse();
    }

    [Fact]
    public void Unpacked_to_another_length_than_is_told_is_refused_before_there_is_memory_for_it()
    {
        var room = new byte[PackedBytes.Room(4_000)];
        PackedBytes.TryPack(new byte[4_000], room, out var length).ShouldBeTrue();
        foreach (var told in (int[])[3_999, 4_001, 0, -1, int.MaxValue])
            Should.Throw<InvalidDataException>(() => PackedBytes.Unpack(room.AsSpan(0, length), told));
        // Its own word of its length is a varint: 2 GiB, and one without an end.
        foreach (var head in (byte[][])[[0xff, 0xff, 0xff, 0xff, 0x07], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], []])
            Should.Throw<InvalidDataException>(() => PackedBytes.Unpack(head, int.MaxValue));
        foreach (var head in (byte[][])[[0xff, 0xff, 0xff, 0xff, 0x07], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], []])
            Should.Throw<InvalidDataException>(() => PackedBytes.Unpack(head, 1));
    }

    [Fact]
    public void Whatever_comes_is_unpacked_or_refused_and_nothing_else_happens() => Gen.Select(Output, Gen.Int[0, 400], Gen.Byte, Gen.Int[0, 400]).Sample((bytes, at, value, cut) =>
    {
        var room = new byte[PackedBytes.Room(bytes.Length)];
        if (!PackedBytes.TryPack(bytes, room, out var length))
            return;
        room[Math.Min(at, length - 1)] = value;
        try
        {
            PackedBytes.Unpack(room.AsSpan(0, Math.Max(0, length - cut)), bytes.Length).Length.ShouldBe(bytes.Length);
        }
        catch (InvalidDataException)
        {
            // Refused.
        }
    });
}
