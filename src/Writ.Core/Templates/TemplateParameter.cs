using Writ.Core.Tools.Definitions;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Templates;

/// <summary>
/// What fills a place. Values are read as values of tools are (<see cref="DefinedValue"/>), and more narrowly: whatever a shell, a
/// tool or a reader could take for more than one word, for an option or for a place is refused.
/// </summary>
public sealed record TemplateParameter
{
    /// <summary>Its type with its bounds.</summary>
    public required DefinedArgument Argument { get; init; }

    /// <summary>Where a target may be; null for what is no target.</summary>
    public AddressSet? Within { get; init; }

    /// <summary>The zones and addresses of <see cref="Within"/> as they are written.</summary>
    public IReadOnlyList<string> WithinTexts { get; init; } = [];

    /// <summary>The ports that may be named; null for any.</summary>
    public PortSet? Ports { get; init; }

    /// <summary>The most characters of a text.</summary>
    public int Longest { get; init; } = 200;

    /// <summary>The word by which the type is written.</summary>
    public required string Kind { get; init; }

    /// <summary>The name of its places.</summary>
    public string Name => Argument.Name;

    /// <summary>What it is, in a few words, or empty.</summary>
    public string Means => Argument.Means;

    /// <summary>True for what names targets.</summary>
    public bool IsTarget => Within is not null;

    /// <summary>Where a target may be, for a hint.</summary>
    public string Where => $"{Name} lies within {string.Join(", ", WithinTexts)}";

    /// <summary>What of these addresses lies elsewhere, or null.</summary>
    public string? Outside(AddressSet addresses) => addresses.Except(Within!) is { IsEmpty: false } outside ? outside.Ranges[0].ToString() : null;

    /// <summary>Reads a value.</summary>
    internal Result<DefinedValue> Read(string text)
    {
        if (text.Any(letter => letter is ' ' or '{' or '}' or '"' or '\'' or '`' or '\\'))
            return DefinedValue.Wrong(Argument, text, "has a space, a brace or a quote", "a value is one word, taken as it is");
        if (Argument.Value is ValueKind.Text && text.Length > 0 && text[0] is >= ' ' and <= '~' && !char.IsAsciiLetterOrDigit(text[0]) && text[0] is not ('-' or '_' or '.' or '/'))
            return DefinedValue.Wrong(Argument, text, $"begins with '{text[0]}', as what is no plain value does", "begin it with a letter or a digit");
        var read = DefinedValue.Read(Argument, text);
        if (!read.IsOk)
            return read;
        if (Argument.Value is ValueKind.Text && read.Value.Text.Length > Longest)
            return DefinedValue.Wrong(Argument, text, $"has more than {Longest} characters", null);
        if (Ports is { } ports && read.Value.Ports.Except(ports) is { IsEmpty: false } more)
            return DefinedValue.Wrong(Argument, text, $"names {more}, which the template does not open", $"{Name} is within {ports}", ErrorCode.InvalidPorts);
        return IsTarget && read.Value.Name is null && Outside(read.Value.Targets) is { } outside
            ? DefinedValue.Wrong(Argument, text, outside == read.Value.Text ? "is where the template does not reach" : $"has {outside}, which the template does not reach", Where, ErrorCode.InvalidTarget)
            : read;
    }
}
