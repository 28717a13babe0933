using Writ.Contracts.Requests;
using Writ.Proof.Addresses;

namespace Writ.Server.WebConsole.Pictures;

/// <summary>A command as typed and as it will run, with what differs marked and told.</summary>
public sealed record ArgvDiff(IReadOnlyList<ArgvWord> Typed, IReadOnlyList<ArgvWord> Runs, IReadOnlyList<string> Notes)
{
    private const int MostWords = 400;

    /// <param name="typed">As somebody typed it.</param>
    /// <param name="plan">What it means.</param>
    /// <param name="runner">Who looked its names up.</param>
    public static ArgvDiff Of(IReadOnlyList<string> typed, PlanView plan, string? runner)
    {
        var left = typed.ToList();
        var words = plan.Argv.Take(MostWords).Select(word => (Word: word, Note: left.Remove(word) ? null : Note(word, typed))).ToList();
        var notes = words.Select(each => each.Note).OfType<string>().Distinct().ToList();
        // One number for words of one kind that follow one another.
        var runs = words.Select((each, at) => new ArgvWord(
            Printable.Word(each.Word), each.Note is not null, each.Note is null || (at + 1 < words.Count && words[at + 1].Note == each.Note) ? null : notes.IndexOf(each.Note) + 1)).ToList();
        notes.AddRange((plan.Names ?? []).Take(3).Select(name => $"{Printable.Of(name.Name)} is {string.Join(", ", name.Addresses.Take(3))}, as {runner} saw it"));
        notes.AddRange((plan.Secrets ?? []).Select(secret => $"uses secret {Printable.Of(secret.Name)}, as {secret.Path ?? secret.Environment}, which only the runner knows"));
        return new([.. typed.Take(MostWords).Select(word => new ArgvWord(Printable.Word(word), left.Contains(word), null))], runs, notes);
    }

    private static string Note(string word, IReadOnlyList<string> typed)
    {
        if (word.StartsWith("--stats-every", StringComparison.Ordinal) || word.StartsWith("/live/", StringComparison.Ordinal) || (word == "-oX" && !typed.Contains("-oX")))
            return "added, so that it can be watched";
        if (word == "-n")
            return "added, no name is looked up";
        if (AddressRange.TryParse(word, out _))
            return "targets, each once";
        if (word.StartsWith("-s", StringComparison.Ordinal) && typed.Any(each => each.Length > 3 && each.StartsWith("-s", StringComparison.Ordinal)))
            return "split";
        if (word == "-p" || word.StartsWith("T:", StringComparison.Ordinal) || word.StartsWith("U:", StringComparison.Ordinal) || typed.Any(each => each.StartsWith("-p", StringComparison.Ordinal) && each.Length > 2 && word.Contains(each[2..], StringComparison.Ordinal)))
            return "ports, written out";
        return word.StartsWith("--", StringComparison.Ordinal) ? "written in full" : "as it is understood";
    }
}

/// <summary>A word of a command line.</summary>
/// <param name="Differs">Whether it does not stand in the other line.</param>
/// <param name="Note">The number of the note that says why.</param>
public sealed record ArgvWord(string Text, bool Differs, int? Note);
