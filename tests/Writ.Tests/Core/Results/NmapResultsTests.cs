using System.Globalization;
using System.Text;
using CsCheck;
using Writ.Core.Results;

namespace Writ.Tests.Core.Results;

/// <summary>What a run's tool wrote, read whole by the server: hostile, and always answered within bounds.</summary>
public sealed class NmapResultsTests
{
    // As nmap 7.93 writes it.
    internal const string Head = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE nmaprun>
        <nmaprun scanner="nmap" args="nmap -sS 10.20.0.5" start="1000" startstr="x" version="7.93" xmloutputversion="1.05">
        <scaninfo type="syn" protocol="tcp" numservices="6" services="22,25,80-83"/>

        """;

    internal const string Tail = """<runstats><finished time="1010" timestr="x" summary="done" elapsed="2" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>""";

    internal const string Host = """
        <host starttime="1001" endtime="1005"><status state="up" reason="syn-ack" reason_ttl="0"/>
        <address addr="10.20.0.5" addrtype="ipv4"/><address addr="02:00:00:00:00:01" addrtype="mac" vendor="Acme"/>
        <hostnames><hostname name="web1.staging.example.com" type="user"/></hostnames>
        <ports><extraports state="closed" count="2"><extrareasons reason="reset" count="2" proto="tcp" ports="82-83"/></extraports>
        <extraports state="filtered" count="1"><extrareasons reason="no-response" count="1" proto="tcp" ports="81"/></extraports>
        <port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="ssh" product="OpenSSH" version="9.2" extrainfo="protocol 2.0" method="probed" conf="10"><cpe>cpe:/a:x</cpe></service><script id="ssh-hostkey" output="key one"><table key="port"><elem key="state">open</elem></table></script></port>
        <port protocol="tcp" portid="25"><state state="filtered" reason="no-response" reason_ttl="0"/><service name="smtp" method="table" conf="3"/></port>
        <port protocol="tcp" portid="80"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="http" tunnel="ssl"/></port>
        </ports><os><osmatch name="Linux 6.1" accuracy="96" line="1"/></os>
        <hostscript><script id="clock-skew" output="0s"/></hostscript></host>

