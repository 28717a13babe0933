using System.CommandLine;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary>
/// What the server's own verbs share: options, exit codes (0 ok, 1 failed, 2 usage), and errors as one lowercase line with
/// a hint, never a stack trace.
/// </summary>
internal static class CommandLine
{
    public static Option<string> Data { get; } = new("--data") { Description = "The data folder", Required = true, HelpName = "DIR" };

    public static Option<string?> DatabaseOption { get; } = new("--database")
    {
        Description = "A file with the PostgreSQL connection string (or WRIT_DATABASE); SQLite in the data folder without one", HelpName = "FILE",
    };

    public static async Task<int> Run(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
            return Fail(Lower(parsed.Errors[0].Message), "writ-server --help", 2);
        try
        {
            return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false });
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or CryptographicException or DbException
                                           or FormatException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            return Fail(Lower(failed.Message.Split('\n')[0]), null);
        }
    }

    public static int Fail(Refusal refusal, int code = 1) => Fail(refusal.Message, refusal.Hint, code);

    public static int Fail(string message, string? hint, int code = 1)
    {
        Console.Error.WriteLine($"writ-server: {message}");
        if (hint is not null)
            Console.Error.WriteLine($"hint: {hint}");
        return code;
    }

    /// <summary>The connection string stands in a file or the environment: never in argv, where everybody on the machine reads it.</summary>
    public static Database Open(string data, string? databaseFile)
    {
        var connection = databaseFile is not null ? File.ReadAllText(databaseFile).Trim() : Environment.GetEnvironmentVariable("WRIT_DATABASE");
        return string.IsNullOrEmpty(connection) ? Database.Sqlite(Path.Combine(data, "writ.db")) : Database.Postgres(connection);
    }

    /// <summary>True when the folder was made by <c>init</c>.</summary>
    public static bool IsInitialised(string data) => Directory.Exists(ServerKeys.FolderOf(data));

    /// <summary>Reads <c>90s</c>, <c>30m</c>, <c>8h</c>, <c>2d</c>.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        if (text.Length < 2 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        TimeSpan? unit = text[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => null,
        };
        if (unit is null || number > 1_000_000)
            return false;
        duration = unit.Value * number;
        return true;
    }

    private static string Lower(string message) =>
        message.Length == 0 ? message : char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');
}
