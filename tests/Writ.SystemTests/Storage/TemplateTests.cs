using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Contracts.Requests;
using Writ.Contracts.Templates;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Server.Decisions;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Templates;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A template comes into force by a second person's word, and opens one command with values in it; its author has no say on its use.</summary>
public abstract class TemplateTests(StorageEngine engine) : StorageTest(engine)
{
    private const string WebCheck = """
        version: 1
        template: web-check
        description: is the web server up
        command: [nmap, -sT, -Pn, -n, -p, "{ports}", "{host}"]
        parameters:
          host: { value: host, zones: [staging] }
          ports: { value: ports, within: "80,443", default: "80" }
        max-duration: 15m
        examples:
          - { with: { host: 10.20.0.5 }, argv: nmap -sT -Pn -n -p 80 10.20.0.5 }

        """;

    /// <summary>Support may use the template, with a reviewer's yes, and compose nothing.</summary>
    private static readonly string Rules = World.Policy.Replace("  operator:", "  support: { groups: [helpdesk] }\n  operator:", StringComparison.Ordinal)
        + "  - { id: support-checks, roles: [support], zones: [staging], templates: [web-check], max-duration: 1h, approval: { from: [reviewer], count: 1 } }\n";

    private static readonly TemplateAsk Use = new("web-check", new Dictionary<string, string> { ["host"] = "10.20.0.5" });

    private static async Task<Caller> Browser(World world, string name, params string[] groups) =>
        await world.Admin(name, groups) with { SignIn = new(SignInWay.Browser, world.Clock.GetUtcNow(), ["pwd", "otp"]) };

    private static string IdIn(Refusal waits) => waits.Message.Split(' ')[^1];

    private static Task<Result<(RequestRow Request, Refusal? Denial)>> Ask(World world, Caller caller, TemplateAsk? use = null, double? seconds = null) =>
        world.Get<Ask>().Create(caller, new(Template: use ?? Use, Reason: "a ticket", DurationSeconds: seconds), null);

