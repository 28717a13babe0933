using System.Text.Json;
using Writ.Cli.Shims;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Runs;
using Writ.Proof.Errors;
using Writ.Proof.Recordings;
using Writ.Tests.Cli.Runs;

namespace Writ.Tests.Cli.Shims;

public sealed class ShimTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-shim-").FullName;

    [Fact]
    public async Task Install_writes_two_readable_lines_and_says_what_a_shell_runs()
    {
        using var typed = new Typed("http://127.0.0.1:1").With("HOME", _folder).With("PATH", $"/nowhere:{_folder}/.local/bin:/usr/bin");
        (await typed.RunAsync("shim", "install", "nmap", "testssl.sh")).ShouldBe(0, typed.Error);
        var path = Path.Combine(_folder, ".local/bin/nmap");
        typed.Output.ShouldBe($"{path}\n{Path.Combine(_folder, ".local/bin/testssl.sh")}\n");
        typed.Error.ShouldBeEmpty();
        File.ReadAllText(path).ShouldBe($"#!/bin/sh\n# a shim of writ: nmap\nexec '{Environment.ProcessPath}' shim exec -- nmap \"$@\"\n");
        File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherExecute).ShouldBeTrue();

        using var again = new Typed("http://127.0.0.1:1").With("HOME", _folder).With("PATH", "/usr/bin:/bin");
        (await again.RunAsync("shim", "install", "cat")).ShouldBe(0);
        again.Error.ShouldContain("writ: a shell runs /usr/bin/cat for cat; put ");
        (await again.RunAsync("shim", "list")).ShouldBe(0);
        again.Output.TrimEnd().Split('\n').Count(line => line.EndsWith("/cat", StringComparison.Ordinal)).ShouldBe(2);
        (await again.RunAsync("shim", "remove", "nmap")).ShouldBe(0);
        File.Exists(path).ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_no_shim_is_neither_replaced_nor_removed()
    {
        var own = Path.Combine(_folder, "nmap");
        await File.WriteAllTextAsync(own, "#!/bin/sh\necho mine\n", TestContext.Current.CancellationToken);
        using var typed = new Typed("http://127.0.0.1:1");
        (await typed.RunAsync("shim", "install", "nmap", "--dir", _folder)).ShouldBe(1);
        (await typed.RunAsync("shim", "remove", "nmap", "--dir", _folder)).ShouldBe(1);
        (await typed.RunAsync("shim", "install", "../nmap", "--dir", _folder)).ShouldBe(2);
        typed.Error.ShouldContain("is there and is no shim of writ; it stays");
        typed.Error.ShouldContain("'../nmap' is no name of a tool");
        File.ReadAllText(own).ShouldContain("mine");
    }

    [Theory]
    [InlineData("a'b", "'a'\\''b'")]
    [InlineData("/opt/my writ/$(id)", "'/opt/my writ/$(id)'")]
    public void Text_quotes_the_path_of_writ(string path, string quoted) => ShimFile.Text(path, "nmap").ShouldContain($"exec {quoted} shim exec");

    [Fact]
    public async Task Exec_takes_its_own_words_out_and_leaves_every_other_as_it_stands()
    {
        await using var server = await Server(Samples.Exited(3));
        using var typed = new Typed(server.Address).With("WRIT_TICKET", "OPS-1").With("WRIT_REASON", "from the environment");
        (await typed.RunAsync("shim", "exec", "--", "nmap", "--reason", "-p", "22", "--writ-reason", "why not", "--writ-for=10m", "", "-oN", "a b", "--", "--writ-reason=x")).ShouldBe(3);
        typed.Output.ShouldBe("out\n");
        var ask = JsonSerializer.Deserialize(server.Calls.Single(call => call.Path == "/v1/requests").Body, WritJson.Default.AskForAccess)!;
        ask.Command.ShouldBe(["nmap", "--reason", "-p", "22", "", "-oN", "a b", "--", "--writ-reason=x"]);
        (ask.Reason, ask.Ticket, ask.DurationSeconds).ShouldBe(("why not", "OPS-1", 600));
    }

    [Theory]
    [InlineData("--writ-reson=x", "a shim has no option '--writ-reson'")]
    [InlineData("--writ-reason", "needs a value")]
    [InlineData("--writ-for=soon", "'soon' is no duration")]
    public async Task Exec_refuses_what_it_does_not_know_of_its_own(string word, string saying)
    {
        using var typed = new Typed("http://127.0.0.1:1");
        (await typed.RunAsync("shim", "exec", "--", "nmap", "10.20.0.5", word)).ShouldBe(2);
        typed.Error.ShouldContain(saying);
    }

    [Theory]
    [InlineData(true, "to debug\n", 0)]
    [InlineData(true, "\n", 121)]
    [InlineData(false, "to debug\n", 121)]
    public async Task Reason_is_asked_for_where_a_rule_wants_one_and_there_is_a_terminal(bool terminal, string input, int code)
    {
        await using var server = await Server(Samples.Exited(0));
        var asked = new List<string?>();
        server.On("POST /v1/requests", async context =>
        {
            var reason = JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.AskForAccess)!.Reason;
            asked.Add(reason);
            if (reason is null)
                await FakeServer.Write(context, new Problem(ErrorCode.ReasonRequired, "a reason is required", 403), WritJson.Default.Problem, 403, "application/problem+json");
            else
                await FakeServer.Write(context, Samples.Request("approved"), WritJson.Default.RequestView, 201);
        });
        using var typed = new Typed(server.Address, input: input, terminal: terminal);
        (await typed.RunAsync("shim", "exec", "--", "nmap", "10.20.0.5")).ShouldBe(code, typed.Error);
        asked.ShouldBe(code == 0 ? [null, "to debug"] : [null]);
    }

    [Fact]
    public async Task Output_that_takes_the_place_of_standard_output_is_all_that_comes_out()
    {
        byte[] xml = [.. "<nmaprun/>"u8, 0, 255];
        var written = new RunOutputView("-", "", "xml", false, "here", xml.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(xml)), false);
        await using var server = await Server(Samples.Exited(0) with { Outputs = [written] }, Samples.Run() with { Outputs = [written with { State = "running" }] });
        server.Json($"GET /v1/runs/{Samples.RunId}", Samples.Exited(0) with { Outputs = [written] }, WritJson.Default.RunView);
        server.On($"GET /v1/runs/{Samples.RunId}/outputs/0", async context => await context.Response.Body.WriteAsync(xml));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("shim", "exec", "--", "nmap", "-oX", "-", "10.20.0.5")).ShouldBe(0, typed.Error);
        typed.OutputBytes.ToArray().ShouldBe(xml);
        typed.Error.ShouldEndWith("err\n");
        File.Exists("-").ShouldBeFalse();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<FakeServer> Server(RunView end, RunView? begun = null)
    {
        var server = await FakeServer.StartAsync();
        var posts = 0;
        server.On("POST /v1/runs", context => posts++ == 0
            ? FakeServer.Write(context, new Problem(ErrorCode.NoGrant, "no active grant covers this", 409), WritJson.Default.Problem, 409, "application/problem+json")
            : FakeServer.Write(context, begun ?? Samples.Run(), WritJson.Default.RunView, 201));
        server.Json("POST /v1/requests", Samples.Request("approved"), WritJson.Default.RequestView, 201);
        server.Attach(async (connection, _) =>
        {
            await FakeServer.Send(connection, new FakeRecording().Add(RecordingStream.Output, "out\n"u8).Add(RecordingStream.Error, "err\n"u8).Bytes);
            await FakeServer.Send(connection, new AttachMessage("end", end));
        });
        return server;
    }
}
