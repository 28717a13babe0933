using System.Text;
using Writ.Server.Audit;

namespace Writ.Tests.Server.Audit;

/// <summary>What a search of the log takes for a hit.</summary>
public sealed class EntryMatchTests
{
    private static readonly byte[] Entry = Encoding.UTF8.GetBytes("""
        {"time":"2026-03-12T20:16:12.000000Z","type":"run.out-of-scope","actor":{"id":null,"name":"hamburg-1"},"on_behalf_of":{"name":"Dana"},
         "run":"run_1","drops":[{"address":"10.20.0.5","protocol":6,"port":443,"count":8},{"address":"2001:db8::5","protocol":17,"port":53,"count":1}],"note":"Debug the LB timeout on 10.20.4.31:8009"}
        """);

    [Theory]
    [InlineData(null, "10.20.0.5", true)]
    [InlineData(null, "10.20.0.55", false)]
    [InlineData(null, "0.20.0.5", false)]
    [InlineData(null, "10.20.0", false)]
    [InlineData(null, "10.20.0.5:443", true)]
    [InlineData(null, "10.20.0.5:53", false)]
    [InlineData(null, "[2001:db8::5]:53", true)]
    [InlineData(null, "10.20.4.31:8009", true)]
    [InlineData(null, "10.20.4.31", true)]
    [InlineData(null, "lb TIMEOUT", true)]
    [InlineData(null, "443", true)]
    [InlineData(null, "44", false)]
    [InlineData("dana", "10.20.0.5", true)]
    [InlineData("Hamburg-1", null, true)]
    [InlineData("rae", "10.20.0.5", false)]
    public void Holds_what_stands_in_the_entry_and_nothing_near_it(string? actor, string? word, bool holds) =>
        new EntryMatch(actor, word is null ? [] : [word]).Holds(Entry).ShouldBe(holds);
}
