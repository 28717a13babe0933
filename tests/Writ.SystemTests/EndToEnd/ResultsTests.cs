using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Proof.Recordings;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What real Nmap finds, on its way to those who wait for it.</summary>
[Collection(OnPostgresCollection.Name)]
public sealed class ResultsTests(PostgresStreet houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Results_come_while_the_run_lives_and_only_to_those_who_may_see_them()
    {
        var target = House.Target();
        string[] command = ["nmap", "-n", "-Pn", "-sT", "--max-rate", "30", "-p", "22-150", target];
        var run = (await House.Type("sam", ["run", "--detach", "--", .. command])).ShouldBeOk().Text;
        RunResultsView? live = null;
        await House.Until(async () => (live = (await House.As("sam").Run(run)).Results) is { Percent: > 0 and < 100 }, "nobody is told how far it is");
        (live!.Phase, live.Complete).ShouldBe(("Connect Scan", false));
        (await House.Type("sam", "show", run)).ShouldBeOk().Text.ShouldContain("Connect Scan, ");

        var told = await Watch(run, "sam");
        told.Count.ShouldBeGreaterThan(1);
        told[^1].Complete.ShouldBeTrue();
        await House.Ended(run);
        var own = (await House.As("sam").Run(run)).Results!;
        own.Hosts!.ShouldHaveSingleItem().Ports.Select(port => port.Port).ShouldContain(80);
        own.OpenPorts.ShouldBe(own.Hosts[0].Ports.Count);
        var others = (await House.As("ada").Run(run)).Results!;
        others.Hosts.ShouldBeNull("who looks at what somebody else found is part of the story");
        others.OpenPorts.ShouldBe(own.OpenPorts);
        (await House.Type("sam", "show", run)).ShouldBeOk().Text.ShouldContain($"{target}: ");

        // What came out is what Nmap says without anybody who follows; the lines that it wrote for that are in the recording, apart.
        var recorded = await House.As("sam").Recording(run);
        Encoding.UTF8.GetString(recorded.Output).ShouldNotContain("Stats: ");
        Status(recorded.Bytes).ShouldContain("Stats: 0:00:0");
    }

    [Fact]
    public async Task Terminal_shows_a_line_of_progress_and_in_the_end_nothing_but_what_nmap_said()
    {
        string[] command = ["nmap", "-n", "-Pn", "-sT", "-v", "--max-rate", "30", "-p", "22-110", House.Target()];
        using var typing = House.StartTypingAtTerminal("sam", ["run", "--", .. command]);
        var shown = (await typing.End()).ShouldBeOk().Text;
        shown.ShouldMatch("\r\\e\\[KConnect Scan  [━─]{20}  +\\d+%  0:0\\d left  \\d up, \\d open", shown);

        var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
        var said = Encoding.UTF8.GetString((await House.As("sam").Recording(run.Id)).Output);
        Screen(shown).ShouldBe(said.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Results_of_every_run_are_there_after_its_end_byte_by_byte_as_nmap_wrote_them()
    {
        var target = House.Target();
        var folder = Directory.CreateTempSubdirectory("writ-results-").FullName;
        var file = Path.Combine(folder, "scan.xml");
        var first = (await House.Type("sam", ["run", "--detach", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22-90", target])).ShouldBeOk().Text;
        await House.Ended(first);
        var results = await Results(first);
        (results.Complete, results.Cut, results.HostsUp, results.NotMeasuredHosts).ShouldBe((true, false, 1, "0"));
        var host = results.Hosts.ShouldHaveSingleItem();
        host.Address.ShouldBe(target);
        host.Ports.ShouldContain(port => port.Port == 80 && port.State == "open" && port.Service == "http");
        (await House.Type("sam", "results", first)).ShouldBeOk().Text.ShouldMatch(@"80/tcp +open +http");

        // The XML is what the entry of the end says, and parses as Nmap's.
        var xml = (await House.Type("sam", "results", first, "--format", "xml")).ShouldBeOk().Output;
        Convert.ToHexStringLower(SHA256.HashData(xml)).ShouldBe(results.XmlSha256);
        xml.Length.ShouldBe((int)results.XmlBytes);
        (await House.Type("ada", "audit", "list", "--type", "run.ended", "--format", "json", "--limit", "1000")).ShouldBeOk().Text.ShouldContain(results.XmlSha256);
        System.Xml.Linq.XDocument.Parse(Encoding.UTF8.GetString(xml)).Descendants("port").Count(port => port.Element("state")!.Attribute("state")!.Value == "open").ShouldBe((int)results.OpenPorts);

        // One that asked for the file has the very same bytes as its results.
        var second = (await House.Type("sam", ["run", "--detach", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22-79", "-oX", file, target])).ShouldBeOk().Text;
        await House.Ended(second);
        await Results(second);
        (await House.Type("sam", "results", second, "--format", "xml")).ShouldBeOk().Output
            .ShouldBe((await House.Type("sam", "output", second, "0")).ShouldBeOk().Output);

        // The second did not look at 80: that is no close.
        var diff = (await House.Type("sam", "diff", first, second)).ShouldBeOk().Text;
        diff.ShouldContain("80/tcp  was open http; not measured since");
        diff.ShouldContain("0 opened, 0 closed, 0 changed");
    }

    [Fact]
    public async Task Asciinema_of_debian_reads_the_cast_of_a_run()
    {
        var run = (await House.Type("sam", ["run", "--detach", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22-90", House.Target()])).ShouldBeOk().Text;
        await House.Ended(run);
        var folder = Directory.CreateTempSubdirectory("writ-cast-").FullName;
        var (two, three) = (Path.Combine(folder, "2.cast"), Path.Combine(folder, "3.cast"));
        (await House.Type("sam", "replay", run, "--asciicast", "--asciicast-version", "2", "-o", two)).ShouldBeOk();
        (await House.Type("sam", "replay", run, "--asciicast", "-o", three)).ShouldBeOk();
        var recorded = Encoding.UTF8.GetString((await House.As("sam").Recording(run)).Output);
        recorded.ShouldContain("80/tcp open");
        // A terminal turns line feeds; a cast holds what it shows.
        var shown = recorded.Replace("\n", "\r\n", StringComparison.Ordinal);
        // It wants a terminal, also where it writes to a file.
        var read = Path.Combine(folder, "read");
        await Commands.Run("script", "-qec", $"HOME={folder} LC_ALL=C.UTF-8 asciinema cat {two} > {read}", "/dev/null");
        (await File.ReadAllTextAsync(read, Cancel)).ShouldBe(shown);

        // Version 3 has the same output; an asciinema that knows it reads it too.
        string.Concat((await File.ReadAllLinesAsync(three, Cancel))[1..].Select(line => JsonDocument.Parse(line).RootElement).Where(line => line[1].GetString() == "o").Select(line => line[2].GetString()))
            .ShouldBe(shown);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Killed_run_has_its_results_and_says_what_was_not_measured()
    {
        var run = (await House.Type("sam", ["run", "--detach", "--", "nmap", "-n", "-Pn", "-sT", "--max-rate", "20", "--max-hostgroup", "1", "-p", "22-400", House.Target(), House.Target()])).ShouldBeOk().Text;
        await House.Until(async () => (await House.As("sam").Run(run)).Results is { Percent: > 0 }, "it does not get anywhere");
        (await House.Type("sam", "kill", run, "--reason", "enough")).ShouldBeOk();
        await House.Ended(run);
        var results = await Results(run);
        (results.Complete, results.Cut).ShouldBe((false, true));
        (results.Hosts.Count + int.Parse(results.NotMeasuredHosts, System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(2);
        results.NotMeasured.ShouldNotBeEmpty();
        (await House.Type("sam", "results", run)).ShouldBeOk().Text.ShouldContain("not measured: ");
    }

    private async Task<ResultsView> Results(string run)
    {
        ResultsView? results = null;
        await House.Until(async () => (results = (await House.As("sam").Get($"/v1/runs/{run}/results", WritJson.Default.ResultsView)).Value) is not null, "the results do not come");
        return results!;
    }

    /// <summary>What a terminal shows at the end, line by line.</summary>
    private static List<string> Screen(string bytes)
    {
        var lines = new List<string>();
        var (line, column) = (new StringBuilder(), 0);
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] == '\r')
                column = 0;
            else if (bytes[at] == '\n')
                (lines, line, column) = ([.. lines, line.ToString()], new(), 0);
            else if (bytes.AsSpan(at).StartsWith("\e[K"))
                (line.Length, at) = (column, at + 2);
            else
                line = new(line.ToString().PadRight(column)[..column] + bytes[at] + (line.Length > ++column ? line.ToString(column, line.Length - column) : ""));
        }

        return line.Length > 0 ? [.. lines, line.ToString()] : lines;
    }

    /// <summary>Every message of results that a watcher gets.</summary>
    private async Task<List<RunResultsView>> Watch(string run, string actor)
    {
        using var socket = await House.As(actor).Attach(run);
        var told = new List<RunResultsView>();
        using var text = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (await socket.ReceiveAsync(buffer.AsMemory(), Cancel) is var received && received.MessageType != WebSocketMessageType.Close)
        {
            if (received.MessageType != WebSocketMessageType.Text)
                continue;
            text.Write(buffer, 0, received.Count);
            if (!received.EndOfMessage)
                continue;
            if (JsonSerializer.Deserialize(text.ToArray(), WritJson.Default.AttachMessage) is { Type: "results", Results: { } results })
                told.Add(results);
            text.SetLength(0);
        }

        return told;
    }

    private static string Status(byte[] recording)
    {
        var reader = new RecordingReader();
        reader.Append(recording);
        var status = new StringBuilder();
        while (reader.TryRead(out var frame))
        {
            if (frame.Stream == RecordingStream.Status)
                status.Append(Encoding.UTF8.GetString(frame.Bytes.Span));
        }

        return status.ToString();
    }
}
