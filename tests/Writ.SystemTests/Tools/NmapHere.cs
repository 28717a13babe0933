using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.SystemTests.Tools;

/// <summary>The Nmap of this machine, asked for what it understands. It sends nothing: targets are only listed, or all excluded.</summary>
internal static partial class NmapHere
{
    public static ToolInventory Inventory { get; } = new("nmap", "/usr/bin/nmap", "7.93", new string('0', 64),
        [File("nmap-services", "/usr/share/nmap/nmap-services"), File("script.db", "/usr/share/nmap/scripts/script.db")]);

    /// <summary>The plan of a command; names are left as names.</summary>
    public static Result<Plan> Plan(params IReadOnlyList<string> command) => new NmapTool().Plan(command, new(Inventory) { Names = null });

    private static ToolFile File(string name, string path)
    {
        var content = System.IO.File.ReadAllBytes(path);
        return new(name, Convert.ToHexStringLower(SHA256.HashData(content)), content);
    }

    /// <summary>What Nmap says to these arguments, on both streams.</summary>
    public static string Run(params IReadOnlyList<string> argv) => Start("/usr/bin/nmap", argv.Skip(1));

    /// <summary>The same in a network namespace without a network and with this hosts file, so that a name can only be one of those.</summary>
    public static string RunAlone(string hosts, params IReadOnlyList<string> argv) => Start("/usr/bin/unshare",
        ["--net", "--mount", "/bin/sh", "-c", "mount --bind \"$1\" /etc/hosts && shift && exec /usr/bin/nmap \"$@\"", "sh", hosts, .. argv.Skip(1)]);

    private static string Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output + errors.GetAwaiter().GetResult();
    }

    /// <summary>The addresses of <c>-sL</c> reports, in order.</summary>
    public static IEnumerable<Address> Listed(string output) =>
        Report().Matches(output).Select(match => Address.TryParse(match.Groups[1].Value, out var address) ? address : throw new FormatException(match.Value));

    /// <summary>A set of single addresses.</summary>
    public static AddressSet Set(IEnumerable<Address> addresses) => AddressSet.Of(addresses.Select(address => new AddressRange(address, address)));

    [GeneratedRegex(@"^Nmap scan report for (?:\S+ \()?([0-9a-f.:]+)\)?$", RegexOptions.Multiline)]
    private static partial Regex Report();
}
