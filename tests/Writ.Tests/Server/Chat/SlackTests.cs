using System.Text;
using Writ.Server.Chat;

namespace Writ.Tests.Server.Chat;

/// <summary>The operator's file of the app, Slack's signatures, and what a call says was pressed.</summary>
public class SlackTests
{
    // The example of Slack's own page on verifying requests.
    private const string Secret = "8f742231b10e8888abcd99yyyzzz85a5", Timestamp = "1531420618", Signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    private const string Body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    private static readonly DateTimeOffset Then = DateTimeOffset.FromUnixTimeSeconds(1531420618);

    [Fact]
    public void Problem_of_the_published_example_and_of_all_that_differs_from_it()
    {
        Problem().ShouldBeNull();
        Problem(now: Then.AddMinutes(5)).ShouldBeNull();
        Problem(now: Then.AddMinutes(-5)).ShouldBeNull();
        Problem(now: Then.AddMinutes(5).AddSeconds(1)).ShouldNotBeNull().ShouldContain("older");
        Problem(now: Then.AddMinutes(-5).AddSeconds(-1)).ShouldNotBeNull().ShouldContain("future");
        Problem(body: Body + "&text=link").ShouldNotBeNull().ShouldContain("signature");
        Problem(body: Body[..^1]).ShouldNotBeNull().ShouldContain("signature");
        Problem(timestamp: "1531420619").ShouldNotBeNull().ShouldContain("signature");
        Problem(timestamp: "+1531420618").ShouldNotBeNull().ShouldContain("timestamp");
        Problem(timestamp: "99999999999999999999").ShouldNotBeNull().ShouldContain("timestamp");
        Problem(signature: "v1" + Signature[2..]).ShouldNotBeNull().ShouldContain("signature");
        Problem(signature: Signature.ToUpperInvariant()).ShouldNotBeNull().ShouldContain("signature");
        Problem(signature: Signature[..^1]).ShouldNotBeNull().ShouldContain("signature");
        Problem(signature: "").ShouldNotBeNull().ShouldContain("signature");
        Problem(secret: Secret + "x").ShouldNotBeNull().ShouldContain("signature");
        SlackSignature.Problem(Secret, null, Signature, Encoding.UTF8.GetBytes(Body), Then).ShouldNotBeNull().ShouldContain("not signed");
        SlackSignature.Problem(Secret, Timestamp, null, Encoding.UTF8.GetBytes(Body), Then).ShouldNotBeNull().ShouldContain("not signed");

        static string? Problem(string secret = Secret, string timestamp = Timestamp, string signature = Signature, string body = Body, DateTimeOffset? now = null) =>
            SlackSignature.Problem(secret, timestamp, signature, Encoding.UTF8.GetBytes(body), now ?? Then);
    }

    [Theory]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_file": "/etc/writ/slack.secret" }""")]
    [InlineData("""{ "workspaces": ["T0123ABCD", "T9"+], "signing_secret_credential": "slack", "command": "/writ-prod", "reply_host": "relay.example.com:8443", "ca_file": "/etc/ca.pem", "allow_private": true }""")]
    public void Parse_of_what_is_right(string text) => SlackSettings.Parse("s.json", text.Replace("\"T9\"+", "\"T9Z\"", StringComparison.Ordinal)).IsOk.ShouldBeTrue();

    [Theory]
    [InlineData("""{ "signing_secret_file": "/x" }""", "malformed")]
    [InlineData("""{ "workspaces": [], "signing_secret_file": "/x" }""", "workspaces")]
    [InlineData("""{ "workspaces": ["U0123ABCD"], "signing_secret_file": "/x" }""", "workspaces")]
    [InlineData("""{ "workspaces": ["T0123/ABC"], "signing_secret_file": "/x" }""", "workspaces")]
    [InlineData("""{ "workspaces": ["T0123ABCD"] }""", "missing")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_file": "/x", "signing_secret_credential": "y" }""", "exclude")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_credential": "../y" }""", "no name")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret": "hunter2" }""", "malformed")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_file": "/x", "command": "writ" }""", "command")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_file": "/x", "reply_host": "https://hooks.slack.com" }""", "reply_host")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_file": "/x", "reply_host": "me@hooks.slack.com" }""", "reply_host")]
    [InlineData("""{ "workspaces": ["T0123ABCD"], "signing_secret_file": "/x", "reply_host": "" }""", "reply_host")]
    [InlineData("null", "no app")]
    public void Parse_refuses_and_never_tells_a_secret(string text, string why)
    {
        var refused = SlackSettings.Parse("s.json", text);
        refused.IsOk.ShouldBeFalse(text);
        refused.Refusal.Message.ShouldContain(why);
        refused.Refusal.Message.ShouldNotContain("hunter2");
    }

    [Fact]
    public void Read_of_a_press_takes_the_accounts_own_workspace_and_nothing_that_is_no_button_of_ours()
    {
        const string press = """
            {"type":"block_actions","user":{"id":"U1AAA","team_id":"T1AAA","username":"x"},"team":{"id":"T2BBB"},"response_url":"https://hooks.slack.com/actions/1",
             "actions":[{"action_id":"writ_approve","value":"req_1 sha256:ab","type":"button"}]}
            """;
        Pressed.Read(press).ShouldBe(new("T1AAA", "U1AAA", true, "req_1", "sha256:ab", new("https://hooks.slack.com/actions/1")));
        Pressed.Read(press.Replace("\"team_id\":\"T1AAA\",", "", StringComparison.Ordinal)).ShouldNotBeNull().Workspace.ShouldBe("T2BBB");
        Pressed.Read(press.Replace("writ_approve", "writ_deny", StringComparison.Ordinal)).ShouldNotBeNull().Approve.ShouldBeFalse();
        foreach (var (was, other) in new[]
        {
            ("block_actions", "view_submission"), ("writ_approve", "approve"), ("req_1 sha256:ab", "req_1"), ("req_1 sha256:ab", "req_1 sha256:ab x"), ("\"value\":\"req_1 sha256:ab\"", "\"value\":[\"req_1\"]"),
            ("\"user\":{", "\"user\":[{"), ("}]}", "},{}]}"), ("{\"type\"", "[{\"type\""), ("block_actions", ""),
        })
            Pressed.Read(press.Replace(was, other, StringComparison.Ordinal)).ShouldBeNull(other);
        foreach (var text in new[] { "", "null", "[]", "1", "{", new string('[', 5_000) })
            Pressed.Read(text).ShouldBeNull();
    }
}
