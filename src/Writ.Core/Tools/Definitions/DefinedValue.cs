using System.Globalization;
using Writ.Core.Policy;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// A value as its definition reads it. Every form that programs read differently is refused: addresses are written in full,
/// names cannot be taken for numbers, a URL has neither user nor escape in its host.
/// </summary>
/// <param name="Argument">What it is the value of.</param>
/// <param name="Text">As the canonical argv has it, without its prefix; of a file, the path as typed.</param>
internal sealed record DefinedValue(DefinedArgument Argument, string Text)
{
    private const int LongestText = 4_096;
    private const string UrlLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%";

    /// <summary>The addresses that it names as targets.</summary>
    public AddressSet Targets { get; private init; } = AddressSet.Empty;

    /// <summary>The name that it names as a target, or null.</summary>
    public string? Name { get; private init; }

    /// <summary>The ports that it says.</summary>
    public PortSet Ports { get; private init; } = PortSet.Empty;

    /// <summary>The number that it is, or null.</summary>
    public decimal? Number { get; private init; }

    /// <summary>Reads a value as typed, without its prefix.</summary>
    /// <param name="argument">What it is the value of.</param>
    /// <param name="text">The value.</param>
    /// <param name="mayBeHyphened">True where no program reads options any more.</param>
    public static Result<DefinedValue> Read(DefinedArgument argument, string text, bool mayBeHyphened = false)
    {
        if (text.Length == 0 || text.Length > LongestText)
            return Wrong(argument, text, "is empty or too long", null);
        // Characters that look like others, or that turn the direction of text, hide what is approved.
        if (text.Any(letter => letter is < ' ' or > '~'))
            return Wrong(argument, text, "has characters outside printable ASCII", null);
        // What begins with a hyphen is an option to one program and a value to another.
        // A hyphen alone is the standard input of whoever asks, which is sent along as a file is.
        if (text[0] == '-' && argument.Prefix.Length == 0 && !mayBeHyphened && !(argument.Value == ValueKind.Input && text == "-"))
            return Wrong(argument, text, "begins with a hyphen, as options do", null);
        return argument.Value switch
        {
            ValueKind.Host => Host(argument, text),
            ValueKind.Hosts => Hosts(argument, text),
            ValueKind.HostPort => HostPort(argument, text),
            ValueKind.Url => Url(argument, text),
            ValueKind.Port => Port(argument, text),
            ValueKind.Ports => PortSet.TryParse(text, out var ports) && !ports.IsEmpty
                ? new DefinedValue(argument, ports.ToString()) { Ports = ports }
                : Wrong(argument, text, "is no set of ports", "write 22,80,8000-8100", ErrorCode.InvalidPorts),
            ValueKind.Number => Numeric(argument, text),
            ValueKind.Choice => argument.Of.FirstOrDefault(word => word.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } word
                ? new DefinedValue(argument, word)
                : Wrong(argument, text, "is none that may be given here", FieldReader.Near(text, [.. argument.Of])),
            ValueKind.Text => argument.Pattern is null || argument.Pattern.IsMatch(text)
                ? new DefinedValue(argument, text)
                : Wrong(argument, text, "has not the form that is asked for", $"it must match {argument.Pattern}"),
            ValueKind.Input or ValueKind.Output => text is "." or ".." || text.EndsWith('/')
                ? Wrong(argument, text, "is no file", null)
                : new DefinedValue(argument, text),
            // As it is typed, or as a canonical argv has it.
            ValueKind.Secret => (argument.Environment is null && text.StartsWith(SandboxTerms.Secrets, StringComparison.Ordinal) ? text[SandboxTerms.Secrets.Length..] : text) is var name && SandboxTerms.IsSecretName(name)
                ? new DefinedValue(argument, name)
                : Wrong(argument, text, "is no name of a secret", "write what the runner's configuration calls it, never the secret itself"),
            ValueKind.Duration => Time(argument, text),
            ValueKind.None => throw new InvalidOperationException($"{argument.Name} takes no value"),
        };
    }

    /// <summary>The refusal of a value.</summary>
    public static Refusal Wrong(DefinedArgument argument, string text, string why, string? hint, string code = ErrorCode.InvalidCommand) =>
        new(code, $"{argument.Name}: '{Shown(text)}' {why}", hint);

    /// <summary>A word of the command for a message.</summary>
    public static string Shown(string text) => PolicyReader.Visible(text, 60) + (text.Length > 60 ? "..." : "");

    private static Result<DefinedValue> Host(DefinedArgument argument, string text)
    {
        if (Address.TryParse(text, out var address))
            return new DefinedValue(argument, address.ToString()) { Targets = Of(address) };
        return IsName(text)
            ? new DefinedValue(argument, text) { Name = text }
            : Wrong(argument, text, "is neither an address in full nor a name", "write 10.20.0.5, 2001:db8::5 or web1.example.com", ErrorCode.InvalidTarget);
    }

    private static Result<DefinedValue> Hosts(DefinedArgument argument, string text)
    {
        if (!AddressSet.TryParse(text.Split(','), out var set, out var wrong))
            return Wrong(argument, wrong, "is no address, network or range", "write 10.20.0.5, 10.20.0.0/24 or 10.20.0.1-10.20.0.9", ErrorCode.InvalidTarget);
        return set.Ranges.Any(range => range.Count > uint.MaxValue)
            ? Wrong(argument, text, "is more than any program walks through", "name the networks that you mean", ErrorCode.InvalidTarget)
            : new DefinedValue(argument, string.Join(',', set.ToTexts())) { Targets = set };
    }

