using Writ.Proof.Statements;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Nmap's XML as a source of live results (https://nmap.org/book/output-formats-xml-output.html). It is written host by host,
/// and with <c>--stats-every</c> it holds how far each phase is. The same option prints lines to standard output, which the
/// runner keeps apart, so that what is shown is what Nmap would have said without it.
/// </summary>
internal static class NmapLive
{
    private const string EverySecond = "--stats-every=1s";

    public static PlannedLive Of(NmapCommand command)
    {
        var file = command.Outputs.Find(output => output.Letter == 'X');
        List<string> arguments = [];
        if (command.StatsEvery is null)
            arguments.Add(EverySecond);
        if (file is null)
            arguments.AddRange(["-oX", SandboxTerms.Live]);
        var status = command.StatsEvery is not null ? "shown" : command.Verbosity > 0 ? "apart-verbose" : "apart";
        return new("nmap-xml", file?.Path ?? SandboxTerms.Live, status, arguments);
    }
}
