using Writ.Contracts.Requests;
using Writ.Contracts.Templates;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.WebConsole.Ask;

/// <summary>Explains and asks, by the API's own verbs.</summary>
internal sealed class AskHere(Visit visit, Explain explain, Requests.Ask ask, ShowTemplates templates, Database database, PolicyInForce policies, TimeProvider time)
{
    private readonly string _key = $"console-{Guid.CreateVersion7(time.GetUtcNow())}";

    /// <summary>What it would mean, and what policy says of it. What is being typed is no attempt, and is not on the record.</summary>
    public async Task<Result<Outlined>> Explain(Draft draft)
    {
        var read = draft.Read();
        if (!read.IsOk)
            return read.Refusal;
        var view = await Look(read.Value);
        if (!view.IsOk)
            return view.Refusal;
        await using var db = database.Open();
        var policy = await policies.Get(db) is { IsOk: true } inForce ? inForce.Value : null;
        var couldBreak = !draft.BreakGlass && view.Value.Evaluation.Verdict != "allow" && policy?.Rules.Any(rule => rule.BreakGlass) == true && await WouldOpen(read.Value);
        return Outlined.Of(view.Value, policy, draft.BreakGlass, couldBreak);
    }

    private Task<Result<ExplainView>> Look(AskForAccess ask) => visit.Do("Explain", caller => explain.Of(caller, ask, CancellationToken.None, typing: true));

    /// <summary>Whether the same would be given to whoever broke the glass for it, once they have said why.</summary>
    private async Task<bool> WouldOpen(AskForAccess ask) =>
        await Look(ask with { BreakGlass = true, Reason = ask.Reason ?? "not said yet" }) is { IsOk: true, Value: { Evaluation.Verdict: "allow", Withheld: null } };

    /// <summary>The templates that the one who looks may use; none where they are signed out.</summary>
    public async Task<IReadOnlyList<TemplateView>> Templates() =>
        await visit.Who() is { } caller ? [.. (await templates.All(caller, CancellationToken.None)).Where(template => template.Rules.Count > 0)] : [];

    /// <summary>Asks; the id of the request. Pressed twice, it is asked once.</summary>
    public async Task<Result<string>> Ask(Draft draft)
    {
        var read = draft.Read();
        if (!read.IsOk)
            return read.Refusal;
        return await visit.Do<string>("AskForAccess", async caller =>
        {
            var made = await ask.Create(caller, read.Value, $"{_key}-{draft.Digest}");
            return !made.IsOk ? made.Refusal : made.Value.Denial is { } denial ? denial : made.Value.Request.Id.ToString();
        });
    }
}
