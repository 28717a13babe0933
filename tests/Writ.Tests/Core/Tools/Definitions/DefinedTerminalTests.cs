using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Tools.Definitions;

public class DefinedTerminalTests
{
    private static string Definition(string interactive) => $$"""
        version: 1
        tool: talk
        summary: talks to somebody
        interactive: {{interactive}}
        options:
          "-h": { value: host, required: true }
          "-c": { value: text, pattern: "[a-z]+" }
          "-i": {}
        network:
          - { purpose: talk, tcp: "22" }
        examples:
          - { command: talk -h 10.20.0.5 }
          - { command: talk, refused: needs -h }

        """;

    private static string? TerminalOf(string interactive, string command) =>
        new DefinedTool(ToolDefinition.Read(Definition(interactive), "talk.yaml").Definition!).Plan(command.Split(' '), new(new ToolInventory("talk", "", "", "", []) { Protections = Protections.All })
        { Names = new Dictionary<string, IReadOnlyList<Address>>() }).Value.Terminal;

    [Theory]
    [InlineData("true", "talk -h 10.20.0.5", SandboxTerms.TerminalNeeded)]
    [InlineData("false", "talk -h 10.20.0.5", null)]
    [InlineData("{ terminal: allowed }", "talk -h 10.20.0.5", SandboxTerms.TerminalAllowed)]
    [InlineData("{ unless: [-c] }", "talk -h 10.20.0.5", SandboxTerms.TerminalNeeded)]
    [InlineData("{ unless: [-c] }", "talk -h 10.20.0.5 -c hello", null)]
    [InlineData("{ when: [-i], terminal: allowed }", "talk -h 10.20.0.5", null)]
    [InlineData("{ when: [-i], terminal: allowed }", "talk -h 10.20.0.5 -i", SandboxTerms.TerminalAllowed)]
    [InlineData("{ when: [-i], unless: [-c] }", "talk -h 10.20.0.5 -i -c hello", null)]
    public void Plan_has_the_terminal_that_the_definition_gives(string interactive, string command, string? expected) => TerminalOf(interactive, command).ShouldBe(expected);

    [Theory]
    [InlineData("perhaps", "'interactive' is true, false or a mapping")]
    [InlineData("{ terminal: maybe }", "needed or allowed, not 'maybe'")]
    [InlineData("{ when: [-x] }", "there is no argument '-x'")]
    [InlineData("{ whenever: [-i] }", "whenever")]
    public void Read_terminal_that_cannot_be_meant_is_refused(string interactive, string saying)
    {
        var (definition, problems) = ToolDefinition.Read(Definition(interactive), "talk.yaml");
        definition.ShouldBeNull();
        problems.ShouldContain(problem => problem.Message.Contains(saying, StringComparison.Ordinal) && problem.Line == 4);
    }
}
