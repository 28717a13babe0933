using System.Text.Json;
using Writ.Core.Audit;

namespace Writ.Tests.Core.Audit;

/// <summary>Entries in a few words.</summary>
public sealed class EntryWordsTests
{
    private static string Words(string json) => EntryWords.Of(JsonSerializer.Deserialize<JsonElement>(json));

    [Theory]
    [InlineData("""{"type":"request.created","actor":{"name":"dana"},"command":["nmap","-sT","10.20.0.5"]}""", "dana asked for nmap -sT 10.20.0.5")]
    [InlineData("""{"type":"request.created","actor":{"name":"agent"},"on_behalf_of":{"name":"dana"},"command":["nmap"]}""", "agent for dana asked for nmap")]
    [InlineData("""{"type":"request.evaluated","actor":{"name":"writ"},"verdict":"deny","reasons":["a","b"]}""", "policy denies it: a, b")]
    [InlineData("""{"type":"decision.made","actor":{"name":"sam"},"approved":true,"comment":"go"}""", "sam said yes: go")]
    [InlineData("""{"type":"decision.made","actor":{"name":"writ"},"by":"policy","approved":true}""", "policy said yes")]
    [InlineData("""{"type":"decision.made","actor":{"name":"writ"},"by":"policy","approved":true,"rules":["a","b"]}""", "policy said yes by a, b")]
    [InlineData("""{"type":"decision.made","actor":{"name":"writ"},"by":"policy","approved":true,"rules":["a"],"known_good":{"request":"req_1","approved_by":["rae"]}}""", "policy said yes by a, since req_1 was approved by rae")]
    [InlineData("""{"type":"on-call.changed","actor":{"name":"writ"},"source":"pager","people":[]}""", "on call by pager: nobody")]
    [InlineData("""{"type":"on-call.lost","actor":{"name":"writ"},"source":"pager","why":"it answered 500"}""", "nobody is known to be on call by pager: it answered 500")]
    [InlineData("""{"type":"glass.broken","actor":{"name":"dana"},"reason":"pumps are down"}""", "dana broke the glass: pumps are down")]
    [InlineData("""{"type":"glass.reviewed","actor":{"name":"sam"},"justified":false,"comment":"they were not"}""", "sam reviewed the break-glass, not justified: they were not")]
    [InlineData("""{"type":"run.ended","actor":{"name":"near"},"cause":"exited","exit_code":0,"processes_left":0}""", "exited 0, 0 processes left")]
    [InlineData("""{"type":"run.ended","actor":{"name":"near"},"cause":"deadline","processes_left":0}""", "ended: deadline, 0 processes left")]
    [InlineData("""{"type":"run.out-of-scope","actor":{"name":"near"},"drops":[{"count":8},{"count":4}]}""", "12 packets stopped at the fence")]
    [InlineData("""{"type":"run.out-of-scope","actor":{"name":"near"},"drops":{"cut_bytes":70000}}""", "some packets stopped at the fence")]
    [InlineData("""{"type":"some.new-thing","actor":{"name":"near"}}""", "near: some new thing")]
    [InlineData("""{"type":"request.created"}""", " asked for a command")]
    [InlineData("""{}""", ": ")]
    public void Of_an_entry_tells_who_did_what(string json, string words) => Words(json).ShouldBe(words);

    [Fact]
    public void Of_a_grant_tells_its_end_in_the_readers_zone()
    {
        var entry = JsonSerializer.Deserialize<JsonElement>("""{"type":"grant.issued","not_after":"2026-11-27T12:49:19.123456Z"}""");
        EntryWords.Of(entry).ShouldBe("granted until 2026-11-27 12:49:19 UTC");
        EntryWords.Of(entry, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin")).ShouldBe("granted until 2026-11-27 13:49:19");
    }

    [Fact]
    public void Of_a_long_entry_is_cut() =>
        Words($$"""{"type":"decision.made","actor":{"name":"sam"},"approved":false,"comment":"{{new string('x', 5_000)}}"}""").Length.ShouldBe(201);
}