    /// <summary>Ada's template, confirmed by bea, with a rule that opens it.</summary>
    private static async Task<(Caller Ada, Caller Bea)> InForce(World world)
    {
        var (ada, bea) = (await Browser(world, "ada", "secops"), await Browser(world, "bea"));
        var waits = (await world.Get<ApplyTemplate>().Apply(ada, new(WebCheck, "web-check.yaml"), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded);
        (await world.Get<DecideProposal>().Confirm(bea, IdIn(waits), Cancel)).ShouldBeOk().Kind.ShouldBe("template");
        await ApplyRules(world, WebCheck);
        return (ada, bea);
    }

    /// <summary>The operator's own act: what is in it of templates is in force already.</summary>
    private static async Task ApplyRules(World world, string template) =>
        (await world.Get<ApplyPolicy>().Apply(await world.Admin("operator"), new(Files: [new("policy.yaml", Rules), new("templates/web-check.yaml", template)]), Cancel)).ShouldBeOk();

    [Fact]
    public async Task Template_waits_for_a_second_person_and_is_one_version_however_often_its_policy_is_applied()
    {
        var world = await Create();
        var (ada, bea) = (await Browser(world, "ada", "secops"), await Browser(world, "bea"));
        var apply = world.Get<ApplyTemplate>();
        (await apply.Apply(await world.Developer(), new(WebCheck), Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
        (await apply.Apply(ada, new(WebCheck.Replace("staging", "stagin", StringComparison.Ordinal)), Cancel)).ShouldBeRefused(ErrorCode.InvalidPolicy).Reasons.ShouldNotBeNull()[0].ShouldContain("no zone is named 'stagin'");
        (await apply.Apply(ada, new(WebCheck.Replace("-p 80 10", "-p 81 10", StringComparison.Ordinal)), Cancel)).ShouldBeRefused(ErrorCode.InvalidPolicy);

        // It gives ada nothing, and waits all the same; by either way.
        var waits = (await apply.Apply(ada, new(WebCheck), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded);
        (await world.Get<ApplyPolicy>().Apply(ada, new(Files: [new("policy.yaml", World.Policy), new("w.yaml", WebCheck)]), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded).Reasons.ShouldBe(["template 'web-check' would be in force"]);
        (await world.Get<ShowTemplates>().All(ada, Cancel)).ShouldBeEmpty();
        (await world.Get<DecideProposal>().Confirm(ada, IdIn(waits), Cancel)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Get<DecideProposal>().Confirm(bea, IdIn(waits), Cancel)).ShouldBeOk().State.ShouldBe("confirmed");
        var shown = (await world.Get<ShowTemplates>().Of(bea, "web-check", Cancel)).ShouldBeOk();
        (shown.Version, shown.ConfirmedBy, shown.Authors.Single(), shown.Rules.Count, shown.Definition).ShouldBe((1, "bea", "ada", 0, WebCheck));

        await ApplyRules(world, WebCheck);
        (await world.Read(db => db.Templates.CountAsync())).ShouldBe(1);
        var entry = (await world.Entries(AuditType.TemplateApplied)).ShouldHaveSingleItem();
        (entry["template"], entry["version"], entry["sha256"], entry["proposed_by"]).ShouldBe(("web-check", "1", shown.Sha256, ada.Id.ToString()));

        // What a rule opens is not withdrawn under it.
        (await apply.Withdraw(ada, "web-check", Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await apply.Withdraw(ada, "web-chek", Cancel)).ShouldBeRefused(ErrorCode.NotFound).Hint.ShouldBe("did you mean 'web-check'?");
        await Operate(World.Policy);
        // A denial that comes into force meanwhile is not lost with the template.
        PolicyDocument seen;
        await using (var db = world.Open())
            seen = (await world.Get<PolicyInForce>().Get(db)).ShouldBeOk();
        await Operate(World.NoMoreStaging);
        (await world.Get<ApplyPolicy>().WithdrawTemplate(ada, seen, seen.Templates["web-check"], Cancel)).ShouldBeRefused(ErrorCode.StaleRevision);
        (await world.Get<ShowTemplates>().All(ada, Cancel)).ShouldHaveSingleItem();
        await Operate(World.Policy);
        (await apply.Withdraw(ada, "web-check", Cancel)).ShouldBeOk().Text.ShouldBe(World.Policy);
        (await world.Entries(AuditType.TemplateWithdrawn)).ShouldHaveSingleItem()["template"].ShouldBe("web-check");
        await world.ShouldBalance();

        async Task Operate(string rules) =>
            (await world.Get<ApplyPolicy>().Apply(await world.Admin("operator"), new(Files: [new("policy.yaml", rules), new("w.yaml", WebCheck)]), Cancel)).ShouldBeOk();
    }

    [Fact]
    public async Task Policy_without_what_is_in_force_of_templates_and_definitions_is_refused_until_somebody_says_that_it_goes()
    {
        const string Lookup = """
            version: 1
            tool: lookup
            summary: looks something up
            options:
              "-h": { value: host, required: true }
            network:
              - { purpose: lookup, tcp: "43" }
            examples:
              - { command: lookup -h 10.20.0.5 }
              - { command: lookup, refused: needs -h }

            """;
        var world = await Create();
        var (ada, _) = await InForce(world);
        var (apply, @operator) = (world.Get<ApplyPolicy>(), await world.Admin("operator"));
        PolicyFileText rules = new("policy.yaml", World.Policy), template = new("w.yaml", WebCheck), definition = new("lookup.yaml", Lookup);
        (await apply.Apply(@operator, new(Files: [rules, template, definition]), Cancel)).ShouldBeOk().Withdrawn.ShouldBeNull();
        var before = (await world.Read(db => world.Get<PolicyInForce>().Get(db))).ShouldBeOk().Hash;

        // Alike, whichever is not there, and whether anything of the kind is; what would go is told, and nothing changes.
        foreach (var (files, gone) in ((PolicyFileText[], string[])[])
                 [
                     ([rules], ["template web-check", "definition of tool lookup"]),
                     ([rules, definition], ["template web-check"]),
                     ([rules, template], ["definition of tool lookup"]),
                     ([rules, definition, template with { Text = WebCheck.Replace("template: web-check", "template: web-look", StringComparison.Ordinal) }], ["template web-check"]),
                 ])
        {
            var refused = (await apply.Apply(@operator, new(Files: files), Cancel)).ShouldBeRefused(ErrorCode.WouldWithdraw);
            refused.Reasons.ShouldBe(gone);
            refused.Hint!.ShouldContain("--withdraw");
            (await world.Get<DiffPolicy>().Diff(@operator, new(Files: files), null, Cancel)).ShouldBeOk().Withdraws.ShouldBe(gone);
        }

        (await apply.Apply(@operator, new(World.Policy), Cancel)).ShouldBeRefused(ErrorCode.WouldWithdraw);
        (await world.Read(db => world.Get<PolicyInForce>().Get(db))).ShouldBeOk().Hash.ShouldBe(before);
        (await world.Entries(AuditType.TemplateWithdrawn)).ShouldBeEmpty();
        // One template alone takes nothing else out; and the same policy again is no word about anything.
        (await world.Get<ApplyTemplate>().Apply(@operator, new(WebCheck.Replace("default: \"80\"", "default: \"443\"", StringComparison.Ordinal).Replace("-p 80 10", "-p 443 10", StringComparison.Ordinal)), Cancel)).ShouldBeOk();
        (await world.Get<DiffPolicy>().Diff(@operator, new(Files: [rules, template, definition]), null, Cancel)).ShouldBeOk().Withdraws.ShouldBeNull();
        // Whoever confirms what gives its author a new right is told what goes, too.
        var wider = new PolicyFileText("policy.yaml", World.Policy + "  - { id: mine, roles: [reviewer], zones: [staging], tools: { nmap: any }, max-duration: 1h, approval: none }\n");
        (await apply.Apply(ada, new(Files: [wider, definition], Withdraw: true), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded).Reasons!.ShouldContain("template web-check would go out of force");

        var applied = (await apply.Apply(@operator, new(Files: [rules], Withdraw: true), Cancel)).ShouldBeOk();
        applied.Withdrawn.ShouldBe(["template web-check", "definition of tool lookup"]);
        (await world.Entries(AuditType.TemplateWithdrawn)).ShouldHaveSingleItem()["template"].ShouldBe("web-check");
        (await world.Entries(AuditType.PolicyApplied))[^1]["withdrawn"]!.ShouldContain("definition of tool lookup");
        (await apply.Apply(@operator, new(Files: [rules], Withdraw: true), Cancel)).ShouldBeOk().Withdrawn.ShouldBeNull("there is nothing left");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Author_of_a_template_does_not_approve_its_use_and_who_may_not_compose_uses_it()
    {
        var world = await Create();
        var (ada, _) = await InForce(world);
        var sue = await world.Person("sue", "helpdesk");
        // The very command, composed, is not hers.
        (await world.Ask(sue, "nmap -sT -Pn -n -p 80 10.20.0.5")).ShouldBeOk().Denial.ShouldNotBeNull().Reasons.ShouldNotBeNull().ShouldContain("rule support-checks: it opens nothing but the template web-check");
        foreach (var (values, code) in new[]
        {
            ("host=-oN", ErrorCode.InvalidCommand), ("host=10.20.0.5 --script=x", ErrorCode.InvalidCommand), ("host=10.20.0.5,10.20.0.6", ErrorCode.InvalidTarget), ("host={ports}", ErrorCode.InvalidCommand), ("host=10.30.0.5", ErrorCode.InvalidTarget),
            ("port=80", ErrorCode.InvalidCommand), ("host=10.20.0.5\n", ErrorCode.InvalidCommand),
        })
            (await Ask(world, sue, new("web-check", new Dictionary<string, string> { [values.Split('=', 2)[0]] = values.Split('=', 2)[1] }))).ShouldBeRefused(code);
        (await Ask(world, sue, new("web-chek"))).ShouldBeRefused(ErrorCode.NotFound);
        (await Ask(world, sue, seconds: 3_600)).ShouldBeRefused(ErrorCode.DurationTooLong);
        (await world.Get<Ask>().Create(sue, new(["nmap"], Template: Use), null, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        // Who may not use it is denied, whatever it is called.
        (await Ask(world, await world.Person("eve"))).ShouldBeOk().Denial.ShouldNotBeNull();

        var explained = (await world.Get<Explain>().Of(sue, new(Template: Use), Cancel)).ShouldBeOk();
        (explained.Evaluation.Verdict, explained.DurationSeconds, explained.Template!.Version).ShouldBe(("require-approval", 900, 1));
        var request = (await Ask(world, sue)).ShouldBeOk().Request;
        request.Command.ShouldBe(["nmap", "-sT", "-Pn", "-n", "-p", "80", "10.20.0.5"]);
        (request.Uses, request.Duration, request.TemplateVersion).ShouldBe((1, TimeSpan.FromMinutes(15), 1));
        var entry = (await world.Entries(AuditType.RequestCreated)).Last().Body.GetProperty("template");
        (entry.GetProperty("name").GetString(), entry.GetProperty("version").GetInt32(), entry.GetProperty("sha256").GetString()).ShouldBe(("web-check", 1, request.TemplateDigest));
        entry.GetProperty("parameters").GetRawText().ShouldBe("""{"host":"10.20.0.5","ports":"80"}""");

        // Ada has the role that decides, and wrote it.
        (await world.Approve(ada, request)).ShouldBeRefused(ErrorCode.OwnRequest).Message.ShouldContain("a template that they wrote: web-check");
        (await world.Deny(ada, request)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Get<NarrowRequest>().Narrow(ada, request.Id.ToString(), new(request.StatementDigest, Uses: 1, DurationSeconds: 60), Cancel)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Get<ChallengeApproval>().Challenge(ada, request.Id.ToString(), Cancel)).ShouldBeRefused(ErrorCode.OwnRequest);
        // The control: for what somebody composed she decides.
        (await world.Approve(ada, await world.Request(await world.Developer()))).ShouldBeOk().State.ShouldBe("approved");
        var approved = (await world.Approve(await world.Reviewer(), request)).ShouldBeOk();
        (approved.State, approved.Template!.Parameters["ports"]).ShouldBe(("approved", "80"));
        (await world.Get<StartRun>().Start(sue, new(Template: Use, Detach: true), null)).ShouldBeOk().Command.ShouldBe(request.Command);
        // One use is one run.
        (await world.Get<StartRun>().Start(sue, new(Template: Use, Detach: true), null)).ShouldBeRefused(ErrorCode.NoGrant);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Another_version_ends_what_waits_by_the_old_one_and_revokes_what_it_gave()
    {
        var world = await Create();
        var (ada, bea) = await InForce(world);
        var sue = await world.Person("sue", "helpdesk");
        var rae = await world.Reviewer();
        var granted = (await Ask(world, sue)).ShouldBeOk().Request;
        (await world.Approve(rae, granted)).ShouldBeOk();
        var waiting = (await Ask(world, sue, Use with { Parameters = new Dictionary<string, string> { ["host"] = "10.20.0.6" } })).ShouldBeOk().Request;

        // Bea writes the second version, which names ada as an author of it still.
        var second = WebCheck.Replace("description: is", "authors: [Ada]\ndescription: tells whether", StringComparison.Ordinal);
        var waits = (await world.Get<ApplyTemplate>().Apply(bea, new(second), Cancel)).ShouldBeRefused(ErrorCode.SecondPersonNeeded);
        waits.Reasons.ShouldNotBeNull().ShouldContain("template 'web-check' would be another");
        (await world.Now(waiting)).State.ShouldBe(RequestState.Pending);
        (await world.Get<DecideProposal>().Confirm(ada, IdIn(waits), Cancel)).ShouldBeOk();
        (await world.Now(waiting)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(RequestState.Denied), row => row.EndReason.ShouldNotBeNull().ShouldContain("template web-check was changed"));
        (await world.Now(await world.GrantOf(granted))).State.ShouldBe(GrantState.Revoked);

        var again = (await Ask(world, sue)).ShouldBeOk().Request;
        again.TemplateVersion.ShouldBe(2);
        foreach (var author in new[] { ada, await Browser(world, "bea", "secops") })
            (await world.Approve(author, again)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Approve(rae, again)).ShouldBeOk().State.ShouldBe("approved");
        (await world.Entries(AuditType.TemplateApplied)).Select(entry => entry["version"]).ShouldBe(["1", "2"]);
        await world.ShouldBalance();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : TemplateTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : TemplateTests(engine);
}
