using System.Collections.Frozen;
using System.Globalization;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// What the options of a command say together, in Nmap's reading: the later of two values holds where Nmap lets it,
/// what Nmap ignores is dropped, and what Nmap calls a contradiction is refused. Nothing here depends on the runner. One
/// file a theme: scan types, discovery, ports, timing, packets, output, files, scripts.
/// </summary>
internal sealed partial record NmapCommand
{
    private static readonly FrozenDictionary<string, Func<NmapCommand, string, Refusal?>> Readers =
        ScanReaders().Concat(DiscoveryReaders()).Concat(PortReaders()).Concat(TimingReaders()).Concat(PacketReaders())
            .Concat(OutputReaders()).Concat(FileReaders()).Concat(ScriptReaders())
            .ToFrozenDictionary(reader => reader.Option, reader => reader.Read, StringComparer.Ordinal);

    /// <summary>Targets are IPv6.</summary>
    public bool V6 { get; private set; }

    /// <summary>Nmap does without raw sockets, as for a user without rights; the runner's own way is privileged.</summary>
    public bool Unprivileged { get; private set; }

    /// <summary>Folds the options of an argv.</summary>
    public static Result<NmapCommand> Of(NmapArguments arguments)
    {
        var command = new NmapCommand();
        foreach (var (option, value) in arguments.Options)
        {
            if (!Readers.TryGetValue(option.Name, out var read))
                throw new InvalidOperationException($"the table accepts {option.Name}, but nothing reads it");
            if (read(command, value ?? "") is { } refusal)
                return refusal;
        }

        return command.Settle() is { } wrong ? wrong : command;
    }

    /// <summary>What only the whole command decides, in the order of Nmap's own checks.</summary>
    private Refusal? Settle() => SettleScans() ?? SettleScripts() ?? SettleDiscovery() ?? SettlePorts() ?? SettleTiming() ?? SettlePackets() ?? SettleOutput();

    private static (string Option, Func<NmapCommand, string, Refusal?> Read) Flag(string option, Action<NmapCommand> set) =>
        (option, (command, _) =>
        {
            set(command);
            return null;
        });

    private static (string Option, Func<NmapCommand, string, Refusal?> Read) Number(string option, int least, int most, Action<NmapCommand, int> set) =>
        (option, (command, value) =>
        {
            if (value.Length > 9 || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
                return Wrong(string.Create(CultureInfo.InvariantCulture, $"{option}: '{NmapArguments.Show(value)}' is no number from {least} to {most}"), null);
            set(command, number);
            return null;
        });

    /// <summary>A value that may stand once: where Nmap takes the last of two in silence, nobody should have to know that.</summary>
    private static (string Option, Func<NmapCommand, string, Refusal?> Read) Once(string option, Func<NmapCommand, string?> get, Func<NmapCommand, string, Refusal?> set) =>
        (option, (command, value) => get(command) is not null ? Wrong($"{Shown(option)} stands twice", "write it once") : set(command, value));

    private static string Shown(string option) => option.Length == 4 && option.StartsWith("--", StringComparison.Ordinal) ? option[1..] : option;

    private static Refusal Wrong(string message, string? hint) => new(ErrorCode.InvalidCommand, message, hint);
}
