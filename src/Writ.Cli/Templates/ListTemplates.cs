using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Templates;

/// <summary><c>writ templates</c></summary>
internal static class ListTemplates
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("templates", "List the templates in force; show, check, apply or withdraw one", "writ templates", "writ run @web-check host=web1.staging"))
            .With(List(context), ShowTemplate.Verb(context), CheckTemplate.Verb(context), ApplyTemplate.Verb(context), WithdrawTemplate.Verb(context))
            .Does((parse, cancel) => PrintAsync(context, list, parse, cancel));
    }

    private static Verb List(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("list", "List the templates in force", "writ templates list")).Does((parse, cancel) => PrintAsync(context, list, parse, cancel));
    }

    private static Task<int> PrintAsync(CliContext context, Listing list, System.CommandLine.ParseResult parse, CancellationToken cancel) =>
        list.PrintAsync(context, parse, "/v1/templates", WritJson.Default.PageTemplateView, items =>
        {
            var table = new Columns(context.Terminal, "template", "version", "what it is for", "yours by", "how it is used");
            foreach (var item in items)
                table.Row(item.Name, item.Version.ToString(CultureInfo.InvariantCulture), item.Description, string.Join(", ", item.Rules), TemplateText.Usage(item));
            table.Print();
        }, cancel);
}
