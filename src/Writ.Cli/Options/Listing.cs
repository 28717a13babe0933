using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Cli.Output;
using Writ.Contracts.Requests;

namespace Writ.Cli.Options;

/// <summary>The options that every list has, and the pages behind it.</summary>
internal sealed class Listing
{
    private const int LargestPage = 200;

    private readonly Option<bool>? _mine;
    private readonly Option<string?>? _status;
    private readonly Option<string?>? _since;
    private readonly Option<int?> _limit = Shared.Count("--limit", "how many at most; 50 unless told");
    private readonly Option<string> _format = Shared.Format();

    /// <param name="states">The states that can be filtered by; empty for a list without filters.</param>
    public Listing(params string[] states)
    {
        if (states.Length == 0)
            return;
        _mine = new Option<bool>("--mine") { Description = "only my own" };
        _status = Shared.Text("--status", $"only those in a state: {string.Join(", ", states)}", "STATE");
        Shared.OneOf(_status, states);
        _since = new Option<string?>("--since") { Description = "only those since a time or that long ago", HelpName = "TIME" };
        _since.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !Duration.TryParse(result.Tokens[0].Value, out _) && !Instant.TryParse(result.Tokens[0].Value, out _))
                result.AddError($"'{result.Tokens[0].Value}' is no time; write it like 2h or 2026-07-01T14:00:00Z");
        });
    }

    /// <summary>Adds the options to a verb.</summary>
    public Verb AddTo(Verb verb)
    {
        foreach (var option in (Option?[])[_mine, _status, _since, _limit, _format])
        {
            if (option is not null)
                verb.Add(option);
        }

        return verb;
    }

    /// <summary>Reads the pages that are needed and prints them, as JSON or by <paramref name="text"/>.</summary>
    public async Task<int> PrintAsync<T>(
        CliContext context, ParseResult parse, string path, JsonTypeInfo<Page<T>> type, Action<IReadOnlyList<T>> text, CancellationToken cancel)
    {
        var wanted = parse.GetValue(_limit) ?? 50;
        var query = Query(context, parse);
        var items = new List<T>();
        var raw = new JsonItems();
        string? cursor = null;
        do
        {
            var page = $"{path}?limit={Math.Min(wanted - items.Count, LargestPage)}{query}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            var answer = await context.Server.GetAsync(page, type, cancel);
            items.AddRange(answer.Value.Items);
            raw.Add(answer.Json);
            // A page may be empty and have a next one: the server looks at so many rows at a time.
            cursor = answer.Value.Next == cursor ? null : answer.Value.Next;
        }
        while (cursor is not null && items.Count < wanted);

        if (parse.GetValue(_format) == "json")
        {
            raw.Print(context.Terminal, wanted);
            return ExitCode.Ok;
        }

        if (items.Count > 0)
            text(items.Count > wanted ? items[..wanted] : items);
        else
            context.Terminal.Remark("writ: nothing to show");
        if (cursor is not null)
            context.Terminal.Remark($"writ: there are more; see them with --limit {(wanted * 4).ToString(CultureInfo.InvariantCulture)}");
        return ExitCode.Ok;
    }

    private string Query(CliContext context, ParseResult parse)
    {
        var query = new StringBuilder();
        if (_mine is not null && parse.GetValue(_mine))
            query.Append("&mine=true");
        if (_status is not null && parse.GetValue(_status) is { } state)
            query.Append("&state=").Append(Uri.EscapeDataString(state));
        if (_since is not null && parse.GetValue(_since) is { } since)
        {
            var instant = Duration.TryParse(since, out var ago) ? context.Now - ago : Instant.TryParse(since, out var at) ? at : context.Now;
            query.Append("&since=").Append(Uri.EscapeDataString(Instant.Format(instant)));
        }

        return query.ToString();
    }
}

/// <summary>The items of several pages as one document, each as the server wrote it.</summary>
internal sealed class JsonItems
{
    private readonly List<JsonElement> _items = [];

    public void Add(byte[] page)
    {
        using var document = JsonDocument.Parse(page);
        foreach (var item in document.RootElement.GetProperty("items").EnumerateArray())
            _items.Add(item.Clone());
    }

    public void Print(Terminal terminal, int limit) => JsonText.Print(terminal, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("items");
        foreach (var item in _items.Take(limit))
            item.WriteTo(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
