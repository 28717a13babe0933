using Microsoft.Extensions.Time.Testing;
using Writ.Runner.Host;
using Writ.Runner.Runners;

namespace Writ.Tests.Runner.Host;

public sealed class ReportSpoolTests : IDisposable
{
    private static readonly UnbrokeredExecution Execution = new("/usr/bin/nmap", 1000, "dana", ["bash"], ["nmap", "10.20.0.5"], true, 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("writ-spool-");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
    private readonly List<string> _said = [];
    private readonly ReportSpool _spool;

    public ReportSpoolTests() => _spool = new(new DataFolder(_folder.FullName), _said.Add);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void What_was_added_waits_in_order_until_it_is_removed()
    {
        _spool.Waiting().ShouldBeEmpty();
        _spool.Add(_time, [new("group", "docker: dana", "all", "gpasswd -d dana docker", false)], null).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        _spool.Add(_time, null, Execution).ShouldBeTrue();
        var waiting = _spool.Waiting().ToArray();
        waiting[0].Rights!.Single().Where.ShouldBe("docker: dana");
        waiting[0].Execution.ShouldBeNull();
        waiting[1].Execution!.Argv.ShouldBe(["nmap", "10.20.0.5"]);
        waiting[1].ToMessage().Execution.Refused.ShouldBeTrue();
        _spool.Remove(waiting[0].Id);
        _spool.Remove("none");
        _spool.Waiting().Single().Id.ShouldBe(waiting[1].Id);
    }

    [Fact]
    public void A_thousand_that_wait_are_the_most()
    {
        for (var count = 0; count < 1_000; count++)
            _spool.Add(_time, null, Execution).ShouldBeTrue();
        _spool.Add(_time, null, Execution).ShouldBeFalse();
        new ExecutionReports(_spool, _time, _said.Add).Add(Execution);
        _said.ShouldHaveSingleItem().ShouldContain("dana");
    }

    [Fact]
    public void What_is_no_report_is_set_aside_and_said_and_the_others_are_told()
    {
        _spool.Add(_time, null, Execution).ShouldBeTrue();
        var broken = Path.Combine(_folder.FullName, "reports", "0.json");
        File.WriteAllText(broken, "{");
        _spool.Waiting().ShouldHaveSingleItem();
        _said.ShouldHaveSingleItem().ShouldContain(broken);
        _spool.Waiting().ShouldHaveSingleItem();
        _said.Count.ShouldBe(1, "it is out of the way");
        File.ReadAllText(broken + ".unreadable").ShouldBe("{");
    }

    [Fact]
    public void Of_a_user_who_floods_ten_a_minute_are_told_and_the_others_counted()
    {
        var reports = new ExecutionReports(_spool, _time, _said.Add);
        for (var count = 0; count < 50; count++)
            reports.Add(Execution);
        reports.Add(Execution with { Uid = 1001 });
        reports.Settle();
        _spool.Waiting().Count().ShouldBe(11);
        _time.Advance(TimeSpan.FromMinutes(1));
        reports.Settle();
        reports.Settle();
        _spool.Waiting().Count().ShouldBe(12);
        _spool.Waiting().Sum(report => report.Execution!.Count).ShouldBe(51);
    }
}
