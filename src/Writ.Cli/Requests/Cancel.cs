using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Requests;

namespace Writ.Cli.Requests;

/// <summary><c>writ cancel</c></summary>
internal static class Cancel
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("REQUEST", "the request, req_…");
        var comment = Shared.Text("--comment", "for the record", "TEXT");
        var format = Shared.Format();
        return new Verb("cancel", "Take a request of one's own back", "writ cancel req_06bqz3w1x8").With(id, comment, format).Does(async (parse, cancel) =>
        {
            var request = Shared.CheckedId(parse.GetRequiredValue(id), "req_", "request");
            var answer = await context.Server.PostAsync(
                $"/v1/requests/{request}/cancel", new CancelAsk(parse.GetValue(comment)), WritJson.Default.CancelAsk, WritJson.Default.RequestView, cancel);
            var view = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line($"{view.State}: {view.Id}"));
            return ExitCode.Ok;
        });
    }
}
