using System.Globalization;
using Writ.SystemTests.Runner.Fences;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>The question that an alarm asks, about real packets: who was this?</summary>
[Collection(OnSqliteCollection.Name)]
public sealed class TraceTests(SqliteStreet houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Scan_and_stray_packets_are_traced_to_the_run_its_people_and_its_command()
    {
        var target = House.Target();
        var run = await House.Launch(target, "--reason", "to look for web servers");
        var place = House.PlaceOf(run.Id);
        // From inside the run's network: two packets out of scope, and one at least that is in it, however late the scan begins.
        Lab.Run(place.Text("name")!, "python3", "-c", $"""
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            [s.sendto(b'x', ('10.30.0.78', 162)) for i in range(2)]
            t = socket.socket()
            t.settimeout(5)
            t.connect_ex(('{target}', 22))
            """);
        (await House.Type("ada", "kill", run.Id, "--reason", "it wanders")).ShouldBeOk();
        var (view, _) = await House.Ended(run.Id);
        var minute = view.StartedAt!.Value.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
        await House.Until(async () => (await House.Type("ada", "trace", "10.30.0.78:162/udp", "--at", minute)).Text.Contains(run.Id, StringComparison.Ordinal), "the stray packets are not found");

        // Its own people see it too, and the auditors; the port makes no difference to what it tried elsewhere.
        var did = (await House.Type("sam", "trace", target, "--at", minute)).ShouldBeOk().Text;
        did.ShouldMatch($"(?m)^did +it is in the run's plan, and [0-9,]+ packets? of the run left its fence$");
        did.ShouldMatch("(?m)^by +sam$");
        did.ShouldMatch("(?m)^purpose +to look for web servers$");
        did.ShouldMatch($"(?m)^run +{run.Id}$");
        did.ShouldMatch($"(?m)^replay +writ replay {run.Id}$");
        did.ShouldMatch($"(?m)^command +nmap .*{target.Replace(".", "\\.", StringComparison.Ordinal)}$");
        var source = place.Text("address4")!;
        did.ShouldMatch($"(?m)^from +{source.Replace(".", "\\.", StringComparison.Ordinal)}, ");

        var tried = (await House.Type("ada", "trace", "10.30.0.78:162/udp", "--at", minute, "--from", source)).ShouldBeOk().Text;
        tried.ShouldMatch("(?m)^tried +it was out of the run's scope: the fence stopped every packet$");
        tried.ShouldMatch("(?m)^stopped +10.30.0.78 udp 162, 2 packets, told ");
        (await House.Type("ada", "trace", "10.30.0.78:162", "--at", minute)).ShouldBeOk().Text.ShouldNotContain(run.Id);
        (await House.Type("ada", "trace", "10.30.0.78:162/udp", "--at", "2026-01-01T00:00Z")).ShouldBeOk().Text.TrimEnd().ShouldEndWith("\nnothing that went through Writ touched it then");
    }
}
