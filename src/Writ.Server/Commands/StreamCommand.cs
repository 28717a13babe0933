using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Storage;
using Writ.Server.Streams;

namespace Writ.Server.Commands;

/// <summary><c>writ-server stream</c>: where the audit log's entries go as they come. A running server takes up a change within a second.</summary>
internal static partial class StreamCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The stream's name: a-z, 0-9 and hyphens" };
    private static readonly Option<string> To = new("--to") { Description = "file:///path, https://host/path or syslog+tls://host:6514", Required = true, HelpName = "ADDRESS" };
    private static readonly Option<string?> Ca = new("--ca") { Description = "PEM file of the only authorities to trust there, instead of the system's", HelpName = "FILE" };
    private static readonly Option<string?> TokenFile = new("--token-file") { Description = "A file with the bearer token for https; read anew for each batch", HelpName = "FILE" };
    private static readonly Option<bool> FromNow = new("--from-now") { Description = "Only entries that come from now on; the whole log unless told" };

    public static Command Build(TimeProvider time)
    {
        var add = new Command("add", "Adds a stream.") { Name, To, Ca, TokenFile, FromNow, CommandLine.Data, CommandLine.DatabaseOption };
        add.SetAction((parsed, cancel) => With(parsed, time, (database, writes) =>
            Add(database, writes, parsed.GetValue(Name)!, parsed.GetValue(To)!, Full(parsed.GetValue(Ca)), Full(parsed.GetValue(TokenFile)), parsed.GetValue(FromNow), cancel)));
        var list = new Command("list", "Lists the streams, how far each has come and what is in its way.") { CommandLine.Data, CommandLine.DatabaseOption };
        list.SetAction((parsed, cancel) => With(parsed, time, (database, _) => List(database, cancel)));
        var remove = new Command("remove", "Removes a stream.") { Name, CommandLine.Data, CommandLine.DatabaseOption };
        remove.SetAction((parsed, _) => With(parsed, time, (_, writes) => Remove(writes, parsed.GetValue(Name)!)));
        return new("stream", "Streams of the audit log, as OCSF events, to a file, an HTTPS endpoint or syslog over TLS.") { add, list, remove };
    }

    private static async Task<int> With(ParseResult parsed, TimeProvider time, Func<Database, WriteTransaction, Task<int>> work)
    {
        var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
        if (!CommandLine.IsInitialised(data))
            return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
        using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
        using var bell = new SequencerBell();
        return await work(database, new(database, bell, time));
    }

    private static async Task<int> Add(
        Database database, WriteTransaction writes, string name, string to, string? ca, string? tokenFile, bool fromNow, CancellationToken cancel)
    {
        if (!PlainName().IsMatch(name))
            return CommandLine.Fail($"'{name}' cannot be the name of a stream", "a-z, 0-9 and hyphens, at most 40", 2);
        var target = StreamTarget.Read(to);
        if (!target.IsOk)
            return CommandLine.Fail($"--to: {target.Refusal.Message}", target.Refusal.Hint, 2);
        if (tokenFile is not null && target.Value.Kind != StreamKind.Https)
            return CommandLine.Fail("--token-file goes with https", null, 2);
        if (ca is not null && target.Value.Kind == StreamKind.File)
            return CommandLine.Fail("--ca goes with https and syslog+tls", null, 2);
        if (target.Value.Kind == StreamKind.File && Path.GetDirectoryName(target.Value.Address.LocalPath) is var folder && !Directory.Exists(folder))
            return CommandLine.Fail($"--to: there is no folder {folder}", null);
        if (tokenFile is not null && (File.GetUnixFileMode(tokenFile) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            return CommandLine.Fail($"--token-file: everybody on this machine may read {tokenFile}", $"chmod 640 {tokenFile}, for the group of the server");
        // What cannot be read now cannot be read later.
        StreamTarget.Trust(ca);
        if (tokenFile is not null)
            StreamTarget.Token(tokenFile);

        await using var db = database.Open();
        var after = fromNow ? await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1 : -1;
        var added = await writes.Commit<bool>(async scope =>
        {
            if (await scope.Db.Streams.AnyAsync(row => row.Name == name))
                return new Refusal(ErrorCode.WrongState, $"there is a stream {name} already", "writ-server stream list");
            scope.Db.Streams.Add(new() { Name = name, To = to, CaFile = ca, TokenFile = tokenFile, Cursor = after, AddedAt = scope.Now });
            scope.Record(new(AuditType.StreamAdded, AuditActor.System, null, new() { ["stream"] = name, ["to"] = to, ["after"] = after }));
            return true;
        });
        if (!added.IsOk)
            return CommandLine.Fail(added.Refusal);
        Console.Error.WriteLine($"stream {name} to {to}, from {(fromNow ? "the next entry" : "the first entry")} on");
        return 0;
    }

    private static async Task<int> List(Database database, CancellationToken cancel)
    {
        await using var db = database.Open();
        var newest = (await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1) + await db.AuditEntries.CountAsync(row => row.Position == null, cancel);
        foreach (var stream in await db.Streams.AsNoTracking().OrderBy(row => row.Name).ToListAsync(cancel))
        {
            var lag = newest - stream.Cursor;
            Console.WriteLine($"{stream.Name}  {stream.To}");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {(lag > 0 ? $"{lag} entries behind" : "up to date")}, confirmed {(stream.ConfirmedAt is { } at ? at.ToString("u", CultureInfo.InvariantCulture) : "never")}"));
            if (stream.Trouble is { } trouble)
                Console.WriteLine($"  does not get through since {stream.TroubleAt:u}: {string.Concat(trouble.Select(c => char.IsControl(c) ? '?' : c))}");
        }

        return 0;
    }

    private static async Task<int> Remove(WriteTransaction writes, string name)
    {
        var removed = await writes.Commit<bool>(async scope =>
        {
            if (await scope.Db.Streams.SingleOrDefaultAsync(row => row.Name == name) is not { } stream)
                return new Refusal(ErrorCode.NotFound, $"there is no stream {name}", "writ-server stream list");
            scope.Db.Streams.Remove(stream);
            scope.Record(new(AuditType.StreamRemoved, AuditActor.System, null, new() { ["stream"] = name, ["to"] = stream.To, ["cursor"] = stream.Cursor }));
            return true;
        });
        return removed.IsOk ? 0 : CommandLine.Fail(removed.Refusal);
    }

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,39}$", RegexOptions.CultureInvariant)]
    private static partial Regex PlainName();
}
