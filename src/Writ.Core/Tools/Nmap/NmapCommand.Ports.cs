using System.Globalization;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Which ports are scanned (https://nmap.org/book/man-port-specification.html).</summary>
internal sealed partial record NmapCommand
{
    /// <summary>As typed.</summary>
    public string? Ports { get; private set; }
    public string? ExcludePorts { get; private set; }
    public bool Fast { get; private set; }
    public int? TopPorts { get; private set; }
    /// <summary>Ports at least so often found open, over 0 and under 1.</summary>
    public decimal? PortRatio { get; private set; }
    public bool Sequential { get; private set; }

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> PortReaders() =>
    [
        Once("-p", command => command.Ports, (command, value) =>
        {
            command.Ports = value;
            return null;
        }),
        Once("--exclude-ports", command => command.ExcludePorts, (command, value) =>
        {
            command.ExcludePorts = value;
            return null;
        }),
        Flag("-F", command => command.Fast = true),
        Number("--top-ports", 1, 65536, (command, number) => (command.TopPorts, command.PortRatio) = (number, null)),
        ("--port-ratio", (command, value) => command.TakePortRatio(value)),
        Flag("-r", command => command.Sequential = true),
    ];

    private Refusal? TakePortRatio(string value)
    {
        if (value.Length > 12 || !decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ratio) || ratio is <= 0 or >= 1)
            return Wrong($"--port-ratio: '{NmapArguments.Show(value)}' is no number over 0 and under 1", "write a number such as 0.01");
        (TopPorts, PortRatio) = (null, ratio);
        return null;
    }

    private Refusal? SettlePorts()
    {
        if (!ScansPorts && (Ports is not null || Fast || ServiceDb is not null))
            return Wrong($"{Mode} scans no ports, so none can be chosen", $"leave {Mode} out to scan ports");
        if (Fast && Ports is not null)
            return Wrong("-F and -p contradict each other", "choose one; --top-ports goes with -p");
        if (ServiceDb is not null && Ports is not null)
            return Wrong("--servicedb implies -F, which contradicts -p", "leave -p out, or choose with --top-ports");
        if (ServiceDb is not null && ExcludePorts is not null)
            return Wrong("--servicedb does not go with --exclude-ports", "leave those ports out of the file");
        if (!ScansPorts || IpProtocol)
            (TopPorts, PortRatio) = (null, null);
        return null;
    }
}
