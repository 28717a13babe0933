using CsCheck;
using Writ.Proof.Addresses;
using Writ.Tests.Core;

namespace Writ.Tests.Proof.Addresses;

/// <summary>Port sets against plain sets of numbers, at both ends of the range.</summary>
public class PortSetTests
{
    private static readonly Gen<int[]> Ports = Gen.OneOf(Gen.Int[0, 40], Gen.Int[65_500, 65_535]).Array[0, 40];

    private static PortSet Set(IEnumerable<int> ports) => PortSet.OfPorts(ports.Select(port => (ushort)port));

    [Fact]
    public void Algebra_random_sets_equals_naive_sets() => Gen.Select(Ports, Ports).Sample(pair =>
    {
        var (a, b) = pair;
        var (left, right) = (Set(a), Set(b));
        left.Union(right).ShouldBe(Set(a.Union(b)));
        left.Intersect(right).ShouldBe(Set(a.Intersect(b)));
        left.Except(right).ShouldBe(Set(a.Except(b)));
        left.IsSubsetOf(right).ShouldBe(!a.Except(b).Any());
        left.Count.ShouldBe(a.Distinct().Count());
        PortSet.TryParse(left.ToString(), out var read).ShouldBeTrue();
        read.ShouldBe(left);
        a.ShouldAllBe(port => left.Contains((ushort)port));
    }, iter: PropertyScale.Cases(2_000));

    [Theory]
    [InlineData("1,")]
    [InlineData("01")]
    [InlineData("65536")]
    [InlineData("5-1")]
    [InlineData("-5")]
    [InlineData("1-")]
    [InlineData("http")]
    [InlineData(" 1")]
    public void TryParse_other_forms_are_refused(string text) => PortSet.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void All_every_port_is_in_it() => PortSet.All.Count.ShouldBe(65_536);
}
