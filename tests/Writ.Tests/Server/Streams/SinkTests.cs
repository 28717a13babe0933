using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Writ.Server.Streams;

namespace Writ.Tests.Server.Streams;

/// <summary>Each sink against a real receiver: what it takes for an arrival, and what not.</summary>
public sealed class SinkTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, 250, TimeSpan.Zero);
    private readonly TestAuthority _authority = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-sink-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Https_batch_has_arrived_when_it_was_answered_with_success()
    {
        var got = new ConcurrentQueue<(string Head, string Body)>();
        await using var receiver = new Receiver(_authority, Receiver.Http((head, body) =>
        {
            got.Enqueue((head, Encoding.UTF8.GetString(body)));
            return "204 No Content";
        }));
        var token = Path.Combine(_folder, "token");
        await File.WriteAllTextAsync(token, "s3cret\n", Cancel);
        await using var sink = Https(receiver, token: token);
        sink.Confirmed.ShouldBeNull();
        await sink.Send([Event(3), Event(4)], Cancel);
        sink.Confirmed.ShouldBe(4);
        await File.WriteAllTextAsync(token, "an0ther\n", Cancel);
        await sink.Send([Event(5)], Cancel);

        got.Select(request => request.Body).ShouldBe(["{\"position\":3}\n{\"position\":4}\n", "{\"position\":5}\n"]);
        got.First().Head.ShouldStartWith("POST /events HTTP/1.1\r\n");
        got.First().Head.ShouldContain("Content-Type: application/x-ndjson\r\n");
        got.Select(request => Regex.Match(request.Head, "Authorization: (.*)\r\n").Groups[1].Value).ShouldBe(["Bearer s3cret", "Bearer an0ther"]);
    }

    [Theory]
    [InlineData("500 Internal Server Error", "it answered 500")]
    [InlineData("302 Found\r\nLocation: /elsewhere", "it answered 302, and no redirect is followed")]
    [InlineData(null, null)]
    [InlineData("", "it does not answer")]
    public async Task Https_batch_has_not_arrived_otherwise(string? answer, string? why)
    {
        var asked = new ConcurrentQueue<string>();
        await using var receiver = new Receiver(_authority, Receiver.Http((head, _) =>
        {
            asked.Enqueue(head.Split(' ')[1]);
            return answer;
        }));
        await using var sink = Https(receiver, patience: answer == "" ? TimeSpan.FromMilliseconds(300) : TimeSpan.FromSeconds(30));
        var failed = await Should.ThrowAsync<IOException>(() => sink.Send([Event(1)], Cancel));
        if (why is not null)
            failed.Message.ShouldBe(why);
        sink.Confirmed.ShouldBeNull();
        asked.ShouldAllBe(path => path == "/events");
    }

    [Fact]
    public async Task Receiver_that_is_not_to_be_trusted_gets_nothing()
    {
        var got = new ConcurrentQueue<string>();
        using var another = new TestAuthority();
        await using var https = new Receiver(another, Receiver.Http((head, _) =>
        {
            got.Enqueue(head);
            return "200 OK";
        }));
        await using var syslog = new Receiver(another, Receiver.Syslog(message =>
        {
            got.Enqueue(message);
            return true;
        }));
        await using (var sink = Https(https))
            (await Should.ThrowAsync<IOException>(() => sink.Send([Event(1)], Cancel))).Message.ShouldBe("its certificate is not to be trusted");
        await using (var sink = new SyslogSink("127.0.0.1", syslog.Port, _authority.File, "host", TimeProvider.System))
            (await Should.ThrowAsync<IOException>(() => sink.Send([Event(1)], Cancel))).Message.ShouldBe("its certificate is not to be trusted");
        // Another name than the certificate's is not trusted either; with the right authority and name it is.
        await using (var sink = new SyslogSink("localhost", syslog.Port, another.File, "host", TimeProvider.System))
            (await Should.ThrowAsync<IOException>(() => sink.Send([Event(1)], Cancel))).Message.ShouldBe("its certificate is not to be trusted");
        got.ShouldBeEmpty();
        await using (var sink = new HttpsSink(new(new($"https://127.0.0.1:{https.Port}/events"), another.File), StreamForm.Ocsf, null))
            await sink.Send([Event(1)], Cancel);
        got.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Syslog_message_is_of_rfc_5424_behind_its_octets_and_settles_while_the_connection_stands()
    {
        var got = new ConcurrentQueue<string>();
        var clock = new FakeTimeProvider(Now);
        var both = new TaskCompletionSource();
        await using var receiver = new Receiver(_authority, Receiver.Syslog(message =>
        {
            got.Enqueue(message);
            if (got.Count == 2)
                both.SetResult();
            return true;
        }));
        await using var sink = new SyslogSink("127.0.0.1", receiver.Port, _authority.File, "writ.example.com", clock);
        await sink.Send([Event(7, severity: 3), Event(8, "é\n")], Cancel);
        await both.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        got.First().ShouldBe("<108>1 2026-03-02T09:00:00.250Z writ.example.com writ - run.ended - {\"position\":7}");
        got.Last().ShouldBe("<110>1 2026-03-02T09:00:00.250Z writ.example.com writ - run.ended - {\"position\":8}é\n");
        sink.Confirmed.ShouldBeNull();
        clock.Advance(TimeSpan.FromSeconds(30));
        sink.Confirmed.ShouldBe(8);
    }

    [Fact]
    public async Task Syslog_message_has_not_arrived_when_the_connection_breaks_before_it_settles()
    {
        await using var receiver = new Receiver(_authority, Receiver.Syslog(_ => false));
        await using var sink = new SyslogSink("127.0.0.1", receiver.Port, _authority.File, "host", TimeProvider.System);
        await sink.Send([Event(1)], Cancel);
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(30));
            try
            {
                sink.Confirmed.ShouldBeNull();
                await Task.Delay(10, Cancel);
            }
            catch (IOException closed)
            {
                closed.Message.ShouldBe("it closed the connection");
                break;
            }
        }

        await Should.ThrowAsync<IOException>(() => sink.Send([Event(2)], Cancel));
    }

    [Fact]
    public async Task File_gets_whole_lines_also_after_a_crash_and_a_rotation()
    {
        var path = Path.Combine(_folder, "events.ndjson");
        await using var sink = new FileSink(path);
        await sink.Send([Event(1), Event(2)], Cancel);
        sink.Confirmed.ShouldBe(2);
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.AppendAllTextAsync(path, "{\"posi", Cancel);
        await sink.Send([Event(3)], Cancel);
        (await File.ReadAllLinesAsync(path, Cancel)).ShouldBe(["{\"position\":1}", "{\"position\":2}", "{\"posi", "{\"position\":3}"]);
        File.Move(path, path + ".1");
        await sink.Send([Event(4)], Cancel);
        (await File.ReadAllLinesAsync(path, Cancel)).ShouldBe(["{\"position\":4}"]);
        await using var nowhere = new FileSink(Path.Combine(_folder, "none", "events"));
        await Should.ThrowAsync<IOException>(() => nowhere.Send([Event(1)], Cancel));
        nowhere.Confirmed.ShouldBeNull();
    }

    [Theory]
    [InlineData("file:///var/log/events", "File", "/var/log/events", 0)]
    [InlineData("/var/log/events", "File", "/var/log/events", 0)]
    [InlineData("https://siem.example.com/writ", "Https", "/writ", 443)]
    [InlineData("syslog+tls://siem.example.com", "Syslog", "", 6514)]
    [InlineData("syslog+tls://[2001:db8::1]:6515", "Syslog", "", 6515)]
    public void Target_is_a_file_an_endpoint_or_a_syslog_server(string text, string kind, string path, int port)
    {
        var target = StreamTarget.Read(text);
        target.IsOk.ShouldBeTrue(text);
        (target.Value.Kind.ToString(), target.Value.Kind == StreamKind.Syslog ? "" : target.Value.Address.AbsolutePath).ShouldBe((kind, path));
        if (port > 0)
            target.Value.Port.ShouldBe(port);
    }

    [Theory]
    [InlineData("http://siem.example.com/")]
    [InlineData("https://user:pass@siem.example.com/")]
    [InlineData("https://siem.example.com/?token=x")]
    [InlineData("syslog://siem.example.com")]
    [InlineData("syslog+tls://siem.example.com/path")]
    [InlineData("file://host/path")]
    [InlineData("file:///var/log/")]
    [InlineData("")]
    public void What_is_no_target_or_would_show_a_secret_is_refused(string text)
    {
        var target = StreamTarget.Read(text);
        target.IsOk.ShouldBeFalse(text);
        target.Refusal.Message.ShouldNotContain("pass@");
        target.Refusal.Message.ShouldNotContain("token=x");
    }

    private HttpsSink Https(Receiver receiver, string? token = null, TimeSpan? patience = null) =>
        new(new(new($"https://127.0.0.1:{receiver.Port}/events"), _authority.File, patience: patience), StreamForm.Ocsf, token);

    private static StreamEvent Event(long position, string more = "", int severity = 1) =>
        new(position, Now, "run.ended", severity, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"position\":{position}}}{more}")));
}
