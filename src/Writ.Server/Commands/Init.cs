using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary><c>writ-server init</c>: the data folder, the keys, the schema, and the one-time set-up secret.</summary>
internal static class Init
{
    public static Command Build(TimeProvider time)
    {
        var command = new Command("init", "Creates the data folder and its keys, and prints a one-time set-up secret.")
        {
            CommandLine.Data, CommandLine.DatabaseOption,
        };
        command.SetAction(async (parsed, cancel) =>
            await Run(Path.GetFullPath(parsed.GetValue(CommandLine.Data)!), parsed.GetValue(CommandLine.DatabaseOption), time, cancel));
        return command;
    }

    private static async Task<int> Run(string data, string? databaseFile, TimeProvider time, CancellationToken cancel)
    {
        if (CommandLine.IsInitialised(data))
            return CommandLine.Fail($"{data} is initialised already; nothing was changed", $"start it: writ-server serve --data {data}");
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(data, own);
        File.SetUnixFileMode(data, own);

        var database = CommandLine.Open(data, databaseFile);
        await database.Migrate(cancel);
        ServerKeys.Create(data, time.GetUtcNow());
        var keys = ServerKeys.Load(data);
        using var sequencer = new Sequencer(database, NullLogger<Sequencer>.Instance);
        var secret = await new WriteTransaction(database, sequencer, time).Commit<string>(scope =>
        {
            var made = SetUpFirstAdmin.Create(scope);
            scope.Record(new(AuditType.ServerInitialised, AuditActor.System, null, new() { ["authority"] = keys.AuthorityFingerprint }));
            return Task.FromResult<Writ.Proof.Errors.Result<string>>(made);
        });

        Console.Error.WriteLine($"initialised {data} ({await database.Describe(cancel)})");
        Console.Error.WriteLine("the set-up secret below makes the first admin, once, within 24 hours: writ setup NAME");
        Console.WriteLine(secret.Value);
        return 0;
    }
}
