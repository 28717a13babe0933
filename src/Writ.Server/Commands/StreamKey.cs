using System.CommandLine;
using Writ.Server.Streams;

namespace Writ.Server.Commands;

/// <summary><c>writ-server stream key</c>: a key by which a webhook's receiver tells that its events come from here.</summary>
internal static class StreamKey
{
    private static readonly Argument<string> KeyFile = new("FILE") { Description = "The file of the webhook's keys" };
    private static readonly Option<bool> Signing = new("--signing") { Description = "A signing key (Ed25519), of which the receiver gets the public half alone, instead of a secret that both have" };
    private static readonly Option<bool> Append = new("--append") { Description = "One more key in a file that is there: both sign, until its first line is taken out" };

    public static Command Build()
    {
        var key = new Command("key", "Makes a key of a webhook. A secret stands in the file alone; of a signing key the public half is printed.") { KeyFile, Signing, Append };
        key.SetAction(parsed => Make(Path.GetFullPath(parsed.GetValue(KeyFile)!), parsed.GetValue(Signing), parsed.GetValue(Append)));
        return key;
    }

    private static int Make(string file, bool signing, bool append)
    {
        if (File.Exists(file) != append)
            return CommandLine.Fail(append ? $"there is no {file}" : $"{file} is there already", append ? null : "one more key in it: --append");
        var (key, half) = signing ? StandardWebhook.NewSigningKey() : (StandardWebhook.NewSecret(), null);
        var begin = append && !File.ReadAllText(file).EndsWith('\n') ? "\n" : "";
        using (var writer = new StreamWriter(new FileStream(file, new FileStreamOptions
        {
            Mode = append ? FileMode.Append : FileMode.CreateNew, Access = FileAccess.Write,
            UnixCreateMode = append ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        })))
            writer.Write($"{begin}{key}\n");
        Console.Error.WriteLine(half is null ? $"the secret is in {file}: give the receiver that line" : $"the key is in {file}; its public half, for the receiver:");
        if (half is not null)
            Console.WriteLine(half);
        return 0;
    }
}
