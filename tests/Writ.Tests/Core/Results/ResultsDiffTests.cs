using Writ.Core.Results;
using Writ.Proof.Addresses;
using static Writ.Tests.Core.Results.NmapResultsTests;

namespace Writ.Tests.Core.Results;

/// <summary>What changed from one run to another, and what cannot be told.</summary>
public sealed class ResultsDiffTests
{
    private static readonly AddressSet Targets = AddressSet.TryParse(["10.20.0.0/28"], out var set, out _) ? set : AddressSet.Empty;

    private static string[] Diff(string before, string after, DateTimeOffset? notMeasured = null) =>
    [
        .. ResultsDiff.Between(new(Read(before), Targets), new(NotMeasured.Mark(Read(after), notMeasured), Targets)).Select(change =>
            $"{change.Kind} {change.What} {change.Address} {change.Protocol}{change.Port} {change.Script}: {change.Before} -> {change.After}"),
    ];

    private static string With(string from, string to) => Host.Replace(from, to, StringComparison.Ordinal);

    private const string Open82 = """<port protocol="tcp" portid="82"><state state="open" reason="syn-ack"/><service name="xfer"/></port></ports>""";

    [Fact]
    public void Same_results_have_no_difference() => Diff(Head + Host + Tail, Head + Host + Tail).ShouldBeEmpty();

    [Fact]
    public void Ports_open_and_close_also_where_the_tool_tells_of_them_together()
    {
        var more = Head + With("</ports>", Open82).Replace("""ports="82-83" """.TrimEnd(), "ports=\"83\"", StringComparison.Ordinal) + Tail;
        Diff(Head + Host + Tail, more).ShouldBe(["opened port 10.20.0.5 tcp82 : closed -> open xfer"]);
        Diff(more, Head + Host + Tail).ShouldBe(["closed port 10.20.0.5 tcp82 : open xfer -> closed"]);
    }

    [Fact]
    public void Services_systems_scripts_and_states_change() =>
        Diff(Head + Host + Tail, Head + With("9.2", "9.6").Replace("key one", "key two", StringComparison.Ordinal).Replace("Linux 6.1", "Linux 6.9", StringComparison.Ordinal)
            .Replace("state=\"filtered\" reason=\"no-response\" reason_ttl", "state=\"closed\" reason=\"reset\" reason_ttl", StringComparison.Ordinal) + Tail).ShouldBe(
        [
            "changed system 10.20.0.5  : Linux 6.1 -> Linux 6.9",
            "changed service 10.20.0.5 tcp22 : ssh OpenSSH 9.2 protocol 2.0 -> ssh OpenSSH 9.6 protocol 2.0",
            "changed script 10.20.0.5 tcp22 ssh-hostkey: key one -> key two",
            "changed port 10.20.0.5 tcp25 : filtered -> closed",
        ]);

    [Fact]
    public void Host_that_does_not_answer_any_more_is_closed_with_its_ports() =>
        Diff(Head + Host + Tail, Head + Tail).ShouldBe(
        [
            "closed host 10.20.0.5  : up -> down",
            "closed port 10.20.0.5 tcp22 : open ssh OpenSSH 9.2 protocol 2.0 -> host down",
            "closed port 10.20.0.5 tcp80 : open ssl/http -> host down",
        ]);

    [Fact]
    public void Host_that_a_cut_run_did_not_come_to_was_not_measured()
    {
        Diff(Head + Host + Tail, Head).ShouldBe(["not-measured host 10.20.0.5  : up -> "]);
        Diff(Head, Head + Host + Tail).ShouldBe(["not-measured host 10.20.0.5  :  -> up"]);
    }

    [Fact]
    public void Host_outside_the_targets_of_the_other_run_was_not_measured() =>
        ResultsDiff.Between(new(Read(Head + Host + Tail), Targets), new(Read(Head + Tail), AddressSet.Empty)).Select(change => change.Kind).ShouldBe([NotMeasured.State]);

    [Fact]
    public void Port_that_the_other_run_did_not_look_at_was_not_measured() =>
        Diff(Head.Replace("22,25,80-83", "22", StringComparison.Ordinal) + With("portid=\"25\"", "portid=\"26\"").Replace("portid=\"80\"", "portid=\"22\"", StringComparison.Ordinal)
            .Replace("proto=\"tcp\" ports", "proto=\"udp\" ports", StringComparison.Ordinal) + Tail, Head + With("portid=\"25\"", "portid=\"26\"") + Tail)
            .ShouldContain("not-measured port 10.20.0.5 tcp80 :  -> open ssl/http");

    [Fact]
    public void What_got_no_answer_after_packets_were_dropped_is_no_close()
    {
        var silent = Head + With("portid=\"80\"><state state=\"open\" reason=\"syn-ack\"", "portid=\"80\"><state state=\"filtered\" reason=\"no-response\"") + Tail;
        Diff(Head + Host + Tail, silent).ShouldBe(["closed port 10.20.0.5 tcp80 : open ssl/http -> filtered"]);
        Diff(Head + Host + Tail, silent, DateTimeOffset.FromUnixTimeSeconds(1003)).ShouldBe(["not-measured port 10.20.0.5 tcp80 : open ssl/http -> "]);
    }
}
