using Writ.Core.Policy;
using Writ.Core.Rotas;
using Writ.Tests.Core.Policy;

namespace Writ.Tests.Core.Rotas;

/// <summary>Roles of those who are on call: held for their turn alone, and by nobody where it is not known whose turn it is.</summary>
public class OnCallTests
{
    private const string Policy = """
        version: 1
        rotas:
          sre: { from: 2026-03-02, turn: 1d, people: [dana, erin] }
          net: { source: pager }
        roles:
          sre-on-call: { on-call: sre }
          net-on-call: { on-call: net }
          lead: { groups: [leads], on-call: sre }
        zones:
          staging: { addresses: [10.20.0.0/16] }
          core: { addresses: [10.40.0.0/16] }
        rules:
          - { id: turn, roles: [sre-on-call], zones: [staging], tools: { nmap: any }, approval: none }
          - { id: wires, roles: [net-on-call], zones: [core], tools: { nmap: any }, approval: none }
          - { id: asks, roles: [lead], zones: [core], tools: { nmap: any }, approval: { from: [net-on-call] } }

        """;

    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly PolicyDocument Read = PolicyDocument.Parse(Policy, "p.yaml").Policy.ShouldNotBeNull();

    private static Subject Person(string name, params string[] groups) => new(name, false, groups);

    private static SourceAnswer Answer(DateTimeOffset until, params string[] people) => new(people, until, null);

    private static Evaluation Ask(Subject who, string target, DateTimeOffset at, SourceAnswer? answer = null) =>
        Evaluator.Evaluate(Read.At(at, source => source == "pager" ? answer : null), who, Plans.Of(target, "ping"), new(null, null, "to look", null), at);

    [Fact]
    public void Whoever_is_on_call_has_the_role_for_their_turn_and_nobody_else_has_it()
    {
        Ask(Person("dana"), "10.20.0.1", Monday).Verdict.ShouldBe(Verdict.Allow);
        Ask(Person("erin"), "10.20.0.1", Monday).Verdict.ShouldBe(Verdict.Deny);
        Ask(Person("dana"), "10.20.0.1", Monday.AddDays(1)).Verdict.ShouldBe(Verdict.Deny);
        Ask(Person("erin"), "10.20.0.1", Monday.AddDays(1)).Verdict.ShouldBe(Verdict.Allow);
        // Names are those of users, letter by letter; a process is never on call, whatever it is called.
        Ask(Person("Dana"), "10.20.0.1", Monday).Verdict.ShouldBe(Verdict.Deny);
        Ask(new("dana", true, []), "10.20.0.1", Monday).Verdict.ShouldBe(Verdict.Deny);
        Read.At(Monday, _ => null).RolesOf(Person("dana")).ShouldBe(["lead", "sre-on-call"]);
        Read.At(Monday, _ => null).RolesOf(Person("lea", "leads")).ShouldBe(["lead"]);
    }

    [Fact]
    public void A_policy_that_was_never_asked_at_a_moment_has_nobody_on_call() => Read.RolesOf(Person("dana")).ShouldBeEmpty();

    [Fact]
    public void What_a_source_said_holds_until_its_end_and_then_nobody_holds_the_role()
    {
        var until = Monday.AddMinutes(5);
        Ask(Person("nils"), "10.40.0.1", until.AddTicks(-1), Answer(until, "nils", "nora")).Verdict.ShouldBe(Verdict.Allow);
        var late = Ask(Person("nils"), "10.40.0.1", until, Answer(until, "nils", "nora") with { Trouble = "it answered 500" });
        late.Verdict.ShouldBe(Verdict.Deny);
        late.Reasons.ShouldContain("rota net is not known since 2026-03-02 12:05 UTC: source pager gave no newer answer, it answered 500");
        Ask(Person("nils"), "10.40.0.1", Monday).Reasons.ShouldContain("rota net is not known: no server asks source pager");
        Ask(Person("nils"), "10.40.0.1", Monday, new([], null, "it does not answer")).Reasons.ShouldContain("rota net is not known: source pager has not answered yet, it does not answer");
        // Somebody whom it does not name is denied without a word of it.
        Ask(Person("dana"), "10.40.0.9", Monday, Answer(until)).Reasons.ShouldNotContain(reason => reason.Contains("is not known", StringComparison.Ordinal));
    }

    [Fact]
    public void Approvals_of_somebody_who_is_not_known_are_asked_for_and_it_is_said()
    {
        var found = Ask(Person("lea", "leads"), "10.40.0.1", Monday);
        found.Verdict.ShouldBe(Verdict.RequireApproval);
        found.Reasons.ShouldContain("rota net is not known: no server asks source pager");
    }

