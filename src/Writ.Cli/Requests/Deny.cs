namespace Writ.Cli.Requests;

/// <summary><c>writ deny</c></summary>
internal static class Deny
{
    public static Verb Verb(CliContext context)
    {
        var decision = new Decision();
        return decision.AddTo(new Verb("deny", "Say no to a request",
            "writ deny req_06bqz3w1x8 --comment 'not during the freeze'")).Does(async (parse, cancel) =>
        {
            var request = await decision.ShowAsync(context, parse, cancel);
            var decided = await decision.SendAsync(context, parse, request, "deny", cancel);
            return decision.Print(context, parse, decided, view => $"{view.State}: {view.Id} of {view.Actor.Name}");
        });
    }
}
