using System.Globalization;

namespace Writ.Runner.Runs;

/// <summary>
/// What a supervisor is told through its control socket, one message a packet: <c>contact</c>, <c>ack OFFSET</c>,
/// <c>extend DEADLINE DEADLINE-ON-BOOTTIME</c>, <c>kill CAUSE REASON</c>. It answers extend with <c>ok</c> or
/// <c>refused</c>, and kill with <c>ended</c> and the end's JSON. Of a run with a terminal <c>type OFFSET BASE64</c>, answered with
/// <c>typed OFFSET</c> once all up to there is in the terminal, and <c>resize COLUMNS ROWS</c>. <c>signal</c> is reserved.
/// </summary>
internal readonly record struct ControlMessage(string Verb, long First, long Second, string Text)
{
    private readonly byte[]? _bytes;

    /// <summary>What is typed; nothing in every other message.</summary>
    public byte[] Bytes
    {
        get => _bytes ?? [];
        init => _bytes = value;
    }

    public const string Contact = "contact";

    public static string Ack(long offset) => string.Create(CultureInfo.InvariantCulture, $"ack {offset}");

    public static string Extend(long deadline, long deadlineBoot) =>
        string.Create(CultureInfo.InvariantCulture, $"extend {deadline} {deadlineBoot}");

    public static string Type(long offset, ReadOnlySpan<byte> bytes) => string.Create(CultureInfo.InvariantCulture, $"type {offset} {Convert.ToBase64String(bytes)}");

    public static string Typed(long offset) => string.Create(CultureInfo.InvariantCulture, $"typed {offset}");

    public static string Resize(long columns, long rows) => string.Create(CultureInfo.InvariantCulture, $"resize {columns} {rows}");

    public static string Kill(Cause cause, string reason) =>
        $"kill {cause} {(reason.Length > 1000 ? reason[..1000] : reason).ReplaceLineEndings(" ")}";

    /// <summary>Reads a message; one that is malformed has no verb.</summary>
    public static ControlMessage Read(string message)
    {
        var parts = message.Split(' ', 3);
        return parts[0] switch
        {
            Contact => new(Contact, 0, 0, ""),
            "ack" when parts.Length == 2 && Number(parts[1], out var offset) => new("ack", offset, 0, ""),
            "extend" when parts.Length == 3 && Number(parts[1], out var wall) && Number(parts[2], out var boot) => new("extend", wall, boot, ""),
            "resize" when parts.Length == 3 && Number(parts[1], out var columns) && Number(parts[2], out var rows) => new("resize", columns, rows, ""),
            "typed" when parts.Length == 2 && Number(parts[1], out var typed) => new("typed", typed, 0, ""),
            "type" when parts.Length == 3 && Number(parts[1], out var at) && Decode(parts[2]) is { Length: > 0 } bytes => new("type", at, 0, "") { Bytes = bytes },
            "kill" when parts.Length >= 2 && Enum.TryParse<Cause>(parts[1], out var cause)
                && cause is Cause.KillOrder or Cause.LocalKill or Cause.RecordingFailed =>
                new("kill", (long)cause, 0, parts.Length == 3 ? parts[2] : ""),
            _ => default,
        };
    }

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    private static bool Number(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
