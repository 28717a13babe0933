using System.Diagnostics;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// A person's terminal: tmux with a shell in it, whose environment knows <c>writ</c>'s path as <c>$WRIT</c>. All that reached the terminal is kept
/// byte by byte.
/// </summary>
internal sealed class TmuxPane : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly House _house;
    private readonly string _actor;
    private readonly string _socket;
    private readonly string _bytes;

    private TmuxPane(House house, string actor, string folder)
    {
        (_house, _actor) = (house, actor);
        (_socket, _bytes) = (Path.Combine(folder, "tmux"), Path.Combine(folder, "bytes"));
    }

    public static async Task<TmuxPane> Open(House house, string actor, int columns = 100, int rows = 30)
    {
        var pane = new TmuxPane(house, actor, Directory.CreateTempSubdirectory("writ-tmux-").FullName);
        await pane.Tmux("start-server", ";", "set-option", "-g", "default-terminal", "screen", ";", "new-session", "-d", "-x", $"{columns}", "-y", $"{rows}", "/bin/sh");
        await pane.Tmux("set-option", "-g", "status", "off");
        await pane.Tmux("pipe-pane", "-O", $"exec cat > {pane._bytes}");
        await pane.Type("PS1=; printf 'shell-%s\\n' ready");
        await pane.Until("shell-ready");
        return pane;
    }

    private byte[] Bytes => File.Exists(_bytes) ? File.ReadAllBytes(_bytes) : [];

    /// <summary>All bytes that reached the terminal, once a text is among them.</summary>
    public Task<byte[]> BytesUntil(string text) =>
        Until(() => Task.FromResult(Bytes), bytes => bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0, _ => $"'{text}' is not among the bytes that reached the terminal");

    /// <summary>Types a line.</summary>
    public async Task Type(string line)
    {
        await Tmux("send-keys", "-l", line);
        await Press("Enter");
    }

    /// <summary>Presses a key, as tmux names it.</summary>
    public Task Press(string key) => Tmux("send-keys", key);

    /// <summary>Pastes a file's bytes.</summary>
    public async Task Paste(string file)
    {
        await Tmux("load-buffer", file);
        await Tmux("paste-buffer", "-r");
    }

    public Task Resize(int columns, int rows) => Tmux("resize-window", "-x", $"{columns}", "-y", $"{rows}");

    /// <summary>What is on the screen.</summary>
    public Task<string> Screen() => Tmux("capture-pane", "-p");

    /// <summary>The terminal's modes: whether the other screen is shown, the cursor is seen, the mouse is reported.</summary>
    public async Task<string> Modes() => (await Tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}")).Trim();

    /// <summary>Waits for a text on the screen.</summary>
    public Task<string> Until(string text) =>
        Until(Screen, screen => screen.Contains(text, StringComparison.Ordinal), screen => $"'{text}' does not come to the terminal, which shows:\n{screen}");

    private static async Task<T> Until<T>(Func<Task<T>> look, Func<T, bool> isThere, Func<T, string> otherwise)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            var seen = await look();
            if (isThere(seen))
                return seen;
            if (clock.Elapsed > Patience)
                throw new ShouldAssertException(otherwise(seen));
            await Task.Delay(50);
        }
    }

    private async Task<string> Tmux(params string[] arguments)
    {
        // Called some hundred times in a test: not among the house's processes, which a failure shows.
        using var tmux = HouseProcess.Start("tmux", _house.Folder, "/usr/bin/tmux", ["-S", _socket, "-f", "/dev/null", .. arguments],
            ("TERM", "xterm"), ("LANG", "C.UTF-8"), ("WRIT", House.Program("writ")), ("WRIT_SERVER", _house.Address.ToString()), ("WRIT_TOKEN", _house.TokenOf(_actor)));
        (await tmux.End(30)).ShouldBe(0, $"tmux {string.Join(' ', arguments)}: {tmux.Said}");
        return System.Text.Encoding.UTF8.GetString(tmux.Output);
    }

    public async ValueTask DisposeAsync()
    {
        await Tmux("kill-server");
        Directory.Delete(Path.GetDirectoryName(_socket)!, recursive: true);
    }
}
