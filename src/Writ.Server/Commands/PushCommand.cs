using System.CommandLine;
using Writ.Server.Notices;

namespace Writ.Server.Commands;

/// <summary><c>writ-server push</c>: the key by which push services know this server.</summary>
internal static class PushCommand
{
    private static readonly Argument<string> KeyFile = new("FILE") { Description = "The file of the key" };

    public static Command Build()
    {
        var key = new Command("key", "Makes the key by which push services know this server. The private half stands in the file alone; the public one is printed.") { KeyFile };
        key.SetAction(parsed => Make(Path.GetFullPath(parsed.GetValue(KeyFile)!)));
        return new("push", "Notices to people in their browsers.") { key };
    }

    private static int Make(string file)
    {
        if (File.Exists(file))
            return CommandLine.Fail($"{file} is there already", "every browser that is on was turned on with it");
        var (pem, half) = VapidKey.Make();
        using (var writer = new StreamWriter(new FileStream(file, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        })))
            writer.Write($"{pem}\n");
        Console.Error.WriteLine($"the key is in {file}; its public half, which browsers get:");
        Console.WriteLine(half);
        return 0;
    }
}
