using System.Text;
using Writ.Contracts.Runs;
using Writ.Server.Runs;

namespace Writ.Tests.Server.Runs;

/// <summary>Results as a table that a spreadsheet opens.</summary>
public sealed class ResultsCsvTests
{
    [Fact]
    public void Words_of_a_host_are_no_formula_and_break_no_line()
    {
        FoundPortView port = new("tcp", 80, "open", null, "syn-ack", "http", "=HYPERLINK(\"http://x\",\"a\")\r\n@SUM(1)", []);
        FoundHostView host = new("10.20.0.5", ["-web1"], "up", null, null, null, [port], [], []);
        ResultsView results = new("run_1", "nmap 7.98", null, null, true, false, null, null, "", 0, [], 1, 1, [host], [], "0", [], 0, 0, 0);
        Encoding.UTF8.GetString(ResultsCsv.Of(results)).ShouldBe(
            "address,name,protocol,port,state,service,product,reason\r\n"
            + "10.20.0.5,'-web1,tcp,80,open,http,\"'=HYPERLINK(\"\"http://x\"\",\"\"a\"\")\r\n@SUM(1)\",syn-ack\r\n");
    }
}
