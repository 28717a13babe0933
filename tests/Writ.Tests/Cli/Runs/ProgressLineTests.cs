using System.Text;
using Microsoft.Extensions.Time.Testing;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Proof.Recordings;

namespace Writ.Tests.Cli.Runs;

public sealed class ProgressLineTests
{
    private static readonly RunResultsView Half = new(
        Samples.Now, "SYN Stealth Scan", 45.31, 42, 1, 3, 17, false, null,
        [new("10.20.0.5", "web1", [new("tcp", 22, "ssh", "OpenSSH 9.2"), new("tcp", 80, null, null)], 0)], 0);

    private static async Task<Typed> RunAsync(bool terminal, RunView end, string[]? options = null, string output = "out\n")
    {
        await using var server = await FakeServer.StartAsync();
        server.Json("POST /v1/runs", Samples.Run(), WritJson.Default.RunView, 201);
        server.Attach(async (socket, _) =>
        {
            await FakeServer.Send(socket, new AttachMessage("results", Results: Half));
            await FakeServer.Send(socket, new FakeRecording().Add(RecordingStream.Output, Encoding.UTF8.GetBytes(output)).Add(RecordingStream.Status, "Stats: x\n"u8).Bytes);
            await FakeServer.Send(socket, new AttachMessage("end", end));
        });
        var typed = new Typed(server.Address, terminal: terminal);
        await typed.RunAsync(["run", .. options ?? [], "--", "nmap", "10.20.0.5"]);
        return typed;
    }

    [Fact]
    public async Task Terminal_gets_a_line_that_is_gone_at_the_end_and_the_output_is_untouched()
    {
        using var typed = await RunAsync(terminal: true, Samples.Exited(0));
        typed.Output.ShouldBe("out\n");
        typed.Error.ShouldContain("SYN Stealth Scan  ━━━━━━━━━───────────   45%  0:42 left  3 up, 17 open");
        typed.Error.ShouldEndWith("\r\e[K");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true, "--quiet")]
    public async Task No_terminal_or_quiet_gets_none(bool terminal, params string[] options)
    {
        using var typed = await RunAsync(terminal, Samples.Exited(0), options);
        typed.Output.ShouldBe("out\n");
        typed.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Run_that_was_killed_says_where_it_was_cut()
    {
        using var typed = await RunAsync(terminal: false, Samples.Run("killed", "deadline"));
        typed.Error.ShouldBe("writ: killed at the deadline, 2026-07-01 14:30:00Z\nwrit: cut in SYN Stealth Scan, 45%, after 1 host: what is missing was not measured\n");
    }

    [Fact]
    public async Task Run_that_ended_by_itself_was_cut_nowhere()
    {
        using var typed = await RunAsync(terminal: false, Samples.Exited(0));
        typed.Error.ShouldBeEmpty();
    }

    [Fact]
    public void Line_waits_while_the_tool_is_in_the_middle_of_one()
    {
        using var error = new MemoryStream();
        var line = new ProgressLine(new Terminal(Stream.Null, error, Stream.Null) { ErrorIsTerminal = true }, new FakeTimeProvider());
        line.Passed("half a line"u8);
        line.Take(Half);
        error.Length.ShouldBe(0);
        line.Passed("and its end\n"u8);
        line.Draw();
        Encoding.UTF8.GetString(error.ToArray()).ShouldStartWith("\r\e[KSYN Stealth Scan");
        line.Stop();
        var length = error.Length;
        line.Take(Half);
        error.Length.ShouldBe(length);
    }

    [Fact]
    public void Time_left_goes_on_between_two_reports()
    {
        ProgressLine.Text(Half, TimeSpan.FromSeconds(12)).ShouldContain("0:30 left");
        ProgressLine.Text(Half, TimeSpan.FromHours(1)).ShouldContain("0:00 left");
        ProgressLine.Text(Half with { RemainingSeconds = 1e12 }, TimeSpan.Zero).ShouldNotContain("left");
    }

    [Fact]
    public void Text_of_a_scanned_host_does_not_reach_the_terminal()
    {
        ProgressLine.Text(Half with { Phase = "\e[2Jx" }, TimeSpan.Zero).ShouldNotContain('\e');
        using var output = new MemoryStream();
        var terminal = new Terminal(output, Stream.Null, Stream.Null);
        var run = Samples.Run("running") with { Results = Half with { Hosts = [new("10.20.0.5", "\e[2J", [new("tcp", 22, "\e]0;x\a", "\u202e")], 1)] } };
        foreach (var text in RunText.Full(run, Samples.Now).Lines(terminal))
            text.ShouldAllBe(c => !char.IsControl(c) && c != '\u202e');
    }

    [Fact]
    public void Show_tells_progress_and_what_was_found()
    {
        var terminal = new Terminal(Stream.Null, Stream.Null, Stream.Null);
        var lines = RunText.Full(Samples.Run("running") with { Results = Half }, Samples.Now).Lines(terminal).ToArray();
        lines.ShouldContain(text => text.StartsWith("progress", StringComparison.Ordinal) && text.EndsWith("SYN Stealth Scan, 45%, 42s left", StringComparison.Ordinal));
        lines.ShouldContain(text => text.StartsWith("found", StringComparison.Ordinal) && text.EndsWith("3 hosts up, 17 open ports so far", StringComparison.Ordinal));
        lines.ShouldContain(text => text.StartsWith("hosts", StringComparison.Ordinal) && text.EndsWith("10.20.0.5 (web1): 22/tcp ssh (OpenSSH 9.2), 80/tcp", StringComparison.Ordinal));
    }
}
