using System.CommandLine;
using System.Globalization;
using Writ.Cli.Options;

namespace Writ.Cli.Audit;

/// <summary>
/// <c>writ audit export</c>: the log as OCSF events, one a line. With <c>--cursor FILE</c> it goes on where the last call
/// ended: the cursor moves only after what came was written.
/// </summary>
internal static class ExportEntries
{
    public static Verb Verb(CliContext context)
    {
        var after = new Option<long?>("--after") { Description = "only entries after this position", HelpName = "POSITION" };
        var cursor = Shared.Text("--cursor", "a file that keeps the position between calls", "FILE");
        return new Verb("export", "Export the log as OCSF 1.8 events, one a line, for a SIEM",
            "writ audit export > events.ndjson",
            "writ audit export --cursor /var/lib/siem/writ.cursor >> events.ndjson").With(after, cursor).Does(async (parse, cancel) =>
        {
            var file = parse.GetValue(cursor);
            var position = parse.GetValue(after) ?? Kept(file);
            while (true)
            {
                var path = position is { } at ? string.Create(CultureInfo.InvariantCulture, $"/v1/audit/export?after={at}") : "/v1/audit/export";
                var (bytes, next, more) = await context.Server.ExportAsync(path, cancel);
                context.Terminal.Output.Write(bytes);
                context.Terminal.Output.Flush();
                position = next;
                if (file is not null)
                    Keep(file, next);
                if (!more)
                    return ExitCode.Ok;
            }
        });
    }

    private static long? Kept(string? file)
    {
        if (file is null || !File.Exists(file))
            return null;
        return long.TryParse(File.ReadAllText(file).AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var position)
            ? position
            : throw new Stop(ExitCode.Failed, $"{file} holds no position", "moved away, the export begins anew");
    }

    private static void Keep(string file, long position)
    {
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{position}\n"));
        File.Move(file + ".new", file, overwrite: true);
    }
}
