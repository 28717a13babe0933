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
    private static readonly Option<string?> To = new("--to") { Description = "file:///path, https://host/path or syslog+tls://host:6514", HelpName = "ADDRESS" };
    private static readonly Option<string?> ToFile = new("--to-file") { Description = "A file with the address of a channel's incoming webhook, which is a secret", HelpName = "FILE" };
    private static readonly Option<string?> Ca = new("--ca") { Description = "PEM file of the only authorities to trust there, instead of the system's", HelpName = "FILE" };
    private static readonly Option<string?> TokenFile = new("--token-file") { Description = "A file with the bearer token for https; read anew for each batch", HelpName = "FILE" };
    private static readonly Option<bool> FromNow = new("--from-now") { Description = "Only entries that come from now on; the whole log unless told" };
    private static readonly Option<string?> Form = new("--form") { Description = "ocsf, cloudevents, or slack or teams for messages to a channel; ocsf unless told, and cloudevents for a webhook", HelpName = "FORM" };
    private static readonly Option<string[]> Only = new("--only")
    {
        Description = "Only entries of this type, such as run.ended, or of all that begin alike, such as run.*; may be given again", HelpName = "TYPE",
    };
    private static readonly Option<string?> WebhookKeys = new("--webhook-keys")
    {
        Description = "Makes it a webhook: one event a POST, signed by the keys of this file as the Standard Webhooks say", HelpName = "FILE",
    };
    private static readonly Option<bool> AllowPrivate = new("--allow-private") { Description = "The webhook's host may have an address inside a network of one's own" };

    public static Command Build(TimeProvider time)
    {
        var add = new Command("add", "Adds a stream.") { Name, To, ToFile, Form, Only, Ca, TokenFile, WebhookKeys, AllowPrivate, FromNow, CommandLine.Data, CommandLine.DatabaseOption };
        add.SetAction((parsed, cancel) => With(parsed, time, (database, writes) => Add(database, writes, new(
            parsed.GetValue(Name)!, parsed.GetValue(To), Full(parsed.GetValue(ToFile)), parsed.GetValue(Form), parsed.GetValue(Only) ?? [], Full(parsed.GetValue(Ca)), Full(parsed.GetValue(TokenFile)),
            Full(parsed.GetValue(WebhookKeys)), parsed.GetValue(AllowPrivate), parsed.GetValue(FromNow)), cancel)));
        var list = new Command("list", "Lists the streams, how far each has come and what is in its way.") { CommandLine.Data, CommandLine.DatabaseOption };
        list.SetAction((parsed, cancel) => With(parsed, time, (database, _) => List(database, cancel)));
        var remove = new Command("remove", "Removes a stream.") { Name, CommandLine.Data, CommandLine.DatabaseOption };
        remove.SetAction((parsed, _) => With(parsed, time, (_, writes) => Remove(writes, parsed.GetValue(Name)!)));
        return new("stream", "Streams of the audit log to a file, an HTTPS endpoint, a webhook, a channel or syslog over TLS.") { add, list, remove, StreamKey.Build() };
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

    private static async Task<int> Add(Database database, WriteTransaction writes, StreamWish wish, CancellationToken cancel)
    {
        if (!PlainName().IsMatch(wish.Name))
            return CommandLine.Fail($"'{wish.Name}' cannot be the name of a stream", "a-z, 0-9 and hyphens, at most 40", 2);
        if ((wish.To is null) == (wish.ToFile is null))
            return CommandLine.Fail("a stream goes to one place: --to, or --to-file", "--to-file is for a channel's incoming webhook", 2);
        var target = wish.ToFile is { } file ? StreamTarget.Secret(file) : StreamTarget.Read(wish.To!);
        if (!target.IsOk)
            return CommandLine.Fail($"--to: {target.Refusal.Message}", target.Refusal.Hint, 2);
        if (wish.Misfit(target.Value.Kind) is { } misfit)
            return CommandLine.Fail(misfit.Message, misfit.Hint, 2);
        if (target.Value.Kind == StreamKind.File && Path.GetDirectoryName(target.Value.Address.LocalPath) is var folder && !Directory.Exists(folder))
            return CommandLine.Fail($"--to: there is no folder {folder}", null);
        if (wish.Exposed() is { } exposed)
            return CommandLine.Fail(exposed.Message, exposed.Hint);
        // What cannot be read now cannot be read later.
        StreamTarget.Trust(wish.Ca);
        if (wish.TokenFile is not null)
            StreamTarget.Token(wish.TokenFile);
        if (wish.WebhookKeys is not null)
            StandardWebhook.Read(wish.WebhookKeys);

        await using var db = database.Open();
        var after = wish.BeginsNow ? await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1 : -1;
        var to = wish.ToFile is null ? wish.To! : target.Value.Shown;
        var added = await writes.Commit<bool>(async scope =>
        {
            if (await scope.Db.Streams.AnyAsync(row => row.Name == wish.Name))
                return new Refusal(ErrorCode.WrongState, $"there is a stream {wish.Name} already", "writ-server stream list");
            scope.Db.Streams.Add(new()
            {
                Name = wish.Name, To = to, AddressFile = wish.ToFile, Form = wish.Chosen, Only = wish.Only, CaFile = wish.Ca, TokenFile = wish.TokenFile, KeyFile = wish.WebhookKeys,
                ReachesPrivate = wish.AllowPrivate, Cursor = after, AddedAt = scope.Now,
            });
            scope.Record(new(AuditType.StreamAdded, AuditActor.System, null, new()
            {
                ["stream"] = wish.Name, ["to"] = to, ["form"] = StreamWish.Word(wish.Chosen), ["only"] = AuditEvent.Texts(wish.Only),
                ["webhook"] = wish.WebhookKeys is not null, ["after"] = after,
            }));
            return true;
        });
        if (!added.IsOk)
            return CommandLine.Fail(added.Refusal);
        Console.Error.WriteLine($"stream {wish.Name} to {to}, from {(wish.BeginsNow ? "the next entry" : "the first entry")} on");
        return 0;
    }

    private static async Task<int> List(Database database, CancellationToken cancel)
    {
        await using var db = database.Open();
        var newest = (await db.AuditEntries.MaxAsync(row => row.Position, cancel) ?? -1) + await db.AuditEntries.CountAsync(row => row.Position == null, cancel);
        foreach (var stream in await db.Streams.AsNoTracking().OrderBy(row => row.Name).ToListAsync(cancel))
        {
            var lag = newest - stream.Cursor;
            Console.WriteLine($"{stream.Name}  {stream.To}  {(stream.KeyFile is null ? StreamWish.Word(stream.Form) : "webhook")}{(stream.Only.Length == 0 ? "" : $", only {string.Join(", ", stream.Only)}")}");
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
