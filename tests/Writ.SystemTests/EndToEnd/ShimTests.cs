using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Shims: whoever calls a tool, a person, a shell or a program of somebody else's, does not notice that it goes through Writ.</summary>
[Collection(ToolsCollection.Name)]
public sealed class ShimTests(ToolsStreet street) : EndToEndTest(street)
{
    private static readonly string[] Plain = ["cat", "head", "tee", "wc"];

    private string Shims => Path.Combine(House.Folder, "shims");

    // The few programs that a line needs beside the shims. No tool itself is on the path: what is not a shim's call reaches no network.
    private string Beside => Path.Combine(House.Folder, "beside");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await street.Ready();
        Directory.CreateDirectory(Beside);
        foreach (var program in Plain.Where(program => !Path.Exists(Path.Combine(Beside, program))))
            File.CreateSymbolicLink(Path.Combine(Beside, program), $"/usr/bin/{program}");
        (await House.Type("sam", "shim", "install", "--dir", Shims, "nmap", "dig", "curl")).ShouldBeOk();
    }

    private Typing Sh(string actor, string line, params (string Name, string? Value)[] environment) =>
        House.StartTypingOther(actor, "/bin/sh", ["-c", line], [("PATH", $"{Shims}:{Beside}"), .. environment]);

    [Fact]
    public async Task Shell_sees_output_files_and_exit_codes_of_the_tool()
    {
        var target = House.Target();
        var ran = (await Sh("sam", $"nmap -n -Pn -sT -p 22,80,81 -oX - {target} | tee copy.xml | wc -c; nmap -n -Pn -sT -p 22 -oG list.txt {target} >/dev/null; dig @10.20.0.53 web1.staging.example.com +short").End(60)).ShouldBeOk();
        ran.Text.ShouldEndWith("10.20.0.5");
        var xml = XDocument.Load(Path.Combine(House.Folder, "copy.xml"));
        xml.Root!.Name.LocalName.ShouldBe("nmaprun");
        xml.Descendants("port").Count(port => port.Element("state")!.Attribute("state")!.Value == "open").ShouldBe(2);
        File.ReadAllText(Path.Combine(House.Folder, "list.txt")).ShouldContain($"Host: {target} ()");

        (await Sh("sam", $"printf '{target}\\n10.20.0.5 # and this\\n' | nmap -n -Pn -sT -p 22 -iL - -oX - | tee hosts.xml | wc -c").End()).ShouldBeOk();
        XDocument.Load(Path.Combine(House.Folder, "hosts.xml")).Descendants("address").Select(address => address.Attribute("addr")!.Value).ShouldBe([target, "10.20.0.5"], ignoreOrder: true);
        (await Sh("sam", "nmap -n -sT -p 22 -iL - </dev/null").End()).ShouldBe(2);

        (await Sh("sam", "printf 'eleven byte' | curl -sv -T - http://10.20.0.5/page").End()).ShouldBeOk().Error.ShouldContain("Content-Length: 11");
        (await Sh("sam", "curl -f -o missing.html http://10.20.0.5/nothing-here").End()).ShouldBe(22);
        (await Sh("sam", "nmap --nosuch 10.20.0.5").End()).ShouldBe(2).Error.ShouldContain("nmap has no option '--nosuch'");
        (await Sh("dana", "nmap -n -sT -p 22 10.20.0.5").End()).ShouldBe(121);
        (await Sh("dana", "dig --writ-wait 1s --writ-reason 'a test' @10.20.0.53 shim.example.com").End()).ShouldBe(123);
        (await Sh("dana", "dig @10.20.0.53 shim.example.com").End()).ShouldBe(121).Error.ShouldContain("reason");
        (await Sh("dana", "dig @10.20.0.53 shim.example.com", ("WRIT_REASON", "a test"), ("WRIT_WAIT", "1s")).End()).ShouldBe(123);
    }

    [Fact]
    public async Task Signal_to_a_shim_ends_the_run_and_so_does_a_closed_pipe()
    {
        var target = House.Target();
        using var typing = Sh("sam", $"exec nmap -n -Pn -v -sT --max-rate 20 -p 1-9000 {target}");
        var run = await House.Running(target);
        typing.Process.Signal(HouseProcess.Terminate);
        (await typing.End()).ShouldBe(125);
        await House.Until(() => Task.FromResult(run.Processes().Count == 0), "processes are left");

        var other = House.Target();
        (await Sh("sam", $"nmap -n -Pn -v -sT --max-rate 20 -p 1-9000 {other} | head -n 1").End(60)).ShouldBeOk();
        await House.Until(async () => (await House.As("ada").Get("/v1/runs?state=running&limit=50", Writ.Contracts.WritJson.Default.PageRunView)).Ok.Items.All(live => !live.Command.Contains(other)), "the run goes on");
    }

    [Theory]
    [InlineData("node-nmap.js", "-Pn -sT -p 22,80")]
    [InlineData("node-libnmap.js", "22,80")]
    public async Task Program_from_npm_that_calls_nmap_works_unchanged(string program, string how)
    {
        var target = House.Target();
        var script = NodePrograms.In("callers", program);
        var ran = (await House.StartTypingOther("sam", "/usr/bin/node", [script, target, how], ("PATH", $"{Shims}:{Beside}")).End(60)).ShouldBeOk();
        var found = JsonNode.Parse(ran.Text)!.ToJsonString();
        found.ShouldContain($"\"{target}\"");
        found.ShouldContain("\"ssh\"");
        found.ShouldMatch(":\"?80\"?[,}]");
        var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", Writ.Contracts.WritJson.Default.PageRunView)).Ok.Items[0];
        run.Command.ShouldContain(target);
    }

}
