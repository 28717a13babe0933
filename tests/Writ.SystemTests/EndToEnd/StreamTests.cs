using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Writ.Tests.Server.Streams;

namespace Writ.SystemTests.EndToEnd;

/// <summary>A stream of the audit log, as an operator adds it to a server that runs.</summary>
[Collection(OnSqliteCollection.Name)]
public sealed class StreamTests(SqliteStreet houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Stream_to_a_file_goes_on_after_the_server_was_killed()
    {
        var path = House.Write("events.ndjson", "");
        await House.OnBox("stream", "add", "local", "--to", $"file://{path}", "--from-now");
        try
        {
            (await House.Type("dana", ["request", "--reason", "a first look", "--", .. House.ShortScan(House.Target())])).ShouldBeOk();
            await House.Until(() => Task.FromResult(Said(path).Contains("a first look", StringComparison.Ordinal)), "nothing comes");
            House.KillServer();
            await House.BeWhole();
            (await House.Type("dana", ["request", "--reason", "a second look", "--", .. House.ShortScan(House.Target())])).ShouldBeOk();
            await House.Until(() => Task.FromResult(Said(path).Contains("a second look", StringComparison.Ordinal)), "nothing comes after the server was killed");
            (await House.OnBox("stream", "list")).ShouldMatch($"(?s)^local  file://{path}  ocsf\n  .*, confirmed [0-9]");
        }
        finally
        {
            await House.OnBox("stream", "remove", "local");
        }

        // Whole lines, but for one that the kill may have cut; no entry is missing between the first and the last.
        var positions = Said(path).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Position).OfType<long>().Distinct().Order().ToList();
        positions.Count.ShouldBe((int)(positions[^1] - positions[0] + 1));
        (await House.OnBox("stream", "list")).ShouldBe("");
    }

    [Fact]
    public async Task Webhook_tells_another_program_of_a_run_and_its_keys_are_replaced_without_a_gap()
    {
        using var authority = new TestAuthority();
        var (certificate, keys, seen) = (House.Write("hook.pem", authority.Certificate.ExportCertificatePem() + "\n" + authority.Certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()), Path.Combine(House.Folder, "hook.keys"), House.Write("seen", ""));
        (await House.TypeOnBox("stream", "key", keys)).ShouldBeOk();
        File.GetUnixFileMode(keys).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        using var receiver = Process.Start(new ProcessStartInfo(NodePrograms.Node, [NodePrograms.In("receiver", "receiver.mjs"), certificate, keys, seen]) { RedirectStandardOutput = true })!;
        try
        {
            var port = await receiver.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            await House.OnBox("stream", "add", "soc", "--to", $"https://127.0.0.1:{port}/", "--ca", authority.File, "--webhook-keys", keys, "--allow-private", "--only", "run.started", "--only", "run.ended", "--from-now");
            (await House.OnBox("stream", "list")).ShouldMatch($"^soc  https://127.0.0.1:{port}/  webhook, only run.started, run.ended\n");
            var (first, second) = (House.Target(), House.Target());
            (await House.Type("sam", ["run", "--", .. House.ShortScan(first)])).ShouldBeOk();
            await Came($"True 1 writ.run.started run_", $"{first}\n", $"True 1 writ.run.ended run_");

            (await House.TypeOnBox("stream", "key", keys)).ShouldBe(1).Error.ShouldStartWith($"writ-server: {keys} is there already\n");
            (await House.TypeOnBox("stream", "key", keys, "--append")).ShouldBeOk();
            (await House.Type("sam", ["run", "--", .. House.ShortScan(second)])).ShouldBeOk();
            await Came("True 2 writ.run.started run_", $"{second}\n", "True 2 writ.run.ended run_");
            Said(seen).ShouldNotContain("False");
        }
        finally
        {
            receiver.Kill();
            await House.OnBox("stream", "remove", "soc");
        }

        Task Came(params string[] parts) => House.Until(() => Task.FromResult(parts.All(part => Said(seen).Contains(part, StringComparison.Ordinal))), $"it was not told of: {string.Join(", ", parts)}");
    }

    [Fact]
    public async Task Address_of_a_channel_is_shown_and_recorded_by_its_host_alone()
    {
        var (address, log) = (House.Write("channel.url", "https://127.0.0.1:9/services/T0/secret?sig=abc\n"), House.Write("log.ndjson", ""));
        (await House.TypeOnBox("stream", "add", "chat", "--data", House.ServerData, "--form", "slack", "--to-file", address)).ShouldBe(1).Error
            .ShouldBe($"writ-server: --to-file: everybody on this machine may read {address}\nhint: chmod 640 {address}, for the group of the server\n");
        File.SetUnixFileMode(address, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await House.OnBox("stream", "add", "local", "--to", $"file://{log}", "--form", "cloudevents", "--only", "stream.*", "--from-now");
        try
        {
            (await House.TypeOnBox("stream", "add", "chat", "--data", House.ServerData, "--form", "slack", "--to-file", address)).ShouldBeOk().Error.ShouldBe("stream chat to https://127.0.0.1:9/…, from the next entry on\n");
            (await House.OnBox("stream", "list")).ShouldStartWith("chat  https://127.0.0.1:9/…  slack\n");
            await House.Until(() => Task.FromResult(Said(log).Contains("writ.stream.added", StringComparison.Ordinal) && Said(log).Contains("127.0.0.1:9/…", StringComparison.Ordinal)), "it is not recorded");
        }
        finally
        {
            await House.OnBox("stream", "remove", "chat");
            await House.OnBox("stream", "remove", "local");
        }

        Said(log).ShouldNotContain("secret");
    }

    [Theory]
    [InlineData("--form: there is no form 'xml'", "--to", "file:///tmp/x", "--form", "xml")]
    [InlineData("--only: no entry is of type 'run.end'", "--to", "file:///tmp/x", "--only", "run.end")]
    [InlineData("--webhook-keys goes with https", "--to", "file:///tmp/x", "--webhook-keys", "/dev/null")]
    [InlineData("--webhook-keys goes with https, without --token-file", "--to", "https://hook.example/", "--webhook-keys", "/dev/null", "--form", "ocsf")]
    [InlineData("a stream goes to one place", "--form", "ocsf")]
    [InlineData("--to-file goes with --form slack or teams", "--to", "https://hooks.example/secret", "--form", "slack")]
    [InlineData("--allow-private goes with --webhook-keys", "--to", "https://hook.example/", "--allow-private")]
    public async Task Stream_that_makes_no_sense_is_refused_and_none_is_added(string message, params string[] options)
    {
        (await House.TypeOnBox(["stream", "add", "odd", "--data", House.ServerData, .. options])).ShouldBe(2).Error.ShouldStartWith($"writ-server: {message}");
        (await House.OnBox("stream", "list")).ShouldNotContain("odd");
    }

    private static string Said(string path)
    {
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }

    private static long? Position(string line)
    {
        try
        {
            using var happened = JsonDocument.Parse(line);
            return happened.RootElement.GetProperty("metadata").GetProperty("sequence").GetInt64();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
