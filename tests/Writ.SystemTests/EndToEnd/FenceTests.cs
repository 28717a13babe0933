using System.Text.Json;
using Writ.Contracts;
using Writ.SystemTests.Runner.Fences;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What the fence of a run has seen, from the kernel to the person who asks.</summary>
public abstract class FenceTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Out_of_scope_packets_become_an_entry_and_are_shown_with_the_run()
    {
        var target = House.Target();
        var run = await House.Launch(target);
        using var spec = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(House.RunnerData, "runs", run.Id, "run.json")));
        var place = spec.RootElement.GetProperty("place").GetProperty("name").GetString()!;
        Lab.Run(place, "python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(b'x', ('10.30.0.77', 161)) for i in range(3)]");

        JsonElement? entry = null;
        var request = (await House.As("ada").Run(run.Id)).Request;
        await House.Until(async () => (entry = (await House.As("ada").Audit(request)).Where(found => found.Type() == "run.out-of-scope").Select(found => (JsonElement?)found).FirstOrDefault()) is not null,
            "nothing is told while the run lives");
        var drop = entry!.Value.GetProperty("drops").EnumerateArray().ShouldHaveSingleItem();
        (drop.Text("address"), drop.GetProperty("protocol").GetInt32(), drop.GetProperty("port").GetInt32(), drop.GetProperty("count").GetInt32()).ShouldBe(("10.30.0.77", 17, 161, 3));
        (await House.Type("ada", "show", run.Id)).ShouldBeOk().Text.ShouldMatch("(?m)^out of scope +10.30.0.77 udp 161, 3 packets$");

        (await House.Type("ada", "kill", run.Id, "--reason", "it wanders")).ShouldBeOk();
        var (_, ended) = await House.Ended(run.Id);
        ended.GetProperty("fence").GetProperty("closed").GetBoolean().ShouldBeTrue();
        ended.GetProperty("fence").GetProperty("refused").GetInt32().ShouldBe(3);
        ended.GetProperty("last_packet_at").GetDateTimeOffset().ShouldBeLessThanOrEqualTo(ended.GetProperty("at").GetDateTimeOffset());
        var shown = (await House.Type("ada", "show", run.Id)).ShouldBeOk().Text;
        shown.ShouldMatch("(?m)^fence +closed, [0-9,]+ packets out, 3 packets out of scope$");
        shown.ShouldMatch("(?m)^last packet ");
        (await House.As("ada").Audit(request)).Single(found => found.Type() == "run.started").Text("fence")!.ShouldContain(place);
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : FenceTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : FenceTests(houses);
}
