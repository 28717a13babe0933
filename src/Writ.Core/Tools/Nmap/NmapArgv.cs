using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// The canonical argv of a command: every choice that was left to Nmap made explicit, full names where there are any,
/// always in this order. Read again, it gives the same plan and the same argv.
/// </summary>
internal static class NmapArgv
{
    /// <summary>Linux takes no argument over 128 KiB.</summary>
    private const int MaxArgument = 100_000;

    /// <summary>Later, larger sets will travel as an input list of the run's own.</summary>
    private const int MaxTargets = 4_096;

    /// <summary>Writes the argv.</summary>
    public static Result<IReadOnlyList<string>> Write(NmapCommand command, NmapReach reach, AddressSet targets)
    {
        List<string> argv = ["nmap", "-n", "--noninteractive"];
        void When(bool holds, string option)
        {
            if (holds)
                argv.Add(option);
        }

        When(command.V6, "-6");
        When(command.ListOnly, "-sL");
        When(command.PingOnly, "-sn");
        When(!reach.Tcp.IsEmpty, command.Connect ? "-sT" : "-sS");
        When(!reach.Udp.IsEmpty, "-sU");
        When(command.Version, "-sV");
        When(command.Os, "-O");
        When(command.Traceroute, "--traceroute");
        if (!command.ListOnly)
        {
            When(command.NoPing, "-Pn");
            foreach (var (letter, text) in command.Probes)
                argv.Add($"-P{letter}{NmapPorts.ReadPlain(text).Value}");
        }

        if (command.ScansPorts)
            argv.AddRange(["-p", string.Join(',', PortTexts(reach))]);
        When(command.ScansPorts && command.Sequential, "-r");
        if (command.Scripts.Rules.Count > 0)
            argv.Add($"--script={command.Scripts}");
        if (command.Version && command.VersionIntensity is { } intensity)
            argv.Add(Number($"--version-intensity={intensity}"));
        argv.Add(Number($"--timing={command.Timing}"));
        if (command.MaxRetries is { } retries)
            argv.Add(Number($"--max-retries={retries}"));
        if (command.HostTimeout is { } timeout)
            argv.Add(Number($"--host-timeout={(long)timeout.TotalMilliseconds}ms"));
        if (command.MaxRate is { } rate)
            argv.Add(Number($"--max-rate={rate:0.###}"));
        When(command.OpenOnly, "--open");
        When(command.ShowReason, "--reason");
        argv.AddRange(Enumerable.Repeat("--verbose", command.Verbosity));

        var texts = targets.Ranges.SelectMany(Networks).Take(MaxTargets + 1).ToArray();
        if (texts.Length > MaxTargets)
            return new Refusal(ErrorCode.InvalidTarget, Number($"the targets are more than {MaxTargets} separate networks"), "name networks or whole ranges, or split the command");
        argv.AddRange(texts);
        return argv.FirstOrDefault(argument => argument.Length > MaxArgument) is null
            ? argv
            : new Refusal(ErrorCode.InvalidPorts, "the ports have too many gaps", "name whole ranges");
    }

    private static IEnumerable<string> PortTexts(NmapReach reach)
    {
        if (!reach.Tcp.IsEmpty)
            yield return $"T:{reach.Tcp}";
        if (!reach.Udp.IsEmpty)
            yield return $"U:{reach.Udp}";
    }

    /// <summary>A range as the fewest networks, lowest first.</summary>
    internal static IEnumerable<string> Networks(AddressRange range)
    {
        var first = range.First.Bits;
        while (true)
        {
            var left = range.Last.Bits - first + 1;
            var bits = Math.Min((int)UInt128.Log2(left), first == 0 ? 127 : (int)UInt128.TrailingZeroCount(first));
            yield return new AddressRange(new(first), new(first + ((UInt128)1 << bits) - 1)).ToString();
            if (left == (UInt128)1 << bits)
                yield break;
            first += (UInt128)1 << bits;
        }
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
