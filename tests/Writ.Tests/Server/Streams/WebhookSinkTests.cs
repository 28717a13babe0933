using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Writ.Server.Streams;

namespace Writ.Tests.Server.Streams;

/// <summary>A webhook at a receiver that fails, and at addresses that it may not have.</summary>
public sealed class WebhookSinkTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private readonly TestAuthority _authority = new();
    private readonly string _keys = Path.GetTempFileName();

    public WebhookSinkTests() => File.WriteAllText(_keys, StandardWebhook.NewSecret());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        File.Delete(_keys);
    }

    [Fact]
    public async Task Event_that_is_sent_again_has_its_id_and_the_time_and_signature_of_the_attempt()
    {
        var clock = new FakeTimeProvider(Now);
        var got = new List<(Dictionary<string, string> Head, string Body)>();
        await using var receiver = new Receiver(_authority, Receiver.Http((head, body) =>
        {
            got.Add((head.Split("\r\n").Skip(1).Where(line => line.Contains(": ", StringComparison.Ordinal)).ToDictionary(line => line[..line.IndexOf(':')].ToLowerInvariant(), line => line[(line.IndexOf(':') + 2)..]), Encoding.UTF8.GetString(body)));
            return got.Count == 2 ? "503 Service Unavailable" : "204 No Content";
        }));
        await using var sink = new WebhookSink(
            new(new($"https://127.0.0.1:{receiver.Port}/hook"), _authority.File), "application/cloudevents+json", new WebhookSignature("writ.example/log", _keys, clock).Sign);
        (await Should.ThrowAsync<IOException>(() => sink.Send([Event(7), Event(8), Event(9)], Cancel))).Message.ShouldBe("it answered 503");
        // What arrived is known to have, and nothing is sent past what did not.
        sink.Confirmed.ShouldBe(7);
        clock.Advance(TimeSpan.FromHours(1));
        // Another key by now: the file is read for each event.
        File.WriteAllText(_keys, StandardWebhook.NewSecret());
        await sink.Send([Event(8), Event(9)], Cancel);
        sink.Confirmed.ShouldBe(9);

        got.Select(one => one.Body).ShouldBe(["{\"position\":7}", "{\"position\":8}", "{\"position\":8}", "{\"position\":9}"]);
        var ids = got.Select(one => one.Head["webhook-id"]).ToArray();
        ids[1].ShouldBe(ids[2]);
        ids.Distinct().Count().ShouldBe(3);
        ids.ShouldAllBe(id => !id.Contains('.'));
        got.Select(one => long.Parse(one.Head["webhook-timestamp"], CultureInfo.InvariantCulture)).ShouldBe([Now.ToUnixTimeSeconds(), Now.ToUnixTimeSeconds(), Now.AddHours(1).ToUnixTimeSeconds(), Now.AddHours(1).ToUnixTimeSeconds()]);
        got.ShouldAllBe(one => one.Head["content-type"] == "application/cloudevents+json");
        got[2].Head["webhook-signature"].ShouldBe(StandardWebhook.Read(_keys).Sign(ids[2], Now.AddHours(1), Encoding.UTF8.GetBytes(got[2].Body)));
        got[1].Head["webhook-signature"].ShouldNotBe(got[2].Head["webhook-signature"]);
    }

    [Fact]
    public async Task Address_inside_a_network_of_ones_own_is_not_called()
    {
        var called = false;
        await using var receiver = new Receiver(_authority, Receiver.Http((_, _) =>
        {
            called = true;
            return "200 OK";
        }));
        foreach (var host in new[] { "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]" })
        {
            await using var sink = new WebhookSink(new(new($"https://{host}:{receiver.Port}/hook"), _authority.File, isPublicAlone: true), "application/json");
            (await Should.ThrowAsync<IOException>(() => sink.Send([Event(1)], Cancel))).Message.ShouldContain("no public address");
        }

        called.ShouldBeFalse();
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:a00:1::1", false)]
    [InlineData("2001:0:a00:1::1", false)]
    public void Public_addresses_are_told_from_those_that_are_set_aside(string address, bool isPublic) => PublicAddress.Is(IPAddress.Parse(address)).ShouldBe(isPublic);

    private static StreamEvent Event(long position) => new(position, Now, "run.ended", 1, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"position\":{position}}}")));
}
