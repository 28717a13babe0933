using System.Diagnostics;

namespace Writ.SystemTests.Databases;

/// <summary>Short commands of the system that a fixture needs.</summary>
internal static class Commands
{
    /// <exception cref="InvalidOperationException">It failed.</exception>
    /// <returns>What it printed.</returns>
    public static async Task<string> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error.Trim()}");
        return await output;
    }
}
