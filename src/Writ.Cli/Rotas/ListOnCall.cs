using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Rotas;

namespace Writ.Cli.Rotas;

/// <summary><c>writ on-call</c></summary>
internal static class ListOnCall
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("on-call", "Tell who is on call now, and until when", "writ on-call")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/on-call", WritJson.Default.PageOnCallView, items =>
            {
                var table = new Columns(context.Terminal, "rota", "on call", "until", "has the roles", "said by");
                foreach (var item in items)
                    table.Row(item.Rota, People(item), item.Until is { } until ? When.Full(until, context.Now) : "-", string.Join(", ", item.Roles), item.Source is { } source ? $"source {source}" : "policy");
                table.Print();
                foreach (var item in items.Where(item => item.Unknown is not null))
                    context.Terminal.Say($"writ: {Printable.Line(item.Unknown!)}");
            }, cancel));
    }

    private static string People(OnCallView item) => item.Unknown is not null ? "not known"
        : item.People.Count == 0 ? "nobody"
        : string.Join(", ", item.People.Select(person => person.State switch { "user" => person.Name, "disabled" => $"{person.Name} (disabled)", _ => $"{person.Name} (no such user)" }));
}
