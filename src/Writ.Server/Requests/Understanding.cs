using Writ.Contracts.Requests;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Files;
using Writ.Server.Policy;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Requests;

/// <summary>
/// What asking and explaining share: the words and files of a caller become a plan, or a refusal that is on the record as an
/// attempt. That a file is missing is no attempt: it is how a client learns which to send.
/// </summary>
internal sealed class Understanding(Planner planner, PolicyInForce policies, RefusedAttempts refused, TimeProvider time)
{
    private const int MostArguments = 4_096;
    private const int MostText = 2_000;
    private const int LongestCommand = 1 << 20;

    /// <summary>What is wrong with the call itself, or null.</summary>
    public static Refusal? Malformed(AskForAccess ask)
    {
        if (ask.Command.Count > MostArguments || ask.Command.Any(argument => argument is null || argument.Contains('\0')))
            return new(ErrorCode.InvalidCommand, $"a command has at most {MostArguments} arguments, and none holds a NUL byte");
        if (ask.Command.Sum(argument => (long)argument.Length) > LongestCommand)
            return new(ErrorCode.TooLarge, "the command is larger than 1 MiB", "put the targets into a file: -iL FILE");
        if (ask.Reason?.Length > MostText || ask.Ticket?.Length > MostText)
            return new(ErrorCode.InvalidInput, $"reason and ticket have at most {MostText} characters");
        if (ask.DurationSeconds is { } seconds && (!double.IsFinite(seconds) || seconds < 1 || seconds > 366 * 86_400d))
            return new(ErrorCode.DurationTooLong, "the duration is not between one second and a year", "for example --for 30m");
        if (ask.Uses is < 1 or > 1_000_000)
            return new(ErrorCode.TooManyUses, "the number of uses is not between 1 and 1000000");
        if (ask is { BreakGlass: true, Start: not null })
            return new(ErrorCode.InvalidInput, "the glass is broken for now, not for later", "leave the start out");
        return SeriesTerms.Malformed(ask) ?? FillTemplate.Malformed(ask.Template, ask.Command) ?? SentFiles.Wrong(ask.Inputs);
    }

    /// <summary>For how long, how often and why, and by which template.</summary>
    public static AskedTerms Terms(AskForAccess ask, TemplateUse? use)
    {
        var terms = new AskedTerms(ask.DurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null, ask.Uses, ask.Reason, ask.Ticket) { BreakGlass = ask.BreakGlass, Recurring = ask.Series is not null };
        return use?.Of(terms) ?? terms;
    }

    /// <summary>What was asked for as a command: as it was typed, or as the template makes it, with the template's own reason where none was given.</summary>
    public async Task<Result<(AskForAccess Ask, TemplateUse? Use)>> Filled(WritDb db, Caller caller, AskForAccess ask, string? attempt)
    {
        if (ask.Template is not { } by)
            return (ask, (TemplateUse?)null);
        var policy = await policies.Get(db);
        var use = policy.IsOk ? FillTemplate.Of(policy.Value, by) : policy.Refusal;
        var refusal = use.IsOk ? use.Value.Template.Wrong(Terms(ask, use.Value)) : use.Refusal;
        if (refusal is null)
            return (ask with { Command = use.Value.Command, Reason = Terms(ask, use.Value).Reason }, use.Value);
        // What a client asks the person for and sends again is no attempt.
        if (attempt is not null && refusal.Code != ErrorCode.ReasonRequired)
            await Record(caller, ask, attempt, refusal);
        return refusal;
    }

    /// <summary>The plan.</summary>
    /// <param name="db">Where the runners stand.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="ask">What was asked; well-formed.</param>
    /// <param name="use">The template's use that made the command, or null.</param>
    /// <param name="attempt">What a refusal is recorded as; null for what was no attempt.</param>
    /// <param name="cancel">The caller went away.</param>
    public async Task<Result<Planned>> Of(WritDb db, Caller caller, AskForAccess ask, TemplateUse? use, string? attempt, CancellationToken cancel)
    {
        var policy = await policies.Get(db);
        var (subject, at) = (Reevaluation.SubjectOf(caller), SeriesTerms.When(ask, time.GetUtcNow()));
        var planned = policy.IsOk
            ? await planner.Plan(db, policy.Value, ask.Command, SentFiles.Contents(ask.Inputs), plan => Evaluator.Evaluate(policy.Value, subject, plan, Terms(ask, use), at), cancel)
            : policy.Refusal;
        if (planned.IsOk && use?.Outside(planned.Value.Plan) is { } outside)
            planned = outside;
        if (attempt is not null && !planned.IsOk && planned.Refusal.Code != ErrorCode.InputNeeded)
            await Record(caller, ask, attempt, planned.Refusal);
        return planned;
    }

    /// <summary>Puts a refused attempt on the record.</summary>
    public Task Record(Caller caller, AskForAccess ask, string attempt, Refusal refusal) => refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new()
    {
        ["attempt"] = attempt,
        ["template"] = ask.Template?.Name is { } name ? RequestAccess.Shown(name) : null,
        ["command"] = AuditEvent.Texts(ask.Command),
        ["code"] = refusal.Code,
        ["message"] = refusal.Message,
    }, caller.SourceAddress));
}
