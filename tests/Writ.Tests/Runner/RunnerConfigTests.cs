using Writ.Runner.Kernel;
using Writ.Proof.Addresses;
using Writ.Runner;
using Writ.Runner.Runners;

namespace Writ.Tests.Runner;

public sealed class RunnerConfigTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    private RunnerConfig Read(string text)
    {
        File.WriteAllText(_path, text);
        return RunnerConfig.Read(_path);
    }

    private string Refused(string text) => Should.Throw<RunnerException>(() => Read(text)).Message;

    [Fact]
    public void Read_new_file_with_a_ceiling_gives_it()
    {
        var config = Read(RunnerConfig.NewText("https://writ.example.com:7443", ["10.20.0.0/16", "2001:db8:20::/48"], null, ["10.20.255.0/28"]));
        config.CeilingScope().Addresses.ToTexts().ShouldBe(["10.20.0.0/16", "2001:db8:20::/48"]);
        config.CeilingScope().Tcp.ShouldBe(PortSet.All);
        config.CeilingScope().Icmp.ShouldBeTrue();
        config.CeilingScope().Sctp.IsEmpty.ShouldBeTrue();
        config.Tools.ShouldBe([new ToolPath("nmap", "/usr/bin/nmap")]);
        config.NetworkNamespace.ShouldBeNull();
    }

    [Fact]
    public void Read_new_file_without_a_ceiling_permits_nothing() =>
        Read(RunnerConfig.NewText("https://h:1", [], null, [])).CeilingScope().Addresses.IsEmpty.ShouldBeTrue();

    [Fact]
    public void Read_absent_ceiling_permits_nothing_and_the_rest_has_its_defaults()
    {
        var config = Read("""{ "server": "https://h:1" }""");
        config.CeilingScope().ShouldBe(NetworkScope.Nothing);
        config.Tools.ShouldHaveSingleItem().Path.ShouldBe("/usr/bin/nmap");
        config.SpoolLimitBytes.ShouldBe(RunnerConfig.DefaultSpoolLimit);
    }

    [Fact]
    public void Read_ceiling_with_absent_members_permits_none_of_them()
    {
        var ceiling = Read("""{ "server": "https://h:1", "ceiling": { "addresses": ["10.0.0.1"], "tcp": "80" } }""").CeilingScope();
        ceiling.Udp.IsEmpty.ShouldBeTrue();
        ceiling.Icmp.ShouldBeFalse();
    }

    [Fact]
    public void Read_unknown_setting_names_file_and_line() =>
        Refused("{\n  // a comment\n  \"server\": \"https://h:1\",\n  \"ceilling\": {}\n}").ShouldBe($"{_path}:4: unknown setting 'ceilling'");

    [Fact]
    public void Read_missing_server_says_so() => Refused("{}").ShouldBe($"{_path}:1: missing setting 'server'");

    [Theory]
    [InlineData("{\n\"server\": \"http://h:1\" }", ":2: server: 'http://h:1' is no https:// address")]
    [InlineData("{ \"server\": \"https://h:1\",\n\"ceiling\": { \"addresses\": [\"10.0.0.1/8\"] } }", ":2: ceiling: '10.0.0.1/8' is no address, network or range")]
    [InlineData("{ \"server\": \"https://h:1\",\n\n\"network_namespace\": \"../x\" }", ":3: network_namespace: '../x' is no name of a network namespace")]
    [InlineData("{ \"server\": \"https://h:1\", \"tools\": [{ \"name\": \"nmap\", \"path\": \"bin/nmap\" }] }", ":1: tools: a tool needs a plain name and an absolute path, not 'nmap' at 'bin/nmap'")]
    [InlineData("{ \"server\": \"https://h:1\", \"spool_limit_bytes\": 0 }", ":1: spool_limit_bytes: less than a mebibyte records nothing")]
    public void Read_wrong_value_names_file_line_and_setting(string text, string message) => Refused(text).ShouldBe(_path + message);

    [Theory]
    [InlineData("{ \"server\": 7 }")]
    [InlineData("{ \"server\": \"https://h:1\", \"server\": \"https://h:2\" }")]
    [InlineData("{ \"server\": null }")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("null")]
    public void Read_malformed_file_is_refused_with_its_line(string text) => Refused(text).ShouldStartWith($"{_path}:1: ");

    [Fact]
    public void Read_absent_file_hints_at_enrolment() =>
        Should.Throw<RunnerException>(() => RunnerConfig.Read(_path)).Hint.ShouldNotBeNull().ShouldContain("enroll");

    private const string Key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEk4kMTYpcBWHspOxb9HQ8f+FznbVebygJ73bp2Fy6BC7iMJJohHQtSy9PTsI1REDivx5Ori2EncDmdZC3WUzc5g==";

    private static string Asking(
        string origin = "https://writ.example.com", string person = "act_06bq0000000000000000000005", string key = Key, string addresses = "10.66.0.0/16", string names = "\"kim\"", int count = 1, string more = "") =>
        $$"""
        { "server": "https://h:1",
          "approvals": { "origin": "{{origin}}",
            "approvers": [{ "person": "{{person}}", "name": "kim", "keys": ["{{key}}"] }{{more}}],
            "zones": [{ "zone": "plant", "addresses": ["{{addresses}}"], "approvers": [{{names}}], "count": {{count}} }] } }
        """;

    [Fact]
    public void Read_approvals_gives_what_the_runner_asks_for()
    {
        var asked = Read(Asking()).LocalApprovals();
        asked.Party.ShouldBe(new("writ.example.com", "https://writ.example.com"));
        asked.Approvers.ShouldHaveSingleItem().Value.Name.ShouldBe("kim");
        var quorum = asked.Quorums.ShouldHaveSingleItem();
        (quorum.Zone, quorum.Addresses.ToString(), quorum.Count).ShouldBe(("plant", "10.66.0.0/16", 1));
        quorum.Persons.ShouldBe(["act_06bq0000000000000000000005"]);
        Read("""{ "server": "https://h:1" }""").LocalApprovals().Quorums.ShouldBeEmpty();
    }

    [Fact]
    public void Read_approvals_that_could_never_or_always_hold_are_refused_with_what_is_wrong()
    {
        Refused(Asking(origin: "http://writ.example.com")).ShouldContain("no origin of passkeys");
        Refused(Asking(origin: "https://writ.example.com/")).ShouldContain("no origin of passkeys");
        Refused(Asking(person: "kim")).ShouldContain("'kim' is no person's id");
        Refused(Asking(key: "AAAA")).ShouldContain("a key of kim is no public key of a passkey");
        Refused(Asking(key: Key[..^4] + "5h==")).ShouldContain("a key of kim is no public key of a passkey");
        Refused(Asking(addresses: "10.66")).ShouldContain("'10.66' of zone plant");
        Refused(Asking(names: "\"alex\"")).ShouldContain("names 'alex', who is no approver");
        Refused(Asking(count: 2)).ShouldContain("asks for 2 of 1 approvers");
        Refused(Asking(count: 0)).ShouldContain("asks for 0 of 1 approvers");
        Refused(Asking(names: "\"kim\", \"kim\"", count: 2)).ShouldContain("asks for 2 of 1 approvers");
        // One device must never be two people.
        Refused(Asking(more: $$""", { "person": "act_06bq0000000000000000000006", "name": "alex", "keys": ["{{Key}}"] }""")).ShouldContain("a key of alex is there twice");
        Refused("""{ "server": "https://h:1", "approvals": { "origin": "https://h", "approvers": [], "zones": [] } }""").ShouldContain("no zone asks for anybody");
    }
}
