using System.Text.Json;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// What the database has a part in (decisions, runs, endings, outages, lost contact) stands in an abstract class, with <c>OnSqlite</c> and
/// <c>OnPostgres</c> nested in it and empty: one list of tests, run identically on both engines. What it has none in (files, names, input that is
/// bad, the host of a runner) runs in the houses of one of them. When a test fails, what all processes of the house said is in its output.
/// </summary>
public abstract class EndToEndTest : IAsyncLifetime
{
    private readonly List<House> _others = [];

    private protected EndToEndTest(Houses houses)
    {
        Houses = houses;
        houses.Count();
    }

    private protected Houses Houses { get; }

    private protected House House => Houses.House;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync()
    {
        House.ForgetCommands();
        await House.BeWhole();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            foreach (var house in _others.Prepend(House))
                TestContext.Current.TestOutputHelper?.WriteLine(house.Said());
        }

        foreach (var house in _others)
            await house.DisposeAsync();
    }

    /// <summary>A house of this test's own, whose server's disk can be filled.</summary>
    private protected async Task<House> HouseWithSmallDisk()
    {
        var house = await Houses.Another(smallDisk: true);
        _others.Add(house);
        return house;
    }

    /// <summary>dana asks, and sam approves; the grant.</summary>
    private protected async Task<string> Granted(string[] command, params string[] options)
    {
        var request = (await House.Type("dana", ["request", "--reason", "a test", .. options, "--", .. command])).ShouldBeOk().Text;
        (await House.Type("sam", "approve", request)).ShouldBeOk();
        return (await House.As("dana").Request(request)).Grant.ShouldNotBeNull();
    }
}

/// <summary>Entries of the audit log.</summary>
internal static class Entries
{
    public static string Type(this JsonElement entry) => entry.GetProperty("type").GetString()!;

    /// <summary>A member as text, or null where it is absent or null.</summary>
    public static string? Text(this JsonElement entry, string member) => entry.TryGetProperty(member, out var value)
        ? value.ValueKind switch { JsonValueKind.Null => null, JsonValueKind.String => value.GetString(), _ => value.GetRawText() }
        : null;

    public static DateTimeOffset Instant(this JsonElement entry, string member) => entry.GetProperty(member).GetDateTimeOffset();

    public static string Actor(this JsonElement entry) => entry.GetProperty("actor").GetProperty("name").GetString()!;
}
