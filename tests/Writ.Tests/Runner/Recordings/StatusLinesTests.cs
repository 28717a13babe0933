using System.Text;
using CsCheck;
using Writ.Proof.Recordings;
using Writ.Runner.Recordings;

namespace Writ.Tests.Runner.Recordings;

public sealed class StatusLinesTests
{
    private const string Stats = "Stats: 0:00:05 elapsed; 0 hosts completed (1 up), 1 undergoing SYN Stealth Scan\n";
    private const string Early = "SYN Stealth Scan Timing: About 0.45% done\n";
    private const string Timing = "SYN Stealth Scan Timing: About 45.31% done; ETC: 16:04 (0:02:42 remaining)\n";
    private const string Unknown = "UDP Scan Timing: About 1.31% done; ETC: Unknown (>10 days remaining)\n";

    private static (string Output, string Status, string Together) Split(IEnumerable<(string Text, long Second)> pieces, bool verbose = false)
    {
        var lines = new StatusLines(verbose);
        StringBuilder output = new(), status = new(), together = new();
        foreach (var (text, second) in pieces)
            lines.Split(Encoding.Latin1.GetBytes(text), second * 1_000_000, Take);
        lines.Flush(Take);
        return (output.ToString(), status.ToString(), together.ToString());

        void Take(RecordingStream stream, ReadOnlySpan<byte> bytes)
        {
            var text = Encoding.Latin1.GetString(bytes);
            (stream == RecordingStream.Status ? status : output).Append(text);
            together.Append(text);
        }
    }

    private static string Shown(string text) => Split([(text, 0)]).Output;

    [Fact]
    public void Status_lines_go_apart_and_all_others_stay()
    {
        var (output, status, together) = Split([("Starting Nmap\n" + Stats + Early + Stats + Timing + Stats + Unknown + "Nmap done\n", 0)]);
        output.ShouldBe("Starting Nmap\nNmap done\n");
        status.ShouldBe(Stats + Early + Stats + Timing + Stats + Unknown);
        together.Length.ShouldBe(output.Length + status.Length);
    }

    [Theory]
    [InlineData("SYN Stealth Scan Timing: About 45.31% done; ETC: 16:04 (0:02:42 remaining)\n")]
    [InlineData("Stats: of my own\n")]
    [InlineData("| Stats: 0:00:05 elapsed; 0 hosts completed (1 up), 1 undergoing SYN Stealth Scan\n")]
    [InlineData("Stats: 0:00:05 elapsed; 0 hosts completed (1 up), 1 undergoing \x1b[2J\n")]
    [InlineData("Stats: ")]
    [InlineData("Sta")]
    [InlineData("Stats: 0:00:05 elapsed; 0 hosts completed (1 up), 1 undergoing SYN Stealth Scan")]
    public void What_only_looks_like_one_stays(string text) => Shown(text).ShouldBe(text);

    [Fact]
    public void Line_after_a_status_line_that_is_none_stays() => Shown(Stats + "Discovered open port 80/tcp on 10.20.0.5\n" + Timing).ShouldBe("Discovered open port 80/tcp on 10.20.0.5\n" + Timing);

    [Fact]
    public void Long_line_after_a_status_line_stays() => Shown(Stats + new string('x', 5_000) + "\n").ShouldBe(new string('x', 5_000) + "\n");

    [Fact]
    public void Beginning_of_a_line_does_not_wait_unless_it_may_become_one()
    {
        var lines = new StatusLines(verbose: false);
        var passed = new StringBuilder();
        foreach (var piece in new[] { "St", "op", ". S", "tats: ", "S" })
            lines.Split(Encoding.ASCII.GetBytes(piece), 0, (_, bytes) => passed.Append(Encoding.ASCII.GetString(bytes)));
        passed.ToString().ShouldBe("Stop. Stats: S");
    }

    /// <summary>Whatever the pieces: the same lines go apart, every byte comes out once, and in order.</summary>
    [Fact]
    public void Split_anywhere_it_is_the_same()
    {
        string[] parts = [Stats, Timing, Early, Unknown, "\n", "Stats: \n", "80/tcp open http\n", "Stats", "S", "no end", new string('y', 300) + "\n"];
        Gen.Select(Gen.Int[0, parts.Length - 1].Array[0, 20], Gen.Int[1, 40]).Sample((picks, size) =>
        {
            var text = string.Concat(picks.Select(pick => parts[pick]));
            var whole = Split([(text, 0)]);
            var pieces = Split(text.Chunk(size).Select(chunk => (new string(chunk), 0L)));
            pieces.ShouldBe(whole);
            whole.Together.ShouldBe(text);
        });
    }

    /// <summary>As Nmap's own timing.cc decides, when it is asked each second as --stats-every does.</summary>
    [Fact]
    public void Verbose_run_keeps_the_timing_lines_that_nmap_writes_of_its_own_accord()
    {
        static string Left(int seconds, double percent) => FormattableString.Invariant(
            $"SYN Stealth Scan Timing: About {percent:0.00}% done; ETC: 16:04 ({seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00} remaining)\n");
        var pieces = new List<(string, long)> { ("Initiating SYN Stealth Scan at 16:00\n", 100) };
        for (var second = 1; second <= 200; second++)
            pieces.Add((Stats + Left(200 - second, second / 2.0), 100 + second));

        // After 31 seconds for the first time, then every 30, as the time that is left has changed by more than 15; not in the last 30.
        Split(pieces, verbose: true).Output.ShouldBe("Initiating SYN Stealth Scan at 16:00\n" + Left(169, 15.5) + Left(139, 30.5) + Left(109, 45.5) + Left(79, 60.5) + Left(49, 75.5));

        // An estimate that is overtaken is told anew, 30 seconds later at the earliest, and not in the last 30 seconds.
        pieces = [("Starting Nmap\nInitiating SYN Stealth Scan at 16:00\n", 100), .. Enumerable.Range(1, 100).Select(second => (Stats + Left(second < 95 ? 40 : 20, 50), 100L + second))];
        Split(pieces, verbose: true).Output.Split('\n').Count(line => line.Contains("Timing", StringComparison.Ordinal)).ShouldBe(2);
        Split(pieces).Output.ShouldBe("Starting Nmap\nInitiating SYN Stealth Scan at 16:00\n");
    }
}
