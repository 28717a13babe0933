using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Templates;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Templates;

/// <summary>Which versions of templates were in force, by whom; and what was asked for by them.</summary>
internal static class TemplateVersions
{
    /// <summary>What of a policy's templates is not in force as it is, in words: it comes into force by a second person's word.</summary>
    public static IReadOnlyList<string> Changed(PolicyDocument? old, PolicyDocument policy) =>
        [.. policy.Templates.Values.Where(template => !IsInForce(old, template)).Select(template => $"template '{template.Name}' would be {(old?.Templates.ContainsKey(template.Name) == true ? "another" : "in force")}")];

    /// <summary>Records what came into force and what went out of it with a policy, in its transaction.</summary>
    /// <param name="author">Whoever applied or proposed it.</param>
    /// <param name="by">Whoever's word brings it into force.</param>
    /// <param name="confirmedBy">The second person, or null where there was none.</param>
    public static async Task Record(WriteScope scope, PolicyDocument? old, PolicyDocument policy, long number, ActorId author, AuditActor by, string? confirmedBy, string? source)
    {
        var owner = policy.Templates.Count == 0 ? null : await scope.Db.Actors.Where(row => row.Id == author).Select(row => row.OwnerId).SingleOrDefaultAsync();
        foreach (var template in policy.Templates.Values.Where(template => !IsInForce(old, template)))
        {
            var row = new TemplateRow
            {
                Name = template.Name, Version = (await scope.Db.Templates.Where(row => row.Name == template.Name).MaxAsync(row => (int?)row.Version) ?? 0) + 1, Digest = template.Digest,
                Policy = number, By = author, OwnerOfBy = owner, Authors = [.. template.Authors], ConfirmedBy = confirmedBy, AppliedAt = scope.Now,
            };
            scope.Db.Templates.Add(row);
            scope.Record(new(AuditType.TemplateApplied, by, null, new()
            {
                ["template"] = row.Name, ["version"] = row.Version, ["sha256"] = row.Digest, ["policy"] = policy.Hash, ["proposed_by"] = author.ToString(), ["authors"] = AuditEvent.Texts(row.Authors),
            }, source));
        }

        foreach (var template in (old?.Templates.Values ?? []).Where(template => !policy.Templates.ContainsKey(template.Name)))
            scope.Record(new(AuditType.TemplateWithdrawn, by, null, new() { ["template"] = template.Name, ["sha256"] = template.Digest, ["policy"] = policy.Hash }, source));
    }

    /// <summary>The version of a template of the policy in force; null where it was never recorded, and then nobody uses it.</summary>
    public static async Task<TemplateRow?> InForce(WritDb db, Template template) =>
        await db.Templates.AsNoTracking().Where(row => row.Name == template.Name).OrderByDescending(row => row.Version).FirstOrDefaultAsync() is { } row && row.Digest == template.Digest ? row : null;

    /// <summary>The use by which a request was made, if this policy still has the template as it was; null where it was a command of one's own.</summary>
    public static Result<TemplateUse?> Used(PolicyDocument policy, RequestRow request)
    {
        if (request.Template is not { } name)
            return (TemplateUse?)null;
        if (!policy.Templates.TryGetValue(name, out var template))
            return new Refusal(ErrorCode.Denied, $"template {name} was withdrawn");
        if (template.Digest != request.TemplateDigest)
            return new Refusal(ErrorCode.Denied, $"template {name} was changed since it was used");
        var use = template.Fill(Parameters(request));
        return use.IsOk ? use.Value : new Refusal(ErrorCode.Denied, $"template {name} no longer takes what it was used with: {use.Refusal.Message}");
    }

    /// <summary>What was asked for, with the template by which it was.</summary>
    public static AskedTerms TermsOf(RequestRow request) => new(request.Duration, request.Uses, request.Reason, request.Ticket)
    {
        Template = request.Template is { } name ? new(name, null) : null,
        BreakGlass = request.BreakGlass,
        Recurring = request.Series is not null,
    };

    /// <summary>Whether somebody wrote or proposed the template by which a request was made: they do not decide on its use, whatever their roles.</summary>
    public static async Task<bool> IsAuthor(WritDb db, RequestRow request, ActorId person)
    {
        if (request.Template is null)
            return false;
        var row = await db.Templates.AsNoTracking().SingleOrDefaultAsync(row => row.Name == request.Template && row.Version == request.TemplateVersion);
        var name = await db.Actors.Where(actor => actor.Id == person).Select(actor => actor.Name).SingleOrDefaultAsync();
        // Of a version that nobody knows, everybody may be the author.
        return row is null || name is null || row.IsAuthor(person, name);
    }

    /// <summary>What a request was made by, as the API shows it.</summary>
    public static TemplateUseView? View(RequestRow request) => request.Template is { } name ? new(name, request.TemplateVersion!.Value, request.TemplateDigest!, Parameters(request)) : null;

    /// <summary>What a use is of, as the API shows it; null where its version was never recorded.</summary>
    public static async Task<TemplateUseView?> View(WritDb db, TemplateUse use) =>
        await InForce(db, use.Template) is { } row ? new(row.Name, row.Version, row.Digest, use.Values.ToDictionary(StringComparer.Ordinal)) : null;

    /// <summary>The same in an entry of the log.</summary>
    public static JsonObject? Entry(RequestRow request) => View(request) is not { } view ? null : new()
    {
        ["name"] = view.Name, ["version"] = view.Version, ["sha256"] = view.Sha256,
        ["parameters"] = new JsonObject(view.Parameters.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
    };

    /// <summary>Values as a request's row keeps them.</summary>
    public static string Parameters(TemplateUse use) => JsonSerializer.Serialize(use.Values.ToDictionary(StringComparer.Ordinal), JsonSerializerOptions.Default);

    private static Dictionary<string, string> Parameters(RequestRow request) => JsonSerializer.Deserialize<Dictionary<string, string>>(request.TemplateParameters!, JsonSerializerOptions.Default)!;

    private static bool IsInForce(PolicyDocument? policy, Template template) => policy is not null && policy.Templates.TryGetValue(template.Name, out var known) && known.Digest == template.Digest;
}
