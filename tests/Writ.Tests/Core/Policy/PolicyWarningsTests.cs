using Writ.Core.Policy;

namespace Writ.Tests.Core.Policy;

/// <summary>What a check says of a policy that is valid and probably not meant.</summary>
public class PolicyWarningsTests
{
    private const string Policy = """
        version: 1
        roles:
          dev: { groups: [eng] }
          sec: { groups: [secops] }
          idle: { groups: [nobody] }
        zones:
          staging: { addresses: [10.20.0.0/16], owners: [sec], runners: [edge-1] }
          dmz: { addresses: [10.20.5.0/24, 10.30.0.0/24], owners: [network-team] }
          prod: { addresses: [10.40.0.0/16], runners: [edge-9] }
          shut: { addresses: [10.50.0.0/16] }
          unused: { addresses: [10.60.0.0/16] }
        rules:
          - { id: wide, roles: [dev, sec], zones: [staging, dmz], tools: { nmap: { others: any, max-timing: 4 } }, max-duration: 1h, approval: none }
          - { id: narrow, roles: [dev], zones: [staging], tools: { nmap: { ports: "22" } }, approval: { from: [sec] } }
          - { id: longer, roles: [dev], zones: [staging], tools: { nmap: { ports: "22" } }, max-duration: 2h, approval: none }
          - { id: faster, roles: [dev], zones: [staging], tools: { nmap: { max-timing: 5 } }, approval: none }
          - { id: closed, roles: [dev], zones: [shut], tools: { nmap: any }, approval: none }
          - { id: there, roles: [dev], zones: [prod, shut], tools: { nmap: any }, approval: none }
        denials:
          - { id: never, zones: [shut], tools: { nmap: any } }
        """;

    [Fact]
    public void Of_names_what_is_unreachable_unused_or_overlaps_on_its_line()
    {
        PolicyWarnings.Of(PolicyDocument.Parse(Policy, "p.yaml").Policy!, new HashSet<string> { "edge-1" }).Select(warning => warning.ToString()).ShouldBe(
        [
            "p.yaml:5: role 'idle' is used nowhere",
            "p.yaml:8: owner 'network-team' of zone 'dmz' is no role",
            "p.yaml:8: zone 'dmz' overlaps zone 'staging' in 10.20.5.0/24",
            "p.yaml:9: zone 'prod' names no runner that is enrolled: edge-9",
            "p.yaml:11: no rule opens zone 'unused'",
            "p.yaml:14: rule 'narrow' never decides: rule 'wide' opens at least as much, with no more approvals",
            "p.yaml:17: rule 'closed' can never apply: denial 'never' forbids all that it opens",
        ], ignoreOrder: true);
    }

    [Fact]
    public void Of_says_nothing_of_the_example_but_the_owner_that_only_the_identity_provider_knows() =>
        PolicyWarnings.Of(PolicyDocument.Parse(PolicyDocumentTests.Example, "p").Policy!, null).Select(warning => warning.Message).ShouldBe(
            ["role 'nightly-scan' is used nowhere", "no rule opens zone 'plant'", "owner 'plant-owner' of zone 'plant' is no role"], ignoreOrder: true);

    [Fact]
    public void Of_an_earlier_rule_with_as_many_approvals_covers_a_later_one_but_not_the_other_way_round()
    {
        const string Twins = "version: 1\nroles: { dev: { groups: [eng] } }\nzones: { z: { addresses: [10.0.0.0/8] } }\nrules:\n"
            + "  - { id: a, roles: [dev], zones: [z], tools: { nmap: any }, approval: none }\n  - { id: b, roles: [dev], zones: [z], tools: { nmap: any }, approval: none }\n";
        PolicyWarnings.Of(PolicyDocument.Parse(Twins, "p").Policy!, null).ShouldHaveSingleItem().Message.ShouldStartWith("rule 'b' never decides: rule 'a'");
    }
}
