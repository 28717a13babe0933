using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Proof.Addresses;

namespace Writ.Tests.Proof.Addresses;

public class NetworkScopeTests
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private static NetworkScope Scope(string addresses, string tcp = "", string udp = "", bool icmp = false, string? types = null, string? protocols = null) =>
        new ScopeText([addresses], tcp, udp, "", icmp) { IcmpTypes = types, Protocols = protocols }.Read().Value;

    [Fact]
    public void Text_says_nothing_about_types_and_protocols_where_there_are_none() =>
        JsonSerializer.Serialize(ScopeText.Of(Scope("10.0.0.1", "22", icmp: true)), Json)
            .ShouldBe("""{"Addresses":["10.0.0.1"],"Tcp":"22","Udp":"","Sctp":"","Icmp":true}""");

    [Fact]
    public void Text_read_again_is_the_same_scope()
    {
        var scope = Scope("10.0.0.1", types: "17", protocols: "2,47");
        ScopeText.Of(scope).Read().Value.ShouldBe(scope);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("256", null)]
    [InlineData("x", null)]
    [InlineData(null, "6")]
    [InlineData(null, "17")]
    [InlineData(null, "0-255")]
    [InlineData(null, "256")]
    [InlineData(null, "")]
    public void Read_malformed_types_and_protocols_are_refused(string? types, string? protocols) =>
        new ScopeText(["10.0.0.1"], "", "", "", false) { IcmpTypes = types, Protocols = protocols }.Read().Refusal.Message.ShouldContain("malformed");

    [Fact]
    public void IsWithin_types_and_protocols_count()
    {
        var narrow = Scope("10.0.0.1", "22");
        Scope("10.0.0.1", "22", types: "17").IsWithin(narrow).ShouldBeFalse();
        Scope("10.0.0.1", "22", protocols: "2").IsWithin(narrow).ShouldBeFalse();
        narrow.IsWithin(Scope("10.0.0.1", "22", types: "17", protocols: "2")).ShouldBeTrue();
    }

    [Fact]
    public void Cover_holds_both_and_no_more_than_it_must()
    {
        var (one, other) = (Scope("10.0.0.1", "22", types: "17"), Scope("10.0.0.2", "80", "53", true, protocols: "2"));
        var both = one.Cover(other);
        one.IsWithin(both).ShouldBeTrue();
        other.IsWithin(both).ShouldBeTrue();
        both.ShouldBe(Scope("10.0.0.1-10.0.0.2", "22,80", "53", true, "17", "2"));
        one.Cover(NetworkScope.Nothing).ShouldBe(one);
    }
}
