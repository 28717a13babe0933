using System.Globalization;
using System.Text.Json;
using Writ.Proof.Errors;

namespace Writ.Server.Rotas;

/// <summary>
/// Where in a source's answer the names are: a JSON pointer (RFC 6901) in which <c>*</c> stands for every element of a list, or every member of
/// an object. An answer of another shape names nobody: it is refused as a whole.
/// </summary>
internal sealed class PeoplePath
{
    private const int MostPeople = 100;
    private const int LongestName = 200;
    private const int MostParts = 20;
    private readonly string _text;
    private readonly string[] _parts;

    private PeoplePath(string text, string[] parts) => (_text, _parts) = (text, parts);

    /// <summary>The path of a text.</summary>
    public static Result<PeoplePath> Parse(string text)
    {
        if (text.Length > 400 || (text.Length > 0 && text[0] != '/') || text.Any(char.IsControl))
            return new Refusal(ErrorCode.InvalidInput, "it is no JSON pointer, such as /on_call/*");
        string[] parts = [.. text.Split('/').Skip(1)];
        if (parts.Length > MostParts || Array.Exists(parts, part => part.Replace("~0", "", StringComparison.Ordinal).Replace("~1", "", StringComparison.Ordinal).Contains('~')))
            return new Refusal(ErrorCode.InvalidInput, "it is no JSON pointer, such as /on_call/*");
        return new PeoplePath(text, parts);
    }

    /// <summary>The names in an answer, each once and in bytewise order. None where its lists are empty: then nobody is on call.</summary>
    /// <exception cref="IOException">It has another shape, or names what is no name; the message says where.</exception>
    public string[] Read(JsonElement answer)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Read(answer, 0, names);
        return [.. names];
    }

    private void Read(JsonElement at, int part, SortedSet<string> names)
    {
        if (part == _parts.Length)
        {
            if (at.ValueKind != JsonValueKind.String || at.GetString() is not { Length: > 0 and <= LongestName } name || name.Any(char.IsControl))
                throw new IOException($"what its answer has at {Shown(part)} is no name");
            names.Add(name);
            if (names.Count > MostPeople)
                throw new IOException($"its answer names more than {MostPeople} people");
        }
        else if (_parts[part] == "*" && at.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in at.EnumerateArray())
                Read(element, part + 1, names);
        }
        else if (_parts[part] == "*" && at.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in at.EnumerateObject())
                Read(member.Value, part + 1, names);
        }
        else if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(_parts[part].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), out var member))
            Read(member, part + 1, names);
        else if (at.ValueKind == JsonValueKind.Array && int.TryParse(_parts[part], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength())
            Read(at[index], part + 1, names);
        else
            throw new IOException($"its answer has no {Shown(part + 1)}");
    }

    private string Shown(int parts) => parts == 0 ? "its top" : parts == _parts.Length ? _text : "/" + string.Join('/', _parts.Take(parts));
}
