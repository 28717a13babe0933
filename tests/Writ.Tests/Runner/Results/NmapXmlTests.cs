using System.Globalization;
using System.Text;
using System.Xml;
using CsCheck;
using Writ.Proof.Results;
using Writ.Runner.Results;

namespace Writ.Tests.Runner.Results;

/// <summary>What comes out of the sandbox is hostile: whatever it is, it is read, passed over or refused, within bounds.</summary>
public sealed class NmapXmlTests
{
    // As nmap 7.93 writes it.
    private const string Head = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE nmaprun>
        <?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
        <!-- Nmap 7.93 scan initiated Thu Nov 26 as: nmap -sS 10.20.0.5 -->
        <nmaprun scanner="nmap" args="nmap -sS 10.20.0.5" start="1" startstr="x" version="7.93" xmloutputversion="1.05">
        <scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>
        <verbose level="0"/>
        <debugging level="0"/>

        """;

    private const string Hint = """<hosthint><status state="up" reason="syn-ack" reason_ttl="0"/><address addr="10.20.0.5" addrtype="ipv4"/><hostnames></hostnames></hosthint>""";

    private const string Host = """
        <host starttime="1" endtime="2"><status state="up" reason="syn-ack" reason_ttl="0"/>
        <address addr="10.20.0.5" addrtype="ipv4"/><address addr="02:00:00:00:00:01" addrtype="mac"/>
        <hostnames><hostname name="web1.staging.example.com" type="user"/></hostnames>
        <ports><extraports state="closed" count="1"><extrareasons reason="reset" count="1"/></extraports>
        <port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="0"/><service name="ssh" product="OpenSSH" version="9.2" method="probed" conf="10"><cpe>cpe:/a:x</cpe></service><script id="x" output="y"><table key="port"><elem key="state">open</elem></table></script></port>
        <port protocol="tcp" portid="25"><state state="filtered" reason="no-response" reason_ttl="0"/><service name="smtp" method="table" conf="3"/></port>
        <port protocol="udp" portid="53"><state state="open|filtered" reason="no-response" reason_ttl="0"/></port>
        <port protocol="tcp" portid="80"><state state="open" reason="syn-ack" reason_ttl="0"/></port>
        </ports></host>

