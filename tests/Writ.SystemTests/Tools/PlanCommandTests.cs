using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Writ.SystemTests.Tools;

/// <summary><c>writ-server plan</c>, the real program.</summary>
public class PlanCommandTests
{
    private const string Good = """{"argv":["nmap","-sS","-p","22,80","10.20.0.1"]}""";

    [Fact]
    public void Plan_lines_are_answered_one_by_one_in_order()
    {
        var answers = Answers("""
            {"argv":["nmap","-sSV","-T4","--script","default and not intrusive","-iL","hosts.txt","-oX","out.xml"],"files":{"hosts.txt":"10.20.1-3.0/26 # staging\r\n2001"}}
            {"argv":["nmap","-sn","10.20.1-3.0/26"],"files":{}}
            {"argv":["nmap","-sU","-p","U:53,123","--exclude","10.20.0.2","10.20.0.0/30","10.20.0.9"]}
            {"argv":["nmap","-sY","-p","80","web1.staging","10.20.0.1"]}
            """);
        answers[0]["error"]!["message"]!.GetValue<string>().ShouldBe("the target on line 2 of 'hosts.txt' has not four octets");
        Texts(answers[1]["targets"]).ShouldBe(["10.20.1.0-10.20.1.63", "10.20.2.0-10.20.2.63", "10.20.3.0-10.20.3.63"]);
        Texts(answers[1]["argv"]).ShouldBe(["nmap", "-n", "-sn", "--timing=3", "10.20.1.0/26", "10.20.2.0/26", "10.20.3.0/26"]);
        Texts(answers[2]["targets"]).ShouldBe(["10.20.0.0-10.20.0.1", "10.20.0.3", "10.20.0.9"]);
        answers[2]["ports"]!.ToJsonString().ShouldBe("""{"tcp":"","udp":"53,123"}""");
        answers[3]["ports"]!.ToJsonString().ShouldBe("""{"tcp":"","udp":"","sctp":"80"}""");
        Texts(answers[3]["names"]).ShouldBe(["web1.staging"]);
        Texts(answers[3]["argv"])[^2..].ShouldBe(["web1.staging", "10.20.0.1"]);
    }

