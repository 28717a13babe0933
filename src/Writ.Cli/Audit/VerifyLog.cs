using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Audit;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary>
/// <c>writ audit verify</c>: fetches every entry, derives every hash and root from them, and holds the result against what
/// the server signed and against what this computer saw before. Says what is wrong, where, and since when.
/// </summary>
internal static class VerifyLog
{
    private const int MostShown = 20;

    public static Verb Verb(CliContext context)
    {
        var key = Shared.Text("--key", "the log's public key, instead of the one that is known here; WRIT_LOG_KEY does the same", "KEY");
        var witnesses = new Option<string[]>("--witness") { Description = "a witness's public key; may be given several times", HelpName = "KEY" };
        var quorum = Shared.Count("--quorum", "how many of the witnesses must have cosigned; all of them unless told");
        return new Verb("verify", "Derive the whole log anew from its entries, and hold it against what was signed",
            "writ audit verify",
            "writ audit verify --key writ.example.com/log+0123abcd+AQ… --witness w.example+4567cdef+BA…").With(key, witnesses, quorum).Does(async (parse, cancel) =>
        {
            var cosigners = LogContact.Parse(parse.GetValue(witnesses) ?? []);
            var log = await LogFacts.Fetch(context, parse.GetValue(key), cancel);
            var examination = new LogExamination(log.Entries);
            var findings = examination.Against(log.Newest.Head, log.Tiles, log.Seen?.Head);
            var failed = findings.Count > 0 || log.Unsigned.Count > 0 || log.Mislabelled.Count > 0;
            foreach (var unsigned in log.Unsigned)
                Say(context, $"head at {unsigned} entries: its signature does not hold");
            foreach (var mislabelled in log.Mislabelled.Take(MostShown))
                Say(context, $"mislabelled: entry {mislabelled} is kept under another type, time or request than it says: lists do not find it");
            foreach (var finding in findings.Take(MostShown))
                Say(context, Text(log, finding) + await Now(context, finding, cancel));
            if (findings.Count > MostShown)
                Say(context, $"and {findings.Count - MostShown} more");
            if (findings.Count > 0)
                SayParting(context, log, examination);
            if (failed)
            {
                var kept = log.Memory is not null && findings.Any(finding => finding.Damage is LogDamage.Forked or LogDamage.Truncated)
                    ? log.Memory.Keep(context.Server.Address, log.Newest.Note.ToString()) : null;
                throw new Stop(ExitCode.Failed, $"the audit log of {Printable.Line(log.Newest.Head.Origin)} is not what was signed",
                    kept is null ? null : $"the two checkpoints are evidence: {log.Memory!.PathOf(context.Server.Address)} and {kept}");
            }

            Cosigners.Require(context, [.. log.Heads.Select(head => head.Head).Reverse()], cosigners, parse.GetValue(quorum));
            log.Remember(context);
            context.Terminal.Print(string.Create(CultureInfo.InvariantCulture,
                $"verified: {log.Newest.Head.Size} entries of {Printable.Line(log.Newest.Head.Origin)}, {log.Heads.Count} signed heads, root {log.Newest.Head.Root}"));
            context.Terminal.Print(log.Seen is { } seen
                ? string.Create(CultureInfo.InvariantCulture, $"it begins with the {seen.Head.Size} entries that this computer saw {When.Full(log.SeenAt!.Value, context.Now)}")
                : $"this computer saw the log for the first time; its key: {Printable.Line(log.Keys[0].ToString())}");
            return ExitCode.Ok;
        });
    }

    private static string Text(LogFacts log, LogFinding finding)
    {
        var (at, signed) = (finding.Position, SignedAt(log, finding.Position));
        return finding.Damage switch
        {
            LogDamage.None => "nothing",
            LogDamage.Edited => $"edited: entry {at} is not the one that was signed{signed}",
            LogDamage.Removed => $"removed: entry {at}, which was signed{signed}, is gone",
            LogDamage.Inserted => $"inserted: entry {at} was never signed",
            LogDamage.Reordered => $"reordered: entry {at} is not in the place in which it was signed{signed}",
            LogDamage.Truncated when log.Seen is { } seen && seen.Head.Size > log.Newest.Head.Size =>
                $"truncated: this computer saw {seen.Head.Size} entries on {log.SeenAt:u}, and there are {log.Newest.Head.Size}: all from {at} on are gone",
            LogDamage.Truncated => $"truncated: all entries from {at} on, which were signed{signed}, are gone",
            LogDamage.Forked => $"forked: the log signed two different stories of its first {at} entries: the one that this computer saw on {log.SeenAt:u}, and this one",
            LogDamage.Rehashed => "rehashed: neither the entries nor the tiles are those that were signed",
            LogDamage.Tiles => $"tiles: the entries are those that were signed, and the tiles that prove them are damaged from entry {at} on",
        };
    }

    private static string SignedAt(LogFacts log, long position) =>
        log.Heads.FirstOrDefault(head => head.Head.Head.Size > position) is { Head: not null } first ? $" on {first.SignedAt:u}" : "";

    /// <summary>What an entry that was edited or inserted reads like now.</summary>
    private static async Task<string> Now(CliContext context, LogFinding finding, CancellationToken cancel)
    {
        if (finding.Damage is not (LogDamage.Edited or LogDamage.Inserted))
            return "";
        var path = string.Create(CultureInfo.InvariantCulture, $"/v1/log/entries?after={finding.Position - 1}");
        var page = (await context.Server.GetAsync(path, WritJson.Default.PageLogEntryView, cancel)).Value;
        if (page.Items is not [var found, ..] || found.Position != finding.Position)
            return "";
        try
        {
            var entry = new AuditEntryView(found.Position, JsonDocument.Parse(found.Bytes).RootElement);
            return $"; it reads: {EntryText.Type(entry)} by {EntryText.Actor(entry)}, {EntryText.Rest(entry)}";
        }
        catch (JsonException)
        {
            return "; it is no entry any more";
        }
    }

    private static void SayParting(CliContext context, LogFacts log, LogExamination examination)
    {
        var (last, first) = examination.Parting(log.Heads.Select(head => head.Head.Head));
        if (first is null)
            return;
        var (good, bad) = (log.Heads.FirstOrDefault(head => head.Head.Head == last), log.Heads.First(head => head.Head.Head == first));
        Say(context, last is null
            ? $"not even the first head, at {first.Size} entries, signed on {bad.SignedAt:u}, follows from the entries"
            : $"whole up to entry {last.Size - 1}, signed on {good.SignedAt:u}; from the head at {first.Size} entries on, signed on {bad.SignedAt:u}, nothing follows from the entries");
    }

    private static void Say(CliContext context, string line) => context.Terminal.Print(Printable.Line(line));
}
