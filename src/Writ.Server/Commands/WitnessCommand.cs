using System.CommandLine;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Witness;

namespace Writ.Server.Commands;

/// <summary>
/// <c>writ-server witness</c>: a second machine that watches other servers' logs. It keeps one head a log and one key, and
/// needs no database.
/// </summary>
internal static class WitnessCommand
{
    private const string KeyFile = "witness.key";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Option<string> Name = new("--name") { Description = "The witness's name in its cosignatures, for example witness.example.com", Required = true, HelpName = "NAME" };
    private static readonly Option<string> Url = new("--url") { Description = "Where it is served (http on loopback, or unix:///path; TLS is a proxy's)", Required = true, HelpName = "URL" };
    private static readonly Option<string[]> Logs = new("--log") { Description = "The public key of a log to watch; may be given several times", Required = true, HelpName = "KEY" };

    public static Command Build(TimeProvider time)
    {
        var init = new Command("init", "Makes the witness's key, and prints its public half.") { CommandLine.Data, Name };
        init.SetAction((parsed, _) => Task.FromResult(Init(Path.GetFullPath(parsed.GetValue(CommandLine.Data)!), parsed.GetValue(Name)!)));
        var serve = new Command("serve", "Cosigns checkpoints that begin with everything that was cosigned before.") { CommandLine.Data, Url, Logs };
        serve.SetAction((parsed, cancel) => Serve(Path.GetFullPath(parsed.GetValue(CommandLine.Data)!), parsed.GetValue(Url)!, parsed.GetValue(Logs)!, time, cancel));
        return new("witness", "A witness of other servers' audit logs.") { init, serve };
    }

    private static int Init(string data, string name)
    {
        if (!LogKeys.IsOrigin(name))
            return CommandLine.Fail($"--name: '{name}' cannot be the name of a witness", "for example witness.example.com: no white space, no plus", 2);
        var path = Path.Combine(data, KeyFile);
        if (File.Exists(path))
            return CommandLine.Fail($"{data} holds a witness already; nothing was changed", null);
        Directory.CreateDirectory(data, Private | UnixFileMode.UserExecute);
        var signer = NoteSigner.New(name, NoteKeyKind.Cosignature);
        DurableFile.Replace(path, signer.Secret() + "\n", Private);
        Console.WriteLine(signer.Key);
        return 0;
    }

    private static async Task<int> Serve(string data, string url, string[] logs, TimeProvider time, CancellationToken cancel)
    {
        var path = Path.Combine(data, KeyFile);
        if (!File.Exists(path))
            return CommandLine.Fail($"{data} holds no witness", $"make one: writ-server witness init --data {data} --name NAME");
        var signer = NoteSigner.Parse(File.ReadAllText(path));
        if (!signer.IsOk)
            return CommandLine.Fail($"{path}: {signer.Refusal.Message}", null);
        var keys = new List<NoteKey>();
        foreach (var log in logs)
        {
            var key = NoteKey.Parse(log);
            if (!key.IsOk)
                return CommandLine.Fail(key.Refusal, 2);
            keys.Add(key.Value);
        }

        if (new ServerSettings(data, [url], null, null).Check() is { } wrong)
            return CommandLine.Fail(wrong, 2);
        if (url.StartsWith("https:", StringComparison.Ordinal))
            return CommandLine.Fail("--url: a witness speaks plain http", "http on loopback behind a proxy that speaks TLS", 2);
        using var book = new WitnessBook(data, signer.Value, keys, time);
        await using var app = WitnessListener.Build(url, book);
        await app.StartAsync(cancel);
        Console.Error.WriteLine($"writ-server: witness {signer.Value.Key.Name} is ready on {url}");
        await app.WaitForShutdownAsync(cancel);
        return 0;
    }
}