    private static Result<DefinedValue> HostPort(DefinedArgument argument, string text)
    {
        var (host, port) = Split(text);
        var number = port is null ? argument.Ports.GetValueOrDefault("") : PortOf(port);
        if (number == 0)
            return Wrong(argument, text, "names no port", "write HOST:PORT", ErrorCode.InvalidTarget);
        var read = HostOf(argument, host);
        return read.IsOk ? read.Value with { Text = $"{Bracketed(read.Value)}:{Digits(number)}", Ports = PortSet.OfPorts(number) } : read;
    }

    private static Result<DefinedValue> Url(DefinedArgument argument, string text)
    {
        var parts = text.Split("://", 2);
        var scheme = parts[0].ToLowerInvariant();
        if (parts.Length < 2 || !argument.Ports.TryGetValue(scheme, out var usual))
            return Wrong(argument, text, "has no scheme that may be used", $"begin it with {string.Join(" or ", argument.Ports.Keys.Order(StringComparer.Ordinal).Select(known => known + "://"))}", ErrorCode.InvalidTarget);
        var slash = parts[1].IndexOf('/', StringComparison.Ordinal);
        var (authority, path) = slash < 0 ? (parts[1], "/") : (parts[1][..slash], parts[1][slash..]);
        if (path.Any(letter => !UrlLetters.Contains(letter, StringComparison.Ordinal)))
            return Wrong(argument, text, "has letters behind the host that a URL writes as %XX", null, ErrorCode.InvalidTarget);
        var (host, port) = Split(authority);
        var number = port is null ? usual : PortOf(port);
        if (number == 0)
            return Wrong(argument, text, "has no port from 1 to 65535", null, ErrorCode.InvalidTarget);
        var read = HostOf(argument, host);
        return read.IsOk
            ? read.Value with { Text = $"{scheme}://{Bracketed(read.Value)}{(port is null ? "" : $":{Digits(number)}")}{path}", Ports = PortSet.OfPorts(number) }
            : read;
    }

    private static Result<DefinedValue> Port(DefinedArgument argument, string text) => PortOf(text) is var port and > 0
        ? new DefinedValue(argument, Digits(port)) { Ports = PortSet.OfPorts(port), Number = port }
        : Wrong(argument, text, "is no port from 1 to 65535", null, ErrorCode.InvalidPorts);

    private static Result<DefinedValue> Numeric(DefinedArgument argument, string text)
    {
        var (least, most) = argument.Bounds;
        return text.Length <= 18 && decimal.TryParse(text, argument.Whole ? NumberStyles.None : NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most && char.IsAsciiDigit(text[0])
            ? new DefinedValue(argument, number.ToString(CultureInfo.InvariantCulture)) { Number = number }
            : Wrong(argument, text, string.Create(CultureInfo.InvariantCulture, $"is no {(argument.Whole ? "whole " : "")}number from {least} to {most}"), null);
    }

    // Written in the largest unit that divides it, as programs read it that know units at all.
    private static Result<DefinedValue> Time(DefinedArgument argument, string text)
    {
        var (least, most) = argument.Bounds;
        if (!Duration.TryParse(text, out var time) || (decimal)time.TotalSeconds < least || (decimal)time.TotalSeconds > most)
            return Wrong(argument, text, $"is no duration from {Duration.Format(TimeSpan.FromSeconds((double)least))} to {Duration.Format(TimeSpan.FromSeconds((double)most))}", "write it like 90s, 30m or 2h");
        var seconds = (long)time.TotalSeconds;
        var (number, unit) = seconds % 3_600 == 0 ? (seconds / 3_600, 'h') : seconds % 60 == 0 ? (seconds / 60, 'm') : (seconds, 's');
        return new DefinedValue(argument, string.Create(CultureInfo.InvariantCulture, $"{number}{unit}")) { Number = seconds };
    }

    // An address in brackets, or whatever has no bracket.
    private static Result<DefinedValue> HostOf(DefinedArgument argument, string host)
    {
        var bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        var read = Host(argument, bracketed ? host[1..^1] : host);
        return !read.IsOk || bracketed == read.Value.Text.Contains(':', StringComparison.Ordinal)
            ? read
            : Wrong(argument, host, "is no host", "an IPv6 address stands in brackets, and nothing else does", ErrorCode.InvalidTarget);
    }

    private static string Bracketed(DefinedValue host) => host.Text.Contains(':', StringComparison.Ordinal) ? $"[{host.Text}]" : host.Text;

    private static (string Host, string? Port) Split(string authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon < 0 || colon < authority.LastIndexOf(']') ? (authority, null) : (authority[..colon], authority[(colon + 1)..]);
    }

    private static ushort PortOf(string text) =>
        text.Length is > 0 and <= 5 && text[0] != '0' && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : (ushort)0;

    // Without a letter it is a mistyped address, though resolvers would take 1-5 for a name.
    private static bool IsName(string text) => text.Any(char.IsAsciiLetter) && HostName.IsPlain(text);

    private static AddressSet Of(Address address) => AddressSet.Of(new AddressRange(address, address));

    private static string Digits(ushort port) => port.ToString(CultureInfo.InvariantCulture);
}
