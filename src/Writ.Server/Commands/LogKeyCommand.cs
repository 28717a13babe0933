using System.CommandLine;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary>
/// <c>writ-server log-key</c>: replaces the key that signs the audit log in two steps. Between them both keys sign, so that
/// whoever verifies by the old one learns the new one from a checkpoint that the old one signed too.
/// </summary>
internal static class LogKeyCommand
{
    public static Command Build(TimeProvider time) => new("log-key", "The keys that sign the audit log, on the box.")
    {
        Verb("add", "Makes a new key; the old ones go on signing beside it. Restart the server then.", Add, time),
        Verb("drop-old", "Drops all keys but the newest. Restart the server then.", DropOld, time),
        Verb("show", "Prints the public keys, the newest first.", (data, _, _, _) =>
        {
            foreach (var key in ServerKeys.Load(data).Log.Public)
                Console.WriteLine(key);
            return Task.FromResult(0);
        }, time),
    };

    private static Command Verb(string name, string description, Func<string, Database, TimeProvider, CancellationToken, Task<int>> run, TimeProvider time)
    {
        var verb = new Command(name, description) { CommandLine.Data, CommandLine.DatabaseOption };
        verb.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
            return await run(data, database, time, cancel);
        });
        return verb;
    }

    private static async Task<int> Add(string data, Database database, TimeProvider time, CancellationToken cancel)
    {
        var added = LogKeys.Add(ServerKeys.FolderOf(data));
        await Record(database, time, AuditType.LogKeyAdded, added);
        Console.Error.WriteLine("restart every server of this log; then tell those who verify it of the new public key:");
        Console.WriteLine(added);
        return 0;
    }

    private static async Task<int> DropOld(string data, Database database, TimeProvider time, CancellationToken cancel)
    {
        var keys = ServerKeys.Load(data).Log;
        if (keys.Signers.Count == 1)
            return CommandLine.Fail("there is one key only; nothing was changed", "writ-server log-key add makes a new one");
        await using var db = database.Open();
        var newest = await LogReader.Newest(db, cancel);
        if (newest is null || !Checkpoint.Open(newest.Note, keys.Public.Take(1)).IsOk || !PublishedHead.IsSignedBy(PublishedHead.FolderOf(data), keys.Public[0]))
        {
            return CommandLine.Fail("the newest head of the log is not signed by the new key yet; nothing was changed",
                "restart every server with the new key and let them sign, then try again");
        }

        await Record(database, time, AuditType.LogKeysDropped, keys.Public[0]);
        foreach (var dropped in LogKeys.DropOld(ServerKeys.FolderOf(data)))
            Console.Error.WriteLine($"dropped {dropped}");
        return 0;
    }

    private static async Task Record(Database database, TimeProvider time, string type, NoteKey key)
    {
        using var bell = new SequencerBell();
        var recorded = await new WriteTransaction(database, bell, time).Commit<bool>(scope =>
        {
            scope.Record(new(type, new(null, "operator"), null, new() { ["log_key"] = key.ToString() }));
            return Task.FromResult<Result<bool>>(true);
        });
        _ = recorded.Value;
    }
}
