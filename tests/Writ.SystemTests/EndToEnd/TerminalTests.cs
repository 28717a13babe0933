using System.Security.Cryptography;
using System.Text;
using Writ.Contracts;
using Writ.Contracts.Runs;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// Interactive tools at a terminal emulator: a shell of the tests' own definition stands for all of them, as it does whatever one of
/// them could be made to do.
/// </summary>
[Collection(ToolsCollection.Name)]
public sealed class TerminalTests(ToolsStreet street) : EndToEndTest(street)
{
    private const int PastedBytes = 1 << 20;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await street.Ready();
    }

    private async Task<RunView> LastRun() => (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];

    [Fact]
    public async Task Tool_at_a_terminal_hears_every_key_and_its_recording_is_what_was_shown()
    {
        await using var pane = await TmuxPane.Open(House, "sam");
        await pane.Type("stty -a >before; $WRIT run -- console 10.20.0.5; echo over=$?");
        await House.Running("10.20.0.5");
        var live = await LastRun();
        live.Terminal.ShouldBeTrue();
        using var watching = House.StartTyping("ada", "watch", live.Id);

        // Its own session, at a terminal of its size, in a sandbox as ever.
        await pane.Type("PS1=; printf 'size-%s\\n' \"$(stty size)\"; printf 'term-%s\\n' \"$TERM\"");
        await pane.Until("size-30 100");
        await pane.Until("term-screen");
        await pane.Resize(121, 37);
        await pane.Type("until [ \"$(stty size)\" = '37 121' ]; do sleep 0.05; done; printf 'resized-%s\\n' yes");
        await pane.Until("resized-yes");

        // Ctrl-C is the tool's, and what it stops is the tool's child.
        await pane.Type("printf 'sleeping-%s\\n' now; sleep 10000; printf 'woken-%s\\n' \"$?\"");
        await pane.Until("sleeping-now");
        await pane.Press("C-c");
        await pane.Type("printf 'prompt-%s\\n' again");
        await pane.Until("prompt-again");

        await pane.Type("printf 'grüße-%s\\n' '→ 日本'");
        await pane.Until("grüße-→ 日本");

        // A program that draws the whole screen, and goes away again.
        // What is typed before its end it throws away.
        await pane.Type("top -d 0.2; printf 'back-%s\\n' again");
        await pane.Until("%Cpu");
        await pane.Resize(100, 30);
        await pane.Press("q");
        await pane.Until("back-again");

        // What is not echoed is nowhere.
        await pane.Type("stty -echo; printf 'asks-%s\\n' now; read -r secret; stty echo; printf 'length-%s\\n' ${#secret}");
        await pane.Until("asks-now");
        await pane.Type("Open5esame");
        await pane.Until("length-10");

        // A mebibyte in one piece.
        var pasted = RandomNumberGenerator.GetBytes(PastedBytes / 2);
        var text = Convert.ToHexStringLower(pasted);
        var file = Path.Combine(House.Folder, "pasted");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        await pane.Type($"stty raw -echo; printf 'paste-%s\\r\\n' now; head -c {PastedBytes} | sha256sum; stty sane; printf 'pasted-%s\\n' all");
        await pane.Until("paste-now");
        await pane.Paste(file);
        await pane.Until("pasted-all");
        (await pane.Screen()).ReplaceLineEndings("").ShouldContain(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text))));

        await pane.Type("exit 7");
        await pane.Until("over=7");
        await pane.Type("stty -a | cmp - before && printf 'modes-%s\\n' same");
        await pane.Until("modes-same");
        await pane.Modes().ShouldBeUsual();

        var (run, entry) = await House.Ended(live.Id);
        run.ExitCode.ShouldBe(7);
        entry.GetProperty("processes_left").GetInt32().ShouldBe(0);
        var recorded = (await House.As("sam").Recording(run.Id)).Output;
        (await pane.BytesUntil("modes-same")).AsSpan().IndexOf(recorded).ShouldBeGreaterThanOrEqualTo(0, "what was recorded is what was shown, byte by byte");
        (await watching.End()).ShouldBe(7).Output.AsSpan().StartsWith(recorded).ShouldBeTrue("who watches sees the same");
        Encoding.UTF8.GetString(recorded).ShouldNotContain("Open5esame");
        var cast = (await House.Type("sam", "replay", run.Id, "--asciicast")).ShouldBeOk().Text;
        cast.Split('\n')[0].ShouldContain("{\"cols\":100,\"rows\":30}");
        cast.ShouldContain("\"r\",\"121x37\"");
    }

    [Theory]
    [InlineData("kill", "10.20.0.6", 125)]
    [InlineData("deadline", "10.20.0.7", 124)]
    [InlineData("terminate", "10.20.0.8", 125)]
    [InlineData("hangup", "10.20.0.9", 125)]
    public async Task Terminal_is_given_back_however_the_run_ends(string end, string target, int code)
    {
        await using var pane = await TmuxPane.Open(House, "sam");
        await pane.Type($"stty -a >before-{end}; $WRIT run {(end == "deadline" ? "--for 8s" : "")} -- console {target}; echo over=$?");
        if (end != "deadline")
            await House.Running(target);
        // The other screen, no cursor, the mouse: what a full-screen tool leaves behind that is killed.
        await pane.Type("stty -echo; printf '\\033[?1049h\\033[?25l\\033[?1000h\\033[2Jdrawn-%s' here");
        if (end != "deadline")
        {
            await pane.Until("drawn-here");
            (await pane.Modes()).ShouldStartWith("1 0 1");
        }

        if (end == "kill")
            (await House.Type("ada", "kill", (await LastRun()).Id, "--reason", "a test")).ShouldBeOk();
        else if (end != "deadline")
            HouseProcess.SendSignal(Client(await LastRun()), end == "hangup" ? HouseProcess.Hangup : HouseProcess.Terminate).ShouldBe(0);

        var screen = await pane.Until($"over={code}");
        if (end == "deadline")
            screen.ShouldContain("writ: killed at the deadline");
        await pane.Modes().ShouldBeUsual();
        await pane.Type($"stty -a | cmp - before-{end} && printf 'modes-%s\\n' same");
        await pane.Until("modes-same");
        (await House.Ended((await LastRun()).Id)).Entry.GetProperty("processes_left").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task Interactive_tool_without_a_terminal_is_one_clear_error_and_no_use()
    {
        (await House.Type("sam", "run", "--", "console", "10.20.0.11")).ShouldBeAnError(2, "console is interactive here, and there is no terminal");
        // The part of it that needs none, and gets none.
        (await House.Type("sam", "run", "--", "console", "-n", "10.20.0.11")).ShouldBeOk();
        (await LastRun()).Terminal.ShouldBeFalse();
    }

    // The client of this test's run alone: the one that was started with its target.
    private static int Client(RunView run) => Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).OfType<string>().Where(name => name.All(char.IsAsciiDigit))
        .Where(id => Arguments(id) is [var program, "run", .., var last] && program.EndsWith("/writ", StringComparison.Ordinal) && last == run.Command[^1])
        .Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture)).Single();

    private static string[] Arguments(string id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").TrimEnd('\0').Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }
}

internal static class PaneModes
{
    /// <summary>No other screen, a cursor, no mouse, plain keys.</summary>
    public static async Task ShouldBeUsual(this Task<string> modes) => (await modes).ShouldBe("0 1 0 0");
}
