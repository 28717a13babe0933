using System.Globalization;
using System.Text;
using Writ.Contracts.Runs;

namespace Writ.Server.Runs;

/// <summary>Results as a table of ports (RFC 4180), one line a port that the tool told of by itself.</summary>
internal static class ResultsCsv
{
    private static readonly string[] Columns = ["address", "name", "protocol", "port", "state", "service", "product", "reason"];

    public static byte[] Of(ResultsView results)
    {
        var table = new StringBuilder();
        Line(table, Columns);
        foreach (var host in results.Hosts)
        {
            foreach (var port in host.Ports)
                Line(table, [host.Address, host.Names is [var name, ..] ? name : null, port.Protocol, port.Port.ToString(CultureInfo.InvariantCulture), port.State, port.Service, port.Product, port.Reason]);
        }

        return Encoding.UTF8.GetBytes(table.ToString());
    }

    private static void Line(StringBuilder table, IEnumerable<string?> values) => table.AppendJoin(',', values.Select(Value)).Append("\r\n");

    // A spreadsheet runs what begins like a formula, and these words come from scanned hosts.
    private static string Value(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var harmless = text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + text : text;
        return harmless.AsSpan().IndexOfAny("\",\r\n") < 0 ? harmless : $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
