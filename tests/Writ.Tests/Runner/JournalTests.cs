using Microsoft.Extensions.Time.Testing;
using Writ.Runner.Orders;

namespace Writ.Tests.Runner;

public sealed class JournalTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Write_by_two_at_once_keeps_every_line()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        using (var daemon = new Journal(_path, time))
        using (var kill = new Journal(_path, time))
        {
            daemon.Write("accepted", "run_a");
            kill.Write("kill", "run_a", "LocalKill", "wrong host");
            daemon.Write("ended", "run_a");
        }

        File.ReadAllLines(_path).ShouldBe(
        [
            """{"at":"1970-01-01T00:00:00.000000Z","event":"accepted","run":"run_a"}""",
            """{"at":"1970-01-01T00:00:00.000000Z","event":"kill","run":"run_a","code":"LocalKill","detail":"wrong host"}""",
            """{"at":"1970-01-01T00:00:00.000000Z","event":"ended","run":"run_a"}""",
        ]);
    }
}
