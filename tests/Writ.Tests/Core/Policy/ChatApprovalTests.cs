using Writ.Core.Policy;

namespace Writ.Tests.Core.Policy;

/// <summary>Rules that take a yes from a chat.</summary>
public class ChatApprovalTests
{
    private const string Text = "version: 1\nroles: { dev: { groups: [e] }, lead: { groups: [l] } }\nzones: { s: { addresses: [10.0.0.0/8] } }\nrules:\n  - { id: r, roles: [dev], zones: [s], tools: { nmap: any }, approval: { from: [lead], chat: true } }\n";

    [Fact]
    public void Rule_takes_a_yes_from_a_chat_where_it_says_so_and_its_evaluation_says_so_too()
    {
        var policy = PolicyDocument.Parse(Text, "p").Policy.ShouldNotBeNull();
        policy.Rules[0].Approval.ShouldHaveSingleItem().ByChat.ShouldBeTrue();
        PolicyDocument.Parse(Text.Replace(", chat: true", "", StringComparison.Ordinal), "p").Policy.ShouldNotBeNull().Rules[0].Approval[0].ByChat.ShouldBeFalse();
    }

    [Theory]
    [InlineData("chat: true", "chat: false", "is true or left out")]
    [InlineData("chat: true", "chat: slack", "is true or left out")]
    [InlineData("chat: true", "chats: true", "chats")]
    [InlineData("chat: true", "chat: true, with: passkey", "no passkey signs in a chat")]
    [InlineData("approval: { from: [lead], chat: true }", "recurring: true, templates: [t], approval: { from: [lead], chat: true }", "is decided in a chat")]
    public void Rule_is_refused_that_contradicts_itself(string right, string wrong, string why)
    {
        var parsed = PolicyDocument.Parse(Text.Replace(right, wrong, StringComparison.Ordinal), "p");
        parsed.Policy.ShouldBeNull(wrong);
        parsed.Problems.ShouldContain(problem => problem.Message.Contains(why, StringComparison.Ordinal));
    }
}