    [Theory]
    [InlineData("", "invalid-input")]
    [InlineData("nmap 10.20.0.1", "invalid-input")]
    [InlineData("{\"argv\":[\"nmap\"", "invalid-input")]
    [InlineData("""{"argv":"nmap"}""", "invalid-input")]
    [InlineData("""{"argv":["nmap",null]}""", "invalid-input")]
    [InlineData("""{"argv":["nmap"],"file":{}}""", "invalid-input")]
    [InlineData("""{"argv":["nmap"],"argv":["nmap"]}""", "invalid-input")]
    [InlineData("""{"argv":["nmap","\ud800"]}""", "invalid-input")]
    [InlineData("""[]""", "invalid-input")]
    [InlineData("""{"argv":[]}""", "unknown-tool")]
    [InlineData("""{"argv":["/usr/bin/nmap","10.20.0.1"]}""", "unknown-tool")]
    [InlineData("""{"argv":["nmap","10.20.0.1\u0000"]}""", "invalid-command")]
    [InlineData("""{"argv":["nmap","10.20.0.1\u202e"]}""", "invalid-command")]
    [InlineData("""{"argv":["nmap","-iL","hosts.txt"]}""", "invalid-command")]
    [InlineData("""{"argv":["nmap","-iL","hosts.txt"],"files":{"hosts.txt":"\ufeff10.20.0.1"}}""", "invalid-target")]
    [InlineData("""{"argv":["nmap","0.0.0.0/0"]}""", "invalid-target")]
    public void Plan_bad_line_is_answered_with_an_error_and_the_next_is_read(string line, string code)
    {
        var answers = Answers($"{line}\n{Good}");
        answers.Length.ShouldBe(2);
        answers[0]["ok"]!.GetValue<bool>().ShouldBeFalse();
        answers[0]["error"]!["code"]!.GetValue<string>().ShouldBe(code);
        answers[0]["error"]!["message"]!.GetValue<string>().ShouldNotBeEmpty();
        answers[1]["ok"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public void Plan_line_of_invalid_utf8_is_answered_with_an_error()
    {
        byte[] line = [.. """{"argv":["nmap","""u8, (byte)'"', 0xff, (byte)'"', .. "]}\n"u8, .. Encoding.UTF8.GetBytes(Good)];
        var answers = Answers(line);
        answers[0]["error"]!["code"]!.GetValue<string>().ShouldBe("invalid-input");
        answers[1]["ok"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task Plan_answer_comes_before_the_input_ends()
    {
        using var process = Start();
        for (var round = 0; round < 3; round++)
        {
            await process.StandardInput.WriteAsync(Good + "\n");
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            var answer = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            answer.ShouldNotBeNull().ShouldStartWith("""{"ok":true,"targets":["10.20.0.1"],"ports":{"tcp":"22,80","udp":""},"scripts":[],"argv":["nmap",""");
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Plan_with_resolve_pins_names_by_the_hosts_resolver()
    {
        Texts(Answers("""{"argv":["nmap","-sn","localhost/31"]}""", "--resolve")[0]["targets"]).ShouldBe(["127.0.0.0-127.0.0.1"]);
        Answers("""{"argv":["nmap","-sn","nosuch.invalid"]}""", "--resolve")[0]["error"]!["message"]!.GetValue<string>().ShouldBe("target 'nosuch.invalid' has no IPv4 address");
    }

    [Fact]
    public void Plan_without_data_of_nmap_says_so()
    {
        using var process = Start("--nmap-data", "/nonexistent");
        process.StandardInput.Close();
        process.StandardError.ReadToEnd().ShouldBe("writ-server: --nmap-data: there is no folder '/nonexistent'\nhint: name the folder with nmap-services\n");
        process.WaitForExit();
        process.ExitCode.ShouldBe(2);
    }

    [Fact]
    public void Plan_of_a_hundred_thousand_targets_and_of_a_megabyte_of_argv_is_answered()
    {
        var list = string.Join("\\n", Enumerable.Range(0, 100_000).Select(number => $"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}/31"));
        var words = string.Join("\",\"", Enumerable.Range(0, 70_000).Select(number => $"10.{number / 62_500}.{number / 250 % 250}.{number % 250}"));
        var watch = Stopwatch.StartNew();
        var answers = Answers($$$"""
            {"argv":["nmap","-iL","x"],"files":{"x":"{{{list}}}"}}
            {"argv":["nmap","{{{words}}}"]}
            {"argv":["nmap","10.0.0.0/8"]}
            {"argv":["nmap","-6","2001:db8::/64"]}
            """);
        Texts(answers[0]["targets"]).ShouldBe(["10.0.0.0-10.1.134.159"]);
        answers[1]["ok"]!.GetValue<bool>().ShouldBe(true);
        Texts(answers[2]["targets"]).ShouldBe(["10.0.0.0-10.255.255.255"]);
        Texts(answers[3]["targets"]).ShouldBe(["2001:db8::-2001:db8::ffff:ffff:ffff:ffff"]);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    private static string[] Texts(JsonNode? array) => [.. array!.AsArray().Select(item => item!.GetValue<string>())];

    private static JsonNode[] Answers(string lines, params string[] options) => Answers(Encoding.UTF8.GetBytes(lines), options);

    private static JsonNode[] Answers(byte[] lines, params string[] options)
    {
        using var process = Start(options);
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.BaseStream.Write(lines);
        process.StandardInput.Close();
        JsonNode[] answers = [.. output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        process.WaitForExit();
        process.StandardError.ReadToEnd().ShouldBe("");
        process.ExitCode.ShouldBe(0);
        return answers;
    }

    private static Process Start(params string[] options)
    {
        var dist = Environment.GetEnvironmentVariable("WRIT_DIST") ?? throw new InvalidOperationException("WRIT_DIST names no dist/: run ./test");
        var start = new ProcessStartInfo(Path.Combine(dist, "writ-server")) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardInputEncoding = new UTF8Encoding(false) };
        start.ArgumentList.Add("plan");
        foreach (var option in options)
            start.ArgumentList.Add(option);
        return Process.Start(start)!;
    }
}
