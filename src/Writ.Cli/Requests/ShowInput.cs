using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Cli.Files;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Requests;

/// <summary><c>writ input</c>: the files that a request's command reads, for whoever decides on it. Bytes whose digest is not the plan's are not shown.</summary>
internal static class ShowInput
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("REQUEST", "the request, req_…");
        var number = new Argument<int?>("NUMBER") { Description = "which of them, from 0; without it they are listed", HelpName = "NUMBER", Arity = ArgumentArity.ZeroOrOne };
        return new Verb("input", "List the files that a request's command reads, or show one",
            "writ input req_06bqz3w1x8", "writ input req_06bqz3w1x8 0 | less").With(id, number).Does(async (parse, cancel) =>
        {
            var name = Shared.CheckedId(parse.GetRequiredValue(id), "req_", "request");
            var request = (await context.Server.GetAsync($"/v1/requests/{name}", WritJson.Default.RequestView, cancel)).Value;
            var inputs = request.Plan.Inputs ?? [];
            if (parse.GetValue(number) is not { } wanted)
            {
                var table = new Columns(context.Terminal, "number", "file", "purpose", "bytes", "sha256");
                foreach (var (at, input) in inputs.Index())
                    table.Row(at.ToString(CultureInfo.InvariantCulture), input.Argument, input.Purpose, input.Bytes.ToString("N0", CultureInfo.InvariantCulture), input.Sha256);
                table.Print();
                return ExitCode.Ok;
            }

            if (wanted < 0 || wanted >= inputs.Count)
                throw new Stop(ExitCode.Failed, $"{name} has no file {wanted}", $"writ input {name} lists them");
            var bytes = (await context.Server.GetRawAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/requests/{name}/inputs/{wanted}"), cancel)).Value;
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != inputs[wanted].Sha256)
                throw new Stop(ExitCode.Failed, "the server sent another file than the one that is decided on");
            WrittenFiles.Show(context.Terminal, bytes);
            return ExitCode.Ok;
        });
    }
}
