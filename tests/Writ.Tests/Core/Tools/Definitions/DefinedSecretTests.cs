using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Runners;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Tools.Definitions;

public class DefinedSecretTests
{
    private const string Definition = """
        version: 1
        tool: sign
        summary: signs in somewhere
        options:
          "-h": { value: host, required: true }
          "-u": { value: text, pattern: "[a-z]+", required: true }
          "--secret": { value: secret, env: SIGN_PASSWORD }
          "--login": { value: secret, env: SIGN_PASSWORD, user-env: SIGN_USER, excludes: ["-u"] }
          "-i": { value: secret }
        network:
          - { purpose: sign-in, tcp: "22" }
        examples:
          - { command: sign -h 10.20.0.5 -u a }
          - { command: sign -h 10.20.0.5, refused: needs -u }

        """;

    private static readonly DefinedTool Tool = new(ToolDefinition.Read(Definition, "sign.yaml").Definition!);

    [Fact]
    public void Plan_names_a_secret_of_the_environment_and_leaves_it_out_of_argv()
    {
        var plan = Plan("sign -h 10.20.0.5 -u a --secret door");
        plan.Argv.ShouldBe(["sign", "-h", "10.20.0.5", "-u", "a"]);
        plan.Secrets.ShouldBe([new StatementSecret("door") { Environment = "SIGN_PASSWORD" }]);
        plan.Facets.OfType<FacetItems>().Single(facet => facet.Facet == "secrets").Items.Single().Name.ShouldBe("door");
    }

    [Fact]
    public void Plan_has_the_path_of_a_secret_that_is_a_file()
    {
        var plan = Plan("sign -h 10.20.0.5 -u a -i key");
        plan.Argv.ShouldBe(["sign", "-h", "10.20.0.5", "-u", "a", "-i", "/secrets/key"]);
        plan.Secrets.ShouldBe([new StatementSecret("key") { Path = "/secrets/key" }]);
    }

    [Fact]
    public void Plan_takes_what_excludes_a_required_option_in_its_place()
    {
        var plan = Plan("sign -h 10.20.0.5 --login shift");
        plan.Secrets.ShouldBe([new StatementSecret("shift") { Environment = "SIGN_PASSWORD", UserEnvironment = "SIGN_USER" }]);
        Tool.Plan("sign -h 10.20.0.5 -u a --login shift".Split(' '), Context).Refusal.Message.ShouldContain("exclude each other");
    }

    [Theory]
    [InlineData("sign -h 10.20.0.5 -u a --secret ../../etc/shadow", "is no name of a secret")]
    [InlineData("sign -h 10.20.0.5 -u a --secret a/b", "is no name of a secret")]
    [InlineData("sign -h 10.20.0.5 -u a --secret .x", "is no name of a secret")]
    [InlineData("sign -h 10.20.0.5 --secret a --login b", "asks for two secrets in SIGN_PASSWORD")]
    public void Plan_refuses_what_names_no_secret_or_two_for_one_place(string command, string saying) =>
        Tool.Plan(command.Split(' '), Context).Refusal.Message.ShouldContain(saying);

    [Theory]
    [InlineData("\"-x\": { value: text, pattern: a, env: X }", "belongs to a secret")]
    [InlineData("\"-x\": { value: secret, env: LD_PRELOAD }", "no variable that a secret may stand in")]
    [InlineData("\"-x\": { value: secret, env: PATH }", "no variable that a secret may stand in")]
    [InlineData("\"-x\": { value: secret, user-env: X }", "'user-env' without 'env'")]
    [InlineData("\"-x\": { value: secret, env: X, facet: secrets }", "answers the facet secrets")]
    [InlineData("\"-x\": { value: secret, default: key }", "takes no 'default'")]
    public void Definition_of_a_secret_that_has_no_safe_place_is_refused(string option, string saying)
    {
        var text = Definition.Replace("  \"-i\": { value: secret }", "  " + option, StringComparison.Ordinal);
        ToolDefinition.Read(text, "sign.yaml").Problems.ShouldContain(problem => problem.ToString().Contains(saying, StringComparison.Ordinal));
    }

    [Fact]
    public void Wrong_refuses_secrets_that_no_sandbox_takes()
    {
        var statement = Proof.Orders.OrderSamples.WithSecrets;
        SandboxTerms.Wrong(statement).ShouldBeNull();
        foreach (var secrets in (StatementSecret[][])
        [
            [], [new("a")], [new("a") { Environment = "LD_PRELOAD" }], [new("a") { Environment = "A", Path = "/secrets/a" }], [new("a") { Path = "/etc/passwd" }],
            [new("a") { Path = "/secrets/b" }], [new("../a") { Path = "/secrets/../a" }], [new("a") { Environment = "A" }, new("b") { Environment = "A" }],
            [new("a") { Path = "/secrets/a", UserEnvironment = "B" }], [.. Enumerable.Range(0, 9).Select(n => new StatementSecret($"s{n}") { Path = $"/secrets/s{n}" })],
        ])
        {
            SandboxTerms.Wrong(statement with { Sandbox = statement.Sandbox! with { Secrets = secrets } }).ShouldNotBeNull(string.Join(", ", secrets.AsEnumerable()));
        }

        SandboxTerms.Wrong(statement with { Live = new("nmap-xml", SandboxTerms.Live, "apart") }).ShouldNotBeNull("what follows results passes no mask");
    }

    private static readonly PlanContext Context = new(new ToolInventory("sign", "", "", "", []));

    private static Plan Plan(string command) => Tool.Plan(command.Split(' '), Context).Value;
}