        """;

    private const string Tail = """<runstats><finished time="3" timestr="x" summary="done" elapsed="2" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>""";

    private sealed class Pieces(byte[] bytes, int size) : TokenStream
    {
        private int _at;
        public bool AtEnd => _at == bytes.Length;

        protected override int Take(Span<byte> buffer)
        {
            var length = Math.Min(Math.Min(size, buffer.Length), bytes.Length - _at);
            bytes.AsSpan(_at, length).CopyTo(buffer);
            _at += length;
            return length;
        }
    }

    private static ResultsReport Read(string text, int piece = 4096) => Read(Encoding.UTF8.GetBytes(text), piece);

    private static ResultsReport Read(byte[] bytes, int piece)
    {
        var xml = new NmapXml(new Pieces(bytes, piece), () => { });
        xml.Read();
        return xml.Report;
    }

    [Fact]
    public void Read_whole_run_tells_hosts_and_open_ports() =>
        Gen.Int[1, 300].Sample(piece =>
        {
            var report = Read(Head + Hint + Host + Tail, piece);
            (report.Complete, report.HostsDone, report.HostsUp, report.OpenPorts, report.UnlistedHosts).ShouldBe((true, 1, 1, 2, 0));
            var host = report.Hosts.ShouldHaveSingleItem();
            (host.Address, host.Name, host.UnlistedPorts).ShouldBe(("10.20.0.5", "web1.staging.example.com", 0));
            host.Ports.ShouldBe([new("tcp", 22, "ssh", "OpenSSH 9.2"), new("tcp", 80)]);
        }, iter: 50);

    [Fact]
    public void Progress_is_told_as_soon_as_its_element_is_there()
    {
        // The stream says what was known when it was asked for more: nothing waits for bytes that are not written yet.
        var seen = new List<(string?, double?, long?)>();
        NmapXml? xml = null;
        string[] pieces =
        [
            Head, """<taskbegin task="SYN Stealth Scan" time="1"/>""" + "\n",
            """<taskprogress task="SYN Stealth Scan" time="2" percent="45.31" remaining="42" etc="44"/>""" + "\n", """<taskend task="SYN Stealth Scan" time="3"/>""" + "\n",
        ];
        using var stream = new Live(pieces, () => seen.Add((xml!.Report.Phase, xml.Report.Percent, xml.Report.Remaining)));
        xml = new(stream, () => { });
        Should.Throw<XmlException>(xml.Read);
        seen.ShouldBe([(null, null, null), (null, null, null), ("SYN Stealth Scan", 0, null), ("SYN Stealth Scan", 45.31, 42_000_000), ("SYN Stealth Scan", 100, 0)]);
    }

    private sealed class Live(string[] pieces, Action asked) : TokenStream
    {
        private readonly Queue<string> _left = new(pieces);

        protected override int Take(Span<byte> buffer)
        {
            asked();
            return _left.TryDequeue(out var piece) ? Encoding.UTF8.GetBytes(piece, buffer) : 0;
        }
    }

    [Fact]
    public void Cut_anywhere_it_throws_and_what_was_read_stays()
    {
        var whole = Encoding.UTF8.GetBytes(Head + Hint + Host + Host.Replace("10.20.0.5", "10.20.0.6", StringComparison.Ordinal) + Tail);
        Gen.Int[0, whole.Length - 1].Sample(length =>
        {
            var xml = new NmapXml(new Pieces(whole[..length], 77), () => { });
            Should.Throw<XmlException>(xml.Read);
            xml.Report.Hosts.Count.ShouldBeInRange(0, 2);
            xml.Report.HostsUp.ShouldBeInRange(xml.Report.Hosts.Count, 2);
        }, iter: 300);
    }

    [Theory]
    [InlineData("""<!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><nmaprun><taskbegin task="&b;"/></nmaprun>""")]
    [InlineData("""<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]><nmaprun><taskbegin task="x"/>&a;</nmaprun>""")]
    public void Entities_are_not_expanded(string text) => Should.Throw<XmlException>(() => Read(text));

    [Fact]
    public void Dtd_is_neither_read_nor_fetched() =>
        Read("""<!DOCTYPE nmaprun SYSTEM "http://127.0.0.1:9/nmap.dtd"><nmaprun><taskbegin task="x"/></nmaprun>""").Phase.ShouldBe("x");

    [Fact]
    public void Another_document_is_refused() => Should.Throw<InvalidDataException>(() => Read("<html><body/></html>"));

    [Fact]
    public void Elements_without_end_in_one_another_are_refused() =>
        Should.Throw<InvalidDataException>(() => Read("<nmaprun>" + string.Concat(Enumerable.Repeat("<a>", 100_000))));

    [Fact]
    public void Text_without_end_is_refused_and_not_kept()
    {
        using var stream = new Endless("<nmaprun><host><status state=\"up"u8.ToArray());
        Should.Throw<InvalidDataException>(new NmapXml(stream, () => { }).Read);
        stream.Taken.ShouldBeLessThan(TokenStream.MostTokenBytes + (1 << 20));
    }

    private sealed class Endless(byte[] begin) : TokenStream
    {
        public long Taken { get; private set; }

        protected override int Take(Span<byte> buffer)
        {
            buffer.Fill((byte)'x');
            if (Taken == 0)
                begin.CopyTo(buffer);
            Taken += buffer.Length;
            return buffer.Length;
        }
    }

    [Fact]
    public void Lists_and_texts_have_an_end_whatever_comes()
    {
        var text = new StringBuilder(Head);
        for (var host = 0; host < 1_000; host++)
        {
            text.Append(CultureInfo.InvariantCulture, $"""<host><status state="up"/><address addr="10.20.{host / 250}.{host % 250}"/><hostnames><hostname name="{new string('n', 5_000)}"/></hostnames><ports>""");
            for (var port = 0; port < 100; port++)
                text.Append(CultureInfo.InvariantCulture, $"""<port protocol="tcp" portid="{port}"><state state="open"/><service name="{new string('s', 300)}" product="p"/></port>""");
            text.Append("</ports></host>");
        }

        var report = Read(text.Append(Tail).ToString());
        (report.HostsUp, report.HostsDone, report.OpenPorts, report.UnlistedHosts).ShouldBe((1_000, 1_000, 100_000, 1_000 - ResultsReport.MostHosts));
        report.Hosts.Count.ShouldBe(ResultsReport.MostHosts);
        report.Hosts.Sum(host => host.Ports.Count).ShouldBe(ResultsReport.MostPortsInAll);
        report.Hosts.ShouldAllBe(host => host.Ports.Count + host.UnlistedPorts == 100 && host.Ports.Count <= ResultsReport.MostPorts && host.Name!.Length == ResultsReport.LongestText);
    }

    [Theory]
    [InlineData("""<host><status state="up"/><address addr="10.20.0.5 "/></host>""")]
    [InlineData("""<host><status state="up"/><address addr="nonsense"/><ports><port protocol="tcp" portid="80"><state state="open"/></port></ports></host>""")]
    [InlineData("""<host><status state="up"/><address addr="10.0.0.1"/><ports><port protocol="tcp" portid="99999"><state state="open"/></port><port protocol="x" portid="80"><state state="open"/></port><port portid="1e9"><state state="open"/></port></ports></host>""")]
    [InlineData("""<host><ports><port><state state="open"/><service name="x"/></port></ports></host>""")]
    [InlineData("""<port protocol="tcp" portid="80"><state state="open"/></port><taskprogress percent="NaN" remaining="-5"/><taskprogress percent="1e999" remaining="1e300"/>""")]
    [InlineData("""<host><host><host/></host></host><hosthint/><status state="up"/><service/>""")]
    public void Nonsense_is_passed_over(string inside)
    {
        var report = Read(Head + inside + Tail);
        (report.OpenPorts, report.Complete).ShouldBe((0, true));
        report.Percent.ShouldBeNull();
    }

    /// <summary>Words of the language in any order, with and without a mistake in between.</summary>
    [Fact]
    public void Whatever_is_written_is_read_or_refused()
    {
        string[] words =
        [
            "<nmaprun>", "</nmaprun>", "<host>", "</host>", "<host/>", "<hosthint>", "</hosthint>", "<status state=\"up\"/>", "<address addr=\"10.0.0.1\"/>", "<ports>", "</ports>",
            "<port protocol=\"tcp\" portid=\"1\">", "</port>", "<state state=\"open\"/>", "<service name=\"\u00e9&#27;&#x1F600;\"/>", "&lt;", "&#0;", "<![CDATA[", "]]>", "<!--", "-->", "<?x ?>", "\0", "\u001b[2J", "<", "&", "\"",
            "<taskprogress task=\"x\" percent=\"5\"/>", "<runstats>", "<finished exit=\"success\"/>",
        ];
        Gen.Select(Gen.Int[0, words.Length - 1].Array[0, 60], Gen.Int[1, 50], Gen.Bool).Sample((picks, piece, wrapped) =>
        {
            var text = string.Concat(picks.Select(pick => words[pick]));
            try
            {
                Read(wrapped ? Head + text : text, piece);
            }
            catch (Exception refused) when (refused is XmlException or InvalidDataException)
            {
                // One of the two, and nothing else.
            }
        }, iter: 2_000);
    }
}
