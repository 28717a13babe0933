using System.Text.Json;
using Writ.SystemTests.Storage;

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
            (await House.OnBox("stream", "list")).ShouldMatch($"(?s)^local  file://{path}\n  .*, confirmed [0-9]");
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
