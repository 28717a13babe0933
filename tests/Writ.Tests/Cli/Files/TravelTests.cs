using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Tests.Cli.Runs;

namespace Writ.Tests.Cli.Files;

/// <summary>Files on their way out and back, with a server that may be hostile.</summary>
public sealed class TravelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-travel-").FullName;

    private string At(string name) => Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Problem Needs(params string[] paths) => new("input-needed", "the command reads files", 422, Needs: paths);

    /// <summary>Answers a run with what the first body lacks, then as a run that has ended by itself.</summary>
    private static FakeServer Runs(FakeServer server, RunView run, params string[] needs) => server
        .On("POST /v1/runs", context => server.Calls.Last(call => call.Path == "/v1/runs").Body.Contains("\"sha256\"", StringComparison.Ordinal) || needs.Length == 0
            ? FakeServer.Write(context, run, WritJson.Default.RunView, 201)
            : FakeServer.Write(context, Needs(needs), WritJson.Default.Problem, 422, "application/problem+json"))
        .Json($"GET /v1/runs/{Samples.RunId}", run, WritJson.Default.RunView)
        .Attach(async (socket, _) =>
        {
            await FakeServer.Send(socket, FakeRecording.Of("done\n"));
            await FakeServer.Send(socket, new AttachMessage("end", run));
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });

    private static RunView Ended(params RunOutputView[] outputs) => Samples.Exited(0) with { Outputs = outputs };

    private static RunOutputView Output(string path, byte[] content, bool append = false, string ending = "", bool cut = false) =>
        new(path, ending, "xml", append, "here", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), cut);

    private static Func<HttpContext, Task> Bytes(byte[] content) => context => context.Response.Body.WriteAsync(content).AsTask();

    [Fact]
    public async Task Explain_file_that_the_server_asks_for_is_sent_along()
    {
        File.WriteAllText(At("hosts.txt"), "10.20.0.5\n");
        await using var server = await FakeServer.StartAsync();
        server.Problem("POST /v1/explain", Needs(At("hosts.txt")));
        using var typed = new Typed(server.Address);
        // The second time it asks for what it has, which ends the exchange.
        (await typed.RunAsync("explain", "--", "nmap", "-iL", At("hosts.txt"))).ShouldBe(1);
        typed.Error.ShouldContain("again");
        var sent = JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.AskForAccess)!.Inputs!.ShouldHaveSingleItem();
        (sent.Argument, Encoding.UTF8.GetString(sent.Content)).ShouldBe((At("hosts.txt"), "10.20.0.5\n"));
    }

    [Theory]
    [InlineData("10.20.0.5\n\xff", "-iL", "-")]
    [InlineData("10.20.0.5\n", "-iL", "-", "-oX", "-")]
    public async Task Standard_input_is_sent_where_the_command_names_it_and_read_once(string said, params string[] words)
    {
        await using var server = await FakeServer.StartAsync();
        server.Problem("POST /v1/explain", Needs("-"));
        using var typed = new Typed(server.Address, input: said);
        (await typed.RunAsync(["explain", "--", "nmap", .. words])).ShouldBe(1);
        typed.Error.ShouldContain("asks for '-' again");
        var sent = JsonSerializer.Deserialize(server.Calls.Last().Body, WritJson.Default.AskForAccess)!.Inputs!.ShouldHaveSingleItem();
        (sent.Argument, Encoding.UTF8.GetString(sent.Content)).ShouldBe(("-", said));
    }

    [Fact]
    public async Task Standard_input_that_no_word_names_stays_unread()
    {
        await using var server = await FakeServer.StartAsync();
        server.Problem("POST /v1/explain", Needs("-"));
        using var typed = new Typed(server.Address, input: "secret");
        (await typed.RunAsync("explain", "--", "nmap", "-iL", "hosts-x.txt", "-sT")).ShouldBe(1);
        typed.Error.ShouldContain("the server asks for '-', which does not stand in this command; nothing was read");
    }

    [Theory]
    [InlineData("explain", "POST /v1/explain")]
    [InlineData("request", "POST /v1/requests")]
    [InlineData("run", "POST /v1/runs")]
    public async Task Hostile_server_that_asks_for_a_path_that_was_not_typed_gets_nothing(string verb, string call)
    {
        await using var server = await FakeServer.StartAsync();
        server.Problem(call, Needs("/etc/passwd"));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync(verb, "--", "nmap", "-iL", "hosts.txt")).ShouldBe(1);
        typed.Error.ShouldContain("the server asks for '/etc/passwd', which does not stand in this command; nothing was read");
        server.Calls.ShouldHaveSingleItem().Body.ShouldNotContain("root:");
    }

    [Fact]
    public async Task File_that_is_absent_too_large_or_a_folder_is_one_line_and_nothing_is_asked()
    {
        await using var server = await FakeServer.StartAsync();
        using (var large = File.Create(At("large")))
            large.SetLength((8 << 20) + 1);
        foreach (var (path, why) in new[] { (At("absent"), "no such file"), (At("large"), "larger than 8 MiB"), (_folder, "is a folder") })
        {
            server.Problem("POST /v1/requests", Needs(path));
            using var typed = new Typed(server.Address);
            (await typed.RunAsync("request", "--", "nmap", "-iL", path)).ShouldBe(2);
            typed.Error.ShouldContain(why);
        }

        server.Calls.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Run_sends_digests_of_what_it_reads_and_writes_what_comes_back()
    {
        File.WriteAllText(At("hosts.txt"), "10.20.0.5\n");
        await using var server = await FakeServer.StartAsync();
        var content = "<nmaprun/>"u8.ToArray();
        Runs(server, Ended(Output(At("scan"), content, ending: ".xml")), At("hosts.txt")).On($"GET /v1/runs/{Samples.RunId}/outputs/0", Bytes(content));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("run", "--", "nmap", "-iL", At("hosts.txt"), "-oA", At("scan"))).ShouldBe(0, typed.Error);
        File.ReadAllText(At("scan.xml")).ShouldBe("<nmaprun/>");
        var body = JsonSerializer.Deserialize(server.Calls.Last(call => call.Path == "/v1/runs").Body, WritJson.Default.StartRun)!;
        body.Inputs!.ShouldHaveSingleItem().Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData("10.20.0.5\n"u8)));
    }

    [Theory]
    [InlineData("other", "")]
    [InlineData("scan.xml", "/../../x")]
    [InlineData("scan.xml", ".SH")]
    [InlineData("scan.xml", ".verylongending")]
    public async Task Hostile_server_makes_no_file_that_was_not_typed(string path, string ending)
    {
        await using var server = await FakeServer.StartAsync();
        var content = "evil"u8.ToArray();
        Runs(server, Ended(Output(At(path), content, ending: ending))).On($"GET /v1/runs/{Samples.RunId}/outputs/0", Bytes(content));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("run", "--", "nmap", "-oX", At("scan.xml"), "10.20.0.5")).ShouldBe(1);
        typed.Error.ShouldContain("does not stand in this command");
        Directory.GetFileSystemEntries(_folder).ShouldBeEmpty();
        server.Asked.ShouldNotContain($"GET /v1/runs/{Samples.RunId}/outputs/0");
    }

    [Fact]
    public async Task Hostile_server_cannot_have_an_input_overwritten_nor_slip_other_bytes_in()
    {
        File.WriteAllText(At("hosts.txt"), "10.20.0.5\n");
        await using var server = await FakeServer.StartAsync();
        Runs(server, Ended(Output(At("hosts.txt"), [1]), Output(At("scan.xml"), [2])), At("hosts.txt"))
            .On($"GET /v1/runs/{Samples.RunId}/outputs/0", Bytes([1])).On($"GET /v1/runs/{Samples.RunId}/outputs/1", Bytes([3]));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("run", "--", "nmap", "-iL", At("hosts.txt"), "-oX", At("scan.xml"))).ShouldBe(1);
        typed.Error.ShouldContain("is read by nmap too, and is not written to");
        typed.Error.ShouldContain("the server sent another file than the run's end names");
        File.ReadAllText(At("hosts.txt")).ShouldBe("10.20.0.5\n");
        File.Exists(At("scan.xml")).ShouldBeFalse();
    }

    [Fact]
    public async Task File_that_cannot_be_written_is_told_and_can_still_be_fetched()
    {
        await using var server = await FakeServer.StartAsync();
        var content = "<nmaprun/>"u8.ToArray();
        Runs(server, Ended(Output(At("no/scan.xml"), content, cut: true))).On($"GET /v1/runs/{Samples.RunId}/outputs/0", Bytes(content));
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("run", "--", "nmap", "-oX", At("no/scan.xml"), "10.20.0.5")).ShouldBe(1);
        typed.Error.ShouldContain($"cannot be written: there is no folder '{At("no")}'; the run goes on");
        typed.Error.ShouldContain($"hint: writ output {Samples.RunId} 0 --to FILE");
        using var fetching = new Typed(server.Address);
        (await fetching.RunAsync("output", Samples.RunId, "0", "--to", At("here.xml"))).ShouldBe(0, fetching.Error);
        File.ReadAllText(At("here.xml")).ShouldBe("<nmaprun/>");
        fetching.Error.ShouldContain("may lack its end");
    }
}
