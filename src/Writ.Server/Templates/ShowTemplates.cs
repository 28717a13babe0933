using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Templates;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Templates;

/// <summary>The templates in force, with which of them the caller may use. Everybody who is signed in may read them, as they may the policy.</summary>
internal sealed class ShowTemplates(Database database, PolicyInForce policies)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/templates", async (ShowTemplates verb, HttpContext context, CancellationToken cancel) =>
        {
            var all = await verb.All(context.Caller(), cancel);
            return Results.Ok(new Page<TemplateView>([.. all.Select(view => view with { Definition = null })], null));
        }).WithName("ListTemplates").Needs(Access.SignedIn).Produces<Page<TemplateView>>();
        routes.MapGet("/templates/{name}", async (string name, ShowTemplates verb, HttpContext context, CancellationToken cancel) => (await verb.Of(context.Caller(), name, cancel)).ToHttp())
            .WithName("ShowTemplate").Needs(Access.SignedIn).Produces<TemplateView>();
    }

    /// <summary>All of them, by name.</summary>
    public async Task<IReadOnlyList<TemplateView>> All(Caller caller, CancellationToken cancel)
    {
        await using var db = database.Open();
        if (await policies.Get(db) is not { IsOk: true, Value: var policy })
            return [];
        var rows = await db.Templates.AsNoTracking().ToListAsync(cancel);
        var names = await db.NamesOf(rows.Select(row => row.By), cancel);
        var roles = policy.RolesOf(Reevaluation.SubjectOf(caller));
        return
        [
            .. from template in policy.Templates.Values.OrderBy(template => template.Name, StringComparer.Ordinal)
               let row = rows.Where(row => row.Name == template.Name).MaxBy(row => row.Version)
               where row?.Digest == template.Digest
               select View(template, row, names[row.By], [.. policy.Rules.Where(rule => rule.Templates?.Contains(template.Name) == true && rule.Roles.Any(roles.Contains)).Select(rule => rule.Id)]),
        ];
    }

    /// <summary>One of them, with its text.</summary>
    public async Task<Result<TemplateView>> Of(Caller caller, string name, CancellationToken cancel)
    {
        if ((await All(caller, cancel)).FirstOrDefault(view => view.Name == name) is { } found)
            return found;
        await using var db = database.Open();
        var policy = await policies.Get(db);
        return Missing(name, policy.IsOk ? policy.Value : null);
    }

    /// <summary>The refusal of a name that no template in force has.</summary>
    public static Refusal Missing(string name, PolicyDocument? policy) => new(ErrorCode.NotFound, $"there is no template '{RequestAccess.Shown(name)}'",
        policy?.TemplateHint(name) ?? "an admin applies a policy first");

    private static TemplateView View(Template template, TemplateRow row, string author, IReadOnlyList<string> rules) => new(
        template.Name, template.Description, row.Version, template.Digest, template.Tool, [.. template.Command.Select(word => string.Concat(word.Parts.Select(part => part.IsPlace ? $"{{{part.Text}}}" : part.Text)))],
        [.. template.Parameters.Select(View)], template.MaxDuration?.TotalSeconds, template.Reason,
        [.. template.RequireReason ? ["reason"] : Array.Empty<string>(), .. template.RequireTicket ? ["ticket"] : Array.Empty<string>()],
        [.. template.Authors.Prepend(author).Distinct()], row.ConfirmedBy, row.AppliedAt, rules, template.Text);

    private static ParameterView View(TemplateParameter parameter) => new(
        parameter.Name, parameter.Kind, parameter.Means, Says(parameter), parameter.Argument.Default, parameter.Argument.Value == ValueKind.Choice ? parameter.Argument.Of : null);

    /// <summary>The bounds of a parameter's values, in words.</summary>
    private static string Says(TemplateParameter parameter)
    {
        var (least, most) = parameter.Argument.Bounds;
        return parameter.Argument.Value switch
        {
            ValueKind.Host => $"an address or a name, within {string.Join(", ", parameter.WithinTexts)}",
            ValueKind.Hosts => $"addresses, networks or ranges, within {string.Join(", ", parameter.WithinTexts)}",
            ValueKind.HostPort => $"HOST:PORT, within {string.Join(", ", parameter.WithinTexts)}",
            ValueKind.Url => $"a URL, within {string.Join(", ", parameter.WithinTexts)}",
            ValueKind.Port => parameter.Ports is { } port ? $"a port of {port}" : "a port",
            ValueKind.Ports => parameter.Ports is { } ports ? $"ports within {ports}" : "ports, such as 22,80,8000-8100",
            ValueKind.Number => string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"),
            ValueKind.Duration => $"a duration from {Duration.Format(TimeSpan.FromSeconds((double)least))} to {Duration.Format(TimeSpan.FromSeconds((double)most))}",
            ValueKind.Choice => $"one of {string.Join(", ", parameter.Argument.Of)}",
            _ => string.Create(CultureInfo.InvariantCulture, $"a word of at most {parameter.Longest} characters"),
        };
    }
}
