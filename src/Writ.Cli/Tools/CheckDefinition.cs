using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Policy;
using Writ.Contracts;
using Writ.Contracts.Policy;
using Writ.Contracts.Tools;

namespace Writ.Cli.Tools;

/// <summary>Checking a file that stands by itself in a policy: the definition of a tool, or a template.</summary>
internal static class CheckDefinition
{
    /// <summary>The file.</summary>
    public static Argument<string> File(string description) => new("FILE") { Description = $"{description}, or - for standard input", HelpName = "FILE" };

    /// <summary>Reads it; the text goes to the server as it is, and the server judges it.</summary>
    public static async Task<DefinitionText> ReadAsync(CliContext context, string path, CancellationToken cancel)
    {
        if (Directory.Exists(path))
            throw Stop.Usage($"{path} is a folder; name a file", "writ policy check checks a folder with rules, definitions and templates");
        var read = await PolicyFile.ReadAsync(context, path, cancel);
        return new(read.Text, read.FileName);
    }

    /// <summary>Has a file checked, and prints what was found.</summary>
    /// <param name="parse">The file and the format.</param>
    /// <param name="at">Where the server checks.</param>
    /// <param name="what">What it is, with its article.</param>
    /// <param name="found">Of the answer: whether it is right, its name, its examples and its problems.</param>
    public static async Task<int> CheckAsync<T>(
        CliContext context, (string File, string? Format) parse, string at, string what, JsonTypeInfo<T> type, Func<T, (bool Ok, string Name, int Examples, IReadOnlyList<PolicyProblemView> Problems)> found, CancellationToken cancel)
        where T : class
    {
        var answer = await context.Server.PostAsync(at, await ReadAsync(context, parse.File, cancel), WritJson.Default.DefinitionText, type, cancel);
        var check = found(answer.Value);
        if (parse.Format == "json")
        {
            JsonText.Print(context.Terminal, answer.Json);
            return check.Ok ? ExitCode.Ok : ExitCode.Failed;
        }

        Problems.Print(context, check.Problems, "");
        if (!check.Ok)
            throw new Stop(ExitCode.Failed, $"{what} cannot be applied: {Problems.Count(check.Problems.Count, "problem")}");
        context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture, $"ok: {check.Name}, {Problems.Count(check.Examples, "example")} passed")));
        return ExitCode.Ok;
    }
}
