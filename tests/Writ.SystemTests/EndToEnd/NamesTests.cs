using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// Names as the runner's network sees them: a real resolver, whose answers this test changes by the hosts file of the
/// runner's namespace.
/// </summary>
[Collection(OnPostgresCollection.Name)]
public sealed class NamesTests(PostgresStreet houses) : EndToEndTest(houses)
{
    private static readonly Lock Turn = new();
    private static readonly Dictionary<string, string> Hosts = [];

    /// <summary>A name of this house's own, with this address from now on.</summary>
    private string Point(string name, string address)
    {
        var full = $"{name}-{Path.GetFileName(House.Folder)[^6..]}.staging.example.com";
        lock (Turn)
        {
            Hosts[full] = address;
            var file = $"/etc/netns/{House.NetworkNamespace}/hosts";
            File.WriteAllText(file + ".new", "127.0.0.1 localhost\n" + string.Concat(Hosts.Select(host => $"{host.Value} {host.Key}\n")));
            File.Move(file + ".new", file, overwrite: true);
        }

        return full;
    }

    private static string[] Scan(params string[] targets) => ["nmap", "-Pn", "-sT", "-p", "22", .. targets];

    [Fact]
    public async Task Name_is_resolved_by_the_runner_pinned_and_stays_a_name()
    {
        // As the lab's own name server says.
        const string name = "host-44.staging.example.com";
        (await House.Type("sam", ["explain", "--", .. Scan(name)])).ShouldBeOk().Text.ShouldContain($"{name} is 10.20.0.44");
        (await House.Type("sam", ["run", "--", .. Scan(name)])).ShouldBeOk().Text.ShouldContain($"Nmap scan report for {name} (10.20.0.44)");
        var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
        run.Argv.ShouldContain(name);
    }

    [Fact]
    public async Task Name_is_judged_by_its_addresses_and_not_by_its_zone()
    {
        var name = Point("sly", "192.0.2.1");
        (await House.Type("dana", ["run", "--reason", "a test", "--", .. Scan(name)])).ShouldBe(121).Error.ShouldContain("192.0.2.1 is in no zone");
    }

    [Fact]
    public async Task Name_without_an_address_is_refused()
    {
        (await House.Type("sam", ["run", "--", .. Scan("nosuch.staging.example.com")])).ShouldBeAnError(2, "has no IPv4 address");
        (await House.Type("sam", ["run", "--", .. Scan("0x7f.1")])).Code.ShouldBe(2);
    }

    [Fact]
    public async Task Name_that_changed_since_the_approval_is_refused_before_a_use_is_taken()
    {
        var (first, second) = (House.Target(), House.Target());
        var name = Point("moving", first);
        // Not dana: of her many refused attempts in other tests of this minute only a count is recorded.
        var request = (await House.Type("sue", ["request", "--", .. Scan(name)])).ShouldBeOk().Text;
        var grant = (await House.As("sue").Request(request)).Grant.ShouldNotBeNull();
        Point("moving", second);
        (await House.Type("sue", ["run", "--", .. Scan(name)])).ShouldBeAnError(126, $"{name} has {second} now, and {first} when it was approved");
        (await House.As("sue").Grant(grant)).UsesLeft.ShouldBe(1);
        (await House.As("ada").Audit()).ShouldContain(entry => entry.Type() == "attempt.refused" && entry.Text("code") == "name-changed" && entry.Text("grant") == grant);

        // Back where it was approved, the same grant serves.
        Point("moving", first);
        (await House.Type("sue", ["run", "--", .. Scan(name)])).ShouldBeOk().Text.ShouldContain($"{name} ({first})");
    }

    [Fact]
    public async Task Name_that_moved_inside_the_approved_targets_is_run_as_approved()
    {
        var (first, second) = (House.Target(), House.Target());
        var name = Point("inside", first);
        await Granted(Scan(name, second));
        Point("inside", second);
        (await House.Type("dana", ["run", "--", .. Scan(name, second)])).ShouldBeOk().Text.ShouldContain($"{name} ({first})");
    }
}
