using Microsoft.EntityFrameworkCore;
using Writ.Core.Identity;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole.Find;

/// <summary>Something that the palette leads to.</summary>
public sealed record Found(string Kind, string Title, string Detail, string Path);

/// <summary>Finds what somebody means by a few letters, among what they may know of.</summary>
internal sealed class Finder(Visit visit, Outlook outlook, Database database, RequestAccess access)
{
    private const int Most = 12;

    /// <summary>The pages whose name begins so.</summary>
    public IReadOnlyList<Found> Pages(string text, Caller? caller = null) =>
        [.. ConsoleRail.For(caller, visit).Append(new("/notices", "How you are told", false)).Concat(SetUp(caller)).Where(way => way.Text.StartsWith(text, StringComparison.OrdinalIgnoreCase)).Select(way => new Found("page", way.Text, "", way.Path))];

    private static IEnumerable<Way> SetUp(Caller? caller) => caller?.IsAdmin == true ? [new("/start", "Set up", false)] : [];

    public async Task<IReadOnlyList<Found>> Find(string text)
    {
        if (await visit.Who(seen: true) is not { } caller)
            return [];
        if (text.Length == 0)
            return Pages("", caller);
        var found = new List<Found>();
        await using var db = database.Open();
        await ById(db, caller, text, found);
        if (Address.TryParse(text.Split('/')[0], out _))
            found.Add(new("address", text, "who touched it, who could, who tried", $"/trace?q={Uri.EscapeDataString(text)}"));
        await Open(text, found);
        await People(db, caller, text, found);
        found.AddRange(Pages(text, caller));
        return [.. found.DistinctBy(each => each.Path).Take(Most)];
    }

    private async Task ById(WritDb db, Caller caller, string text, List<Found> found)
    {
        if (RequestId.TryParse(text, out _) && await access.Find(db, caller, text) is { IsOk: true, Value: var request })
            found.Add(new("request", Printable.ShortId(text), Printable.Command(request.Command), $"/inbox/{request.Id}"));
        else if (RunId.TryParse(text, out var run) && await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == run) is { } row && (await access.Find(db, caller, row.RequestId.ToString())).IsOk)
            found.Add(new("run", Printable.ShortId(text), Printable.Command(row.Command), $"/runs/{row.Id}"));
        else if (GrantId.TryParse(text, out var grant) && await db.Grants.AsNoTracking().SingleOrDefaultAsync(each => each.Id == grant) is { } right && (await access.Find(db, caller, right.RequestId.ToString())).IsOk)
            found.Add(new("grant", Printable.ShortId(text), right.Tool, $"/inbox/{right.RequestId}"));
    }

    private async Task Open(string text, List<Found> found)
    {
        if (await outlook.Now(CancellationToken.None) is not { } seen)
            return;
        found.AddRange(seen.WaitingForYou.Concat(seen.WaitingForOthers)
            .Where(request => Holds(text, request.Of.ActorName, request.Reason, Printable.ShortId(request.Id.ToString()), request.Tool, string.Join(' ', request.Zones)))
            .Select(request => new Found("request", $"{request.Of.ActorName}: {request.Tool} on {string.Join(", ", request.Zones)}", request.Reason ?? "", $"/inbox/{request.Id}")));
        found.AddRange(seen.Runs.Where(run => Holds(text, run.Of.ActorName, Printable.ShortId(run.Id.ToString()), run.Tool))
            .Select(run => new Found("run", $"{run.Of.ActorName}: {run.Tool}", "live now", $"/runs/{run.Id}")));
    }

    private async Task People(WritDb db, Caller caller, string text, List<Found> found)
    {
        if (!visit.May(caller, "ListUsers", caller.CheckedAt) || !text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '@' or '+' or '-'))
            return;
        found.AddRange(await db.Actors.AsNoTracking().Where(row => row.Kind != ActorKind.System && row.Name.StartsWith(text)).OrderBy(row => row.Name).Take(Most)
            .Select(row => new Found("person", row.Name, string.Join(", ", row.Groups), $"/people/{row.Id}")).ToListAsync());
    }

    private static bool Holds(string text, params ReadOnlySpan<string?> where)
    {
        foreach (var each in where)
        {
            if (each?.Contains(text, StringComparison.OrdinalIgnoreCase) == true)
                return true;
        }

        return false;
    }
}