    [Fact]
    public void Tests_of_a_policy_say_who_is_on_call_or_take_the_turn_of_their_instant()
    {
        Failures("as: { user: dana }, command: nmap -sn -n 10.20.0.1, at: 2026-03-02T10:00Z, expect: allow").ShouldBeEmpty();
        Failures("as: { user: dana }, command: nmap -sn -n 10.20.0.1, at: 2026-03-03T10:00Z, expect: deny").ShouldBeEmpty();
        Failures("as: { user: zoe, on-call: [sre] }, command: nmap -sn -n 10.20.0.1, expect: allow").ShouldBeEmpty();
        Failures("as: { user: dana, on-call: [] }, command: nmap -sn -n 10.20.0.1, at: 2026-03-02T10:00Z, expect: deny").ShouldBeEmpty();
        Failures("as: { user: zoe, on-call: [net] }, command: nmap -sn -n 10.40.0.1, expect: allow").ShouldBeEmpty();
        Failures("as: { user: zoe }, command: nmap -sn -n 10.40.0.1, expect: allow").ShouldHaveSingleItem().Hint.ShouldNotBeNull().ShouldContain("on-call: […]");
        PolicyDocument.Parse(Policy + "tests: [{ as: { user: zoe, on-call: [sra] }, command: nmap -sn -n 10.40.0.1, expect: allow }]\n", "p").Problems.ShouldHaveSingleItem().Message.ShouldBe("no rota is named 'sra'");
        PolicyDocument.Parse(Policy + "tests: [{ as: { workload: ci, on-call: [sre] }, command: nmap -sn -n 10.40.0.1, expect: deny }]\n", "p").Policy.ShouldBeNull();

        static IReadOnlyList<PolicyProblem> Failures(string test) =>
            PolicyTests.Run(PolicyDocument.Parse($"{Policy}tests: [{{ {test} }}]\n", "p").Policy.ShouldNotBeNull(), _ => null, Monday.AddYears(1));
    }

    [Fact]
    public void Warnings_tell_of_a_rota_that_gives_nobody_anything()
    {
        var policy = PolicyDocument.Parse("version: 1\nrotas:\n  a: { source: pager }\n  b: { source: chat }\nroles: { x: { on-call: a } }\n", "p").Policy.ShouldNotBeNull();
        PolicyWarnings.Of(policy, null, new HashSet<string> { "chat" }).Select(warning => warning.ToString()).ShouldBe(
            ["p:3: rota 'a' is of source 'pager', which no server asks: nobody is on call by it", "p:4: no role is held by rota 'b'", "p:5: role 'x' is used nowhere"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("people: [dana, erin]", "people: [dana]", true)]
    [InlineData("people: [dana, erin]", "people: [dana, erin], overrides: [{ from: 2026-05-01, until: 2026-05-02, person: dana }]", true)]
    [InlineData("people: [erin, sam]", "people: [erin, sam, dana]", true)]
    [InlineData("people: [erin, sam]", "people: [erin]", false)]
    [InlineData("people: [dana, erin]", "people: [erin]", false)]
    public void To_be_on_call_more_often_is_a_new_right(string before, string after, bool isNew) =>
        NewRights.Of(Of(before), Of(after), [(Person("dana"), Person("dana"))]).Count.ShouldBe(isNew ? 1 : 0);

    [Fact]
    public void To_have_the_role_of_ones_turns_for_good_is_a_new_right() =>
        NewRights.Of(Of("people: [dana, erin]"), PolicyDocument.Parse(Text("people: [dana, erin]").Replace("{ on-call: sre }", "{ on-call: sre, groups: [eng] }", StringComparison.Ordinal), "p").Policy.ShouldNotBeNull(),
            [(Person("dana", "eng"), Person("dana", "eng"))]).ShouldHaveSingleItem();

    [Fact]
    public void Whom_a_source_names_could_be_anybody()
    {
        var source = PolicyDocument.Parse(Text("people: [erin, sam]").Replace("from: 2026-03-02, turn: 1d, people: [erin, sam]", "source: pager", StringComparison.Ordinal), "p").Policy.ShouldNotBeNull();
        NewRights.Of(Of("people: [erin, sam]"), source, [(Person("dana"), Person("dana"))]).ShouldHaveSingleItem();
        NewRights.Of(source, source, [(Person("dana"), Person("dana"))]).ShouldBeEmpty();
    }

    private static string Text(string people) => "version: 1\nrotas: { sre: { from: 2026-03-02, turn: 1d, " + people + " } }\nroles: { turn: { on-call: sre } }\nzones: { staging: { addresses: [10.20.0.0/16] } }\n"
        + "rules:\n  - { id: turn, roles: [turn], zones: [staging], tools: { nmap: any }, approval: none }\n";

    private static PolicyDocument Of(string people) => PolicyDocument.Parse(Text(people), "p").Policy.ShouldNotBeNull();
}
