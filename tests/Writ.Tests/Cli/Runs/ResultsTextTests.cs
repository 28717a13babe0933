using System.Text;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Contracts;
using Writ.Contracts.Runs;

namespace Writ.Tests.Cli.Runs;

/// <summary>Results in 80 columns, whatever scanned hosts call themselves.</summary>
public sealed class ResultsTextTests
{
    private static readonly FoundHostView Web = new("10.20.0.5", ["web1.staging"], "up", "syn-ack", "02:00:00:00:00:01 (Acme)", "Linux 6.1",
        [
            new("tcp", 22, "open", null, "syn-ack", "ssh", "OpenSSH 9.2p1 Debian 2", []),
            new("tcp", 80, "open", null, "syn-ack", "http", new string('n', 200), [new("http-title", "Welcome\nto\tthe shop\n", false)]),
            new("tcp", 443, "not-measured", "filtered", "no-response", "https", null, []),
        ],
        [new("tcp", "closed", null, 97, "23-79,81-98", "conn-refused"), new("tcp", "not-measured", "filtered", 1_000, null, "no-response")],
        [new("clock-skew", "0s", false)]);

    private static ResultsView View(params FoundHostView[] hosts) => new(
        Samples.RunId, "nmap 7.93", Samples.Now, Samples.Now.AddSeconds(12), true, false, null, null, new string('a', 64), 1_000, [], hosts.Length, 2, hosts, [], "0", [], 0, 0, 0);

    [Fact]
    public void Hosts_ports_and_scripts_fit_into_80_columns() => Lines(View(Web)).ShouldBe(
    [
        "1 host up, 2 open ports  (nmap 7.93, 2026-07-01 14:00:00Z, 12s)",
        "",
        "10.20.0.5  web1.staging",
        "  system    Linux 6.1",
        "  hardware  02:00:00:00:00:01 (Acme)",
        "  clock-skew: 0s",
        "  22/tcp   open          ssh    OpenSSH 9.2p1 Debian 2",
        "  80/tcp   open          http   " + new string('n', 47) + "…",
        "    http-title:",
        "      Welcome",
        "      to  the shop",
        "  443/tcp  not measured  https",
        "  97 ports closed: 23-79,81-98/tcp",
        "  1,000 ports not measured",
    ]);

    [Fact]
    public void What_is_missing_is_said()
    {
        var lines = Lines(View() with
        {
            Complete = false, Cut = true, Trouble = "it ends", NotMeasured = ["10.20.0.6-10.20.0.15"], NotMeasuredHosts = "10", NotMeasuredSince = Samples.Now, UnlistedHosts = 1, UnlistedPorts = 5, CutTexts = 2,
        });
        lines[0].ShouldStartWith("0 hosts up, 2 open ports, cut");
        lines[2..].ShouldBe(
        [
            "not measured: 10 of the targets (10.20.0.6-10.20.0.15): the run was cut before it had told of them",
            "what got no answer since 2026-07-01 14:00:00Z was not measured: the run's packets were held back or dropped",
            "cut by a limit: 1 more host, 5 more ports; --format xml has them",
            "cut by a limit: 2 texts; --format xml has them whole",
        ]);
    }

    [Fact]
    public void Scanned_host_commands_no_terminal()
    {
        const string Evil = "\u001b[2J\u009b2J\u202e\r\n\u0007";
        var host = new FoundHostView("10.20.0.5", [Evil], "up", Evil, Evil, Evil, [new("tcp", 22, Evil, Evil, Evil, Evil, Evil, [new(Evil, Evil, true)])], [new("tcp", Evil, null, 1, Evil, Evil)], [new(Evil, Evil, true)]);
        var change = new ChangeView("changed", "script", "10.20.0.5", "tcp", 22, Evil, Evil, "x" + Evil);
        var shown = string.Concat(Lines(View(host) with { Tool = Evil, Trouble = Evil, Scripts = [new(Evil, Evil, false)], NotMeasured = [Evil], NotMeasuredHosts = "1" }))
            + Printed(terminal => DiffRuns.Print(terminal, new("a", "b", 1, 1, 1, 1, [change, change with { Kind = "opened", What = "port" }, change with { Kind = "closed", What = "port" }, change with { Kind = "not-measured", What = "host" }, change with { What = "system" }])));
        shown.Where(c => (c != '\n' && char.IsControl(c)) || c == '\u202e').ShouldBeEmpty();
    }

    [Fact]
    public async Task Diff_marks_what_opened_closed_and_changed()
    {
        await using var server = await FakeServer.StartAsync();
        server.Json($"GET /v1/runs/{Samples.RunId}/results/diff/{Samples.RunId}", new DiffView(Samples.RunId, Samples.RunId, 1, 1, 2, 1,
        [
            new("opened", "port", "10.20.0.5", "tcp", 8080, null, "closed", "open http-proxy"),
            new("closed", "port", "10.20.0.5", "tcp", 25, null, "open smtp", "closed"),
            new("changed", "service", "10.20.0.5", "tcp", 22, null, "ssh OpenSSH 9.2", "ssh OpenSSH 9.6"),
            new("changed", "script", "10.20.0.5", "tcp", 443, "ssl-cert", "Subject: a\nNot after: 2026", "Subject: a\nNot after: 2027"),
            new("not-measured", "host", "10.20.0.77", null, null, null, "up", null),
        ]), WritJson.Default.DiffView);
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("diff", Samples.RunId, Samples.RunId)).ShouldBe(0);
        typed.Output.ShouldBe("""
            + 10.20.0.5  8080/tcp  open http-proxy
            - 10.20.0.5  25/tcp    closed, was open smtp
            ~ 10.20.0.5  22/tcp    ssh OpenSSH 9.2 -> ssh OpenSSH 9.6
            ~ 10.20.0.5  443/tcp   ssl-cert
                - Not after: 2026
                + Not after: 2027
            ? 10.20.0.77           was up; not measured since

            1 opened, 1 closed, 2 changed, 1 not measured by one of the two

            """);
        using var strict = new Typed(server.Address);
        (await strict.RunAsync("diff", Samples.RunId, Samples.RunId, "--exit-code")).ShouldBe(1);
    }

    private static string[] Lines(ResultsView view) => Printed(terminal => ResultsText.Print(terminal, view)).TrimEnd('\n').Split('\n');

    private static string Printed(Action<Terminal> print)
    {
        using var output = new MemoryStream();
        print(new(output, Stream.Null, Stream.Null) { Width = 80 });
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
