using Writ.Contracts.Runners;
using Writ.Server.Policy;
using Writ.Server.WebConsole.Ask;
using Writ.Server.WebConsole.Fleet;
using Writ.Server.WebConsole.Policies;
using Writ.Server.WebConsole.Start;

namespace Writ.Tests.Server.WebConsole;

public class AskTests
{
    [Theory]
    [InlineData("nmap -sV  web1", "nmap|-sV|web1")]
    [InlineData("nmap --script 'default and safe' \"a b\"", "nmap|--script|default and safe|a b")]
    [InlineData("$ nmap x", "nmap|x")]
    [InlineData("sudo nmap x", "nmap|x")]
    [InlineData("writ run --for 30m -- nmap -sT x", "nmap|-sT|x")]
    [InlineData("nmap 'not closed", "nmap|not closed")]
    [InlineData("", "")]
    public void Words_are_split_without_a_shell(string line, string words) => string.Join('|', CommandWords.Split(line)).ShouldBe(words);

    [Fact]
    public void Form_makes_the_command_that_does_what_it_says()
    {
        new AskForm { Targets = "web1, 10.20.0.0/28\n10.20.1.1", Versions = true, Ports = PortChoice.These, ThesePorts = "22, 80" }.Command.ShouldBe(["nmap", "-sT", "-sV", "-p", "22,80", "web1", "10.20.0.0/28", "10.20.1.1"]);
        new AskForm { Targets = "10.20.0.0/28", OnlyWho = true, Versions = true }.Command.ShouldBe(["nmap", "-sn", "10.20.0.0/28"]);
        new AskForm { Targets = "x", Scripts = true, System = true, Silent = true, Ports = PortChoice.All }.Command.ShouldBe(["nmap", "-sT", "-O", "--script", "default and safe", "-Pn", "-p", "-", "x"]);
    }

    [Fact]
    public void Draft_sends_the_files_that_its_command_still_names()
    {
        var draft = new Draft("nmap -sT -iL targets.txt", 30, "", " look ", "", new Dictionary<string, byte[]> { ["targets.txt"] = [1], ["other.txt"] = [2] });
        var asked = draft.Read().Value;
        asked.Inputs.ShouldHaveSingleItem().Argument.ShouldBe("targets.txt");
        (asked.DurationSeconds, asked.Uses, asked.Reason, asked.Ticket).ShouldBe((1800, null, "look", null));
        (draft with { Line = "nmap -sT 10.20.0.1" }).Read().Value.Inputs.ShouldBeNull();
        (draft with { Uses = "twice" }).Read().Refusal.Message.ShouldBe("'twice' is no number of uses");

        // Pressed twice it is the same; another file is another request.
        (draft with { Reason = " look " }).Digest.ShouldBe(draft.Digest);
        (draft with { Files = new Dictionary<string, byte[]> { ["targets.txt"] = [3] } }).Digest.ShouldNotBe(draft.Digest);
    }

    [Fact]
    public void Line_that_enrols_a_runner_holds_nothing_that_a_shell_would_read_otherwise()
    {
        var enrolment = new EnrolmentView("hamburg-1", "wre_x.y", default, "https://127.0.0.1:8443");
        new EnrolLine("10.20.0.0/24, 2001:db8::/64", "10.99.1.1-10.99.1.9", "corp").For(enrolment).ShouldBe(
            "echo wre_x.y | writ-runner enroll --server https://127.0.0.1:8443 --data /var/lib/writ-runner --ceiling 10.20.0.0/24,2001:db8::/64 --pool 10.99.1.1-10.99.1.9 --network-namespace corp && writ-runner serve --data /var/lib/writ-runner");
        new EnrolLine("10.20.0.0/24", "", "").Wrong.ShouldBeNull();
        new EnrolLine("", "", "").Wrong!.Message.ShouldBe("without addresses the runner reaches nothing");
        new EnrolLine("10.20.0.0/24;reboot", "", "").Wrong.ShouldNotBeNull();
        new EnrolLine("10.20.0.0/24", "$(reboot)", "").Wrong.ShouldNotBeNull();
        new EnrolLine("10.20.0.0/24", "", "a;reboot").Wrong.ShouldNotBeNull();
    }

    [Fact]
    public void Difference_shows_what_went_and_came_with_a_few_lines_around()
    {
        var older = string.Join('\n', Enumerable.Range(1, 30).Select(number => $"line {number}"));
        var newer = older.Replace("line 10\n", "line ten\nand more\n", StringComparison.Ordinal).Replace("line 25\n", "", StringComparison.Ordinal);
        LineDiff.Of(older, newer).Select(line => $"{line.Change}{line.Text}").ShouldBe(
        [
            " line 7", " line 8", " line 9", "-line 10", "+line ten", "+and more", " line 11", " line 12", " line 13", "…", " line 22", " line 23", " line 24", "-line 25", " line 26", " line 27", " line 28",
        ]);
        LineDiff.Of(older, older).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("    ports: \"1-10000\" # few", "key:ports|text:\"1-10000\"|note:# few")]
    [InlineData("zones: [staging]", "key:zones")]
    [InlineData("max-hosts: 256", "key:max-hosts|number:256")]
    [InlineData("at: 2026-03-02T22:00:00Z", "key:at|number:2026-03-02T22:00:00Z")]
    public void Lines_of_a_policy_tell_keys_texts_numbers_and_notes_apart(string line, string kinds)
    {
        var pieces = PolicyLines.Of(line);
        string.Concat(pieces.Select(piece => piece.Text)).ShouldBe(line);
        string.Join('|', pieces.Where(piece => piece.Kind.Length > 0).Select(piece => $"{piece.Kind}:{piece.Text}")).ShouldBe(kinds);
    }

    [Fact]
    public void First_policy_is_valid_and_what_is_none_is_refused()
    {
        FirstPolicy.Of("staging", "10.20.0.0/24, 2001:db8:20::/64").IsOk.ShouldBeTrue();
        FirstPolicy.Of("Staging", "10.20.0.0/24").IsOk.ShouldBeFalse();
        FirstPolicy.Of("staging", "everything").IsOk.ShouldBeFalse();
        FirstPolicy.Of("staging", "0.0.0.0/0").IsOk.ShouldBeFalse();
        FirstPolicy.Of("staging", "").IsOk.ShouldBeFalse();
    }
}
