using System.Globalization;

namespace Writ.Runner.Runs;

/// <summary>
/// What a supervisor is told through its control socket, one message a packet: <c>contact</c>, <c>ack OFFSET</c>,
/// <c>extend DEADLINE DEADLINE-ON-BOOTTIME</c>, <c>kill CAUSE REASON</c>. It answers extend with <c>ok</c> or
/// <c>refused</c>, and kill with <c>ended</c> and the end's JSON. <c>input</c>, <c>resize</c> and <c>signal</c> are reserved.
/// </summary>
internal readonly record struct ControlMessage(string Verb, long First, long Second, string Text)
{
    public const string Contact = "contact";

    public static string Ack(long offset) => string.Create(CultureInfo.InvariantCulture, $"ack {offset}");

    public static string Extend(long deadline, long deadlineBoot) =>
        string.Create(CultureInfo.InvariantCulture, $"extend {deadline} {deadlineBoot}");

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
            "kill" when parts.Length >= 2 && Enum.TryParse<Cause>(parts[1], out var cause)
                && cause is Cause.KillOrder or Cause.LocalKill or Cause.RecordingFailed =>
                new("kill", (long)cause, 0, parts.Length == 3 ? parts[2] : ""),
            _ => default,
        };
    }

    private static bool Number(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