        """;

    internal static ScanResults Read(string xml) => NmapResults.Read(Encoding.UTF8.GetBytes(xml));

    [Fact]
    public void Read_whole_run_tells_hosts_ports_services_and_scripts()
    {
        var results = Read(Head + Host + Tail);
        (results.Complete, results.Trouble, results.Version).ShouldBe((true, null, "7.93"));
        results.Looked.ShouldBe([new("tcp", "syn", "22,25,80-83")]);
        var host = results.Hosts.ShouldHaveSingleItem();
        (host.Address.ToString(), host.State, host.Hardware, host.System).ShouldBe(("10.20.0.5", "up", "02:00:00:00:00:01 Acme", "Linux 6.1"));
        host.Names.ShouldBe(["web1.staging.example.com"]);
        host.Scripts.ShouldBe([new("clock-skew", "0s")]);
        host.Ports.Select(port => (port.Number, port.State, port.Service, port.Product)).ShouldBe(
            [(22, "open", "ssh", "OpenSSH 9.2 protocol 2.0"), (25, "filtered", "smtp", null), (80, "open", "ssl/http", null)]);
        host.Ports[0].Scripts.ShouldBe([new("ssh-hostkey", "key one")]);
        host.Rest.ShouldBe([new("tcp", "closed", 2, "82-83", "reset"), new("tcp", "filtered", 1, "81", "no-response")]);
    }

    [Fact]
    public void Read_any_beginning_keeps_the_whole_hosts_and_is_not_complete()
    {
        var whole = Encoding.UTF8.GetBytes(Head + Host + Tail);
        var told = Encoding.UTF8.GetByteCount(Head + Host.TrimEnd());
        Gen.Int[0, whole.Length - 1].Sample(length =>
        {
            var results = NmapResults.Read(whole.AsMemory(0, length));
            results.Complete.ShouldBeFalse();
            results.Trouble.ShouldNotBeNull();
            results.Hosts.Count.ShouldBe(length >= told ? 1 : 0);
        }, iter: 300);
    }

    [Fact]
    public void Read_any_bytes_answers()
    {
        var whole = Encoding.UTF8.GetBytes(Head + Host + Tail);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte.Array[1, 8]).Sample((at, bytes) =>
        {
            var spoilt = whole.ToArray();
            bytes.AsSpan(0, Math.Min(bytes.Length, spoilt.Length - at)).CopyTo(spoilt.AsSpan(at));
            NmapResults.Read(spoilt).Hosts.Count.ShouldBeLessThanOrEqualTo(1);
        }, iter: 300);
    }

    [Fact]
    public void Entities_are_not_resolved_and_do_not_expand()
    {
        var laughs = string.Concat(Enumerable.Range(1, 20).Select(i => $"<!ENTITY l{i} \"&l{i - 1};&l{i - 1};&l{i - 1};\">"));
        var results = Read($"""<?xml version="1.0"?><!DOCTYPE nmaprun [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{laughs}]><nmaprun version="&l20;&f;">{Host}</nmaprun>""");
        (results.Version, results.Hosts.Count, results.Complete).ShouldBe((null, 0, false));
        results.Trouble.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("\u00ff\u00fe")]
    [InlineData("\u001b[2J")]
    [InlineData("<a><a>")]
    public void What_cannot_be_read_ends_the_reading_and_what_was_before_stays(string text)
    {
        var bytes = (byte[])[.. Encoding.UTF8.GetBytes(Head + Host), .. Encoding.Latin1.GetBytes($"<host><status state=\"{text}\"/></host>"), .. Encoding.UTF8.GetBytes(Host.Replace("0.5", "0.6", StringComparison.Ordinal) + Tail)];
        var results = NmapResults.Read(bytes);
        (results.Hosts.Count, results.Complete).ShouldBe((1, false));
        results.Trouble!.ShouldStartWith("it ends or cannot be read at line ");
    }

    [Fact]
    public void Depth_and_tokens_are_bounded()
    {
        Read(Head + string.Concat(Enumerable.Repeat("<a>", 100_000))).Trouble.ShouldBe("its elements lie too deep in one another");
        Read($"{Head}<host><status state=\"{new string('x', 6 << 20)}\"/></host>{Tail}").Trouble.ShouldBe("something in it is larger than 4 MiB");
    }

    [Fact]
    public void Million_ports_and_a_million_hosts_are_counted_and_not_kept()
    {
        var xml = new StringBuilder(Head);
        for (var i = 0; i < ResultsLimits.MostHosts + 10; i++)
            xml.Append(CultureInfo.InvariantCulture, $"<host><status state='up'/><address addr='10.{i >> 16}.{(i >> 8) & 255}.{i & 255}'/></host>");
        xml.Append("<host><status state='up'/><address addr='10.0.0.1'/><ports>");
        for (var i = 0; i < 300_000; i++)
            xml.Append(CultureInfo.InvariantCulture, $"<port protocol='{(i % 3 == 0 ? "tcp" : i % 3 == 1 ? "udp" : "sctp")}' portid='{i % 65_536}'><state state='open'/></port>");
        var results = Read(xml.Append("</ports></host>").Append(Tail).ToString());
        (results.Hosts.Count, results.UnlistedHosts, results.UnlistedPorts).ShouldBe((ResultsLimits.MostHosts, 10, 200_000));
        results.Hosts.Sum(host => host.Ports.Count).ShouldBeLessThanOrEqualTo(ResultsLimits.MostPorts);
        (results.Complete, results.TellsAll).ShouldBe((true, false));
    }

    [Fact]
    public void Texts_are_bounded_one_by_one_and_together()
    {
        var long16 = new string('y', 100_000);
        var xml = new StringBuilder(Head).Append("<host><status state='up'/><address addr='10.0.0.1'/><ports>");
        for (var i = 0; i < 1_500; i++)
            xml.Append(CultureInfo.InvariantCulture, $"<port protocol='tcp' portid='{i}'><state state='open'/><script id='s' output='{(i == 0 ? "\ud83d\ude00" + long16 : new string('z', 20_000))}'/></port>");
        var results = Read(xml.Append("</ports></host>").Append(Tail).ToString());
        var scripts = results.Hosts[0].Ports.SelectMany(port => port.Scripts).ToList();
        scripts.ShouldAllBe(script => script.Output.Length <= ResultsLimits.LongestOutput && script.Cut);
        scripts.Sum(script => (long)script.Output.Length).ShouldBeLessThanOrEqualTo(ResultsLimits.MostText);
        results.CutTexts.ShouldBeGreaterThanOrEqualTo(1_500);
    }

    [Fact]
    public void Host_that_is_told_twice_is_one()
    {
        var results = Read(Head + Host + Host.Replace("portid=\"22\"", "portid=\"82\"", StringComparison.Ordinal) + Tail);
        results.Hosts.ShouldHaveSingleItem().Ports.Select(port => port.Number).ShouldBe([22, 25, 80, 82]);
    }

    [Fact]
    public void Mark_says_not_measured_of_what_got_no_answer_since_then()
    {
        var results = Read(Head + Host + Tail);
        NotMeasured.Mark(results, null).ShouldBeSameAs(results);
        NotMeasured.Mark(results, DateTimeOffset.FromUnixTimeSeconds(1011)).ShouldBeSameAs(results);
        NotMeasured.Mark(results, DateTimeOffset.FromUnixTimeSeconds(1006)).Hosts[0].Ports[1].State.ShouldBe("filtered", "it was done before");

        var marked = NotMeasured.Mark(results, DateTimeOffset.FromUnixTimeMilliseconds(1_005_999));
        marked.Hosts[0].Ports.Select(port => (port.Number, port.State, port.Said)).ShouldBe([(22, "open", null), (25, "not-measured", "filtered"), (80, "open", null)]);
        marked.Hosts[0].Rest.Select(rest => (rest.State, rest.Said)).ShouldBe([("closed", null), ("not-measured", "filtered")]);
        (marked.TellsAll, results.TellsAll).ShouldBe((false, true));
    }
}
