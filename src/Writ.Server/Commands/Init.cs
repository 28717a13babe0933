using System.CommandLine;
using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary><c>writ-server init</c>: the data folder, the keys, the schema, and the one-time set-up secret.</summary>
internal static class Init
{
    private static readonly Option<string?> LogOrigin = new("--log-origin")
    {
        Description = "The audit log's name in its checkpoints, for example writ.example.com/log; a random one without it", HelpName = "NAME",
    };

    private static readonly Option<string?> PublicUrl = new("--public-url") { Description = "What browsers call the server: the set-up secret is printed as a link to open there", HelpName = "URL" };

    public static Command Build(TimeProvider time)
    {
        var command = new Command("init", "Creates the data folder and its keys, and prints a one-time set-up secret.")
        {
            CommandLine.Data, CommandLine.DatabaseOption, LogOrigin, PublicUrl,
        };
        command.SetAction(async (parsed, cancel) =>
            await Run(Path.GetFullPath(parsed.GetValue(CommandLine.Data)!), parsed.GetValue(CommandLine.DatabaseOption), parsed.GetValue(LogOrigin), parsed.GetValue(PublicUrl), time, cancel));
        return command;
    }

    private static async Task<int> Run(string data, string? databaseFile, string? origin, string? publicUrl, TimeProvider time, CancellationToken cancel)
    {
        if (CommandLine.IsInitialised(data))
            return CommandLine.Fail($"{data} is initialised already; nothing was changed", $"start it: writ-server serve --data {data}");
        if (origin is not null && !LogKeys.IsOrigin(origin))
            return CommandLine.Fail($"--log-origin: '{origin}' cannot be the name of a log", "for example writ.example.com/log: no white space, no plus", 2);
        if (publicUrl is not null && !Uri.TryCreate(publicUrl, UriKind.Absolute, out _))
            return CommandLine.Fail($"--public-url: '{publicUrl}' is not where a server is", "for example https://writ.example.com", 2);
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(data, own);
        File.SetUnixFileMode(data, own);

        var database = CommandLine.Open(data, databaseFile);
        await database.Migrate(cancel);
        ServerKeys.Create(data, time.GetUtcNow(), origin);
        var keys = ServerKeys.Load(data);
        using var bell = new SequencerBell();
        var secret = await new WriteTransaction(database, bell, time).Commit<string>(scope =>
        {
            var made = SetUpFirstAdmin.Create(scope);
            scope.Record(new(AuditType.ServerInitialised, AuditActor.System, null, new() { ["authority"] = keys.AuthorityFingerprint, ["log_key"] = keys.Log.Signers[0].Key.ToString() }));
            return Task.FromResult<Writ.Proof.Errors.Result<string>>(made);
        });

        Console.Error.WriteLine($"initialised {data} ({await database.Describe(cancel)})");
        Console.Error.WriteLine($"the audit log's public key, for whoever verifies it: {keys.Log.Signers[0].Key}");
        Console.Error.WriteLine(publicUrl is null
            ? "the set-up secret below makes the first admin, once, within 24 hours: writ setup NAME, or type it at /setup of the server in a browser"
            : "the link below makes the first admin, once, within 24 hours: open it in a browser");
        Console.WriteLine(publicUrl is null ? secret.Value : Identity.Accounts.SetUpLinks.Address(new(publicUrl), secret.Value));
        return 0;
    }
}
