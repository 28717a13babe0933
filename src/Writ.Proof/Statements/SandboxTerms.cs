using System.Buffers;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Statements;

/// <summary>
/// What a statement may put into a sandbox and take out of it. Server and runner hold it against the same terms, so that
/// nothing is approved that a runner then refuses.
/// </summary>
public static class SandboxTerms
{
    /// <summary>The folder of the files that are there before the tool.</summary>
    public const string In = "/in/";
    /// <summary>The folder of the files that are handed back.</summary>
    public const string Out = "/out/";
    /// <summary>Where a tool writes results that are read while it runs: a pipe, whose bytes are kept as the run's results.</summary>
    public const string Live = "/live/xml";
    /// <summary>The folder of the secrets that are files.</summary>
    public const string Secrets = "/secrets/";
    /// <summary>A terminal that the tool cannot do without.</summary>
    public const string TerminalNeeded = "needed";
    /// <summary>A terminal that the tool gets where the requester sits at one.</summary>
    public const string TerminalAllowed = "allowed";
    /// <summary>The most secrets of a run.</summary>
    public const int MostSecrets = 8;
    /// <summary>The most files under <see cref="In"/>.</summary>
    public const int MostFiles = 256;
    /// <summary>The most bytes of all files under <see cref="In"/> together.</summary>
    public const long MostFileBytes = 32L << 20;
    /// <summary>The most files that are handed back.</summary>
    public const int MostOutputs = 16;
    /// <summary>The most names.</summary>
    public const int MostNames = 256;
    /// <summary>The most addresses of a name.</summary>
    public const int MostAddresses = 64;

    /// <summary>The most scripts of the runner's.</summary>
    public const int MostScripts = 4_096;

    /// <summary>The most separate ranges of addresses and ports that a run reaches: more than that no fence holds.</summary>
    public const int MostRanges = 32_768;

    private const int LongestPath = 200;
    private static readonly SearchValues<char> PathLetters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+");

    /// <summary>What no runner obeys, or null where all is well.</summary>
    public static Refusal? Wrong(Statement statement)
    {
        var files = statement.Files ?? [];
        var outputs = statement.Outputs ?? [];
        var names = statement.Names ?? [];
        if (files.Count > MostFiles || files.Any(file => file.Bytes < 0) || files.Aggregate(0m, (sum, file) => sum + file.Bytes) > MostFileBytes)
            return new(ErrorCode.TooLarge, $"the sandbox takes {MostFiles} files with {MostFileBytes >> 20} MiB in all");
        if (statement.Scope.Read() is { IsOk: true } scope && scope.Value.Ranges > MostRanges)
            return new(ErrorCode.TooLarge, $"the command reaches more than {MostRanges} separate ranges of addresses and ports", "write networks or whole ranges, or split it");
        if (statement.Zones.Count > ZoneCells.MostZones)
            return new(ErrorCode.TooLarge, $"the command reaches into more than {ZoneCells.MostZones} zones", "split it by zone");
        if (outputs.Count > MostOutputs)
            return new(ErrorCode.TooLarge, $"at most {MostOutputs} files are handed back");
        if (names.Count > MostNames || names.Any(name => name.Addresses.Count > MostAddresses))
            return new(ErrorCode.TooLarge, $"a command has at most {MostNames} names with {MostAddresses} addresses each");

        if (statement.Sandbox?.Scripts.Count > MostScripts)
            return new(ErrorCode.TooLarge, $"a command has at most {MostScripts} scripts");
        if (statement.Sandbox?.Scripts.FirstOrDefault(script => !IsPath(In + script, In) || script.Contains('/', StringComparison.Ordinal)) is { } unnamed)
            return new(ErrorCode.FileMismatch, $"'{unnamed}' is no name of a script");
        if (statement.Sandbox?.Secrets is { } secrets && WrongSecrets(secrets, statement.Live is not null) is { } wrongSecret)
            return wrongSecret;
        if (statement.Sandbox?.Terminal is { } terminal && (terminal is not (TerminalNeeded or TerminalAllowed) || statement.Live is not null))
            return new(ErrorCode.InvalidInput, "the statement's terminal is none that a runner gives");
        if (files.FirstOrDefault(file => !IsPath(file.Path, In) || !IsDigest(file.Sha256)) is { } odd)
            return new(ErrorCode.FileMismatch, $"'{odd.Path}' is no file that may lie in the sandbox");
        if (outputs.FirstOrDefault(output => !IsPath(output.Path, Out) || output.Path.AsSpan(Out.Length).Contains('/')) is { } outside)
            return new(ErrorCode.FileMismatch, $"'{outside.Path}' is no file that may be written in the sandbox");
        if (statement.Live is { } live && (live.Format != "nmap-xml" || live.Status is not ("shown" or "apart" or "apart-verbose")
            || (live.Path != Live && !outputs.Any(output => output.Path == live.Path))))
            return new(ErrorCode.InvalidInput, "the statement's live view is none that a runner knows");
        if ((Twice(files.Select(file => file.Path)) ?? Twice(outputs.Select(output => output.Path))) is { } path)
            return new(ErrorCode.FileMismatch, $"'{path}' is in the sandbox twice");
        if (names.FirstOrDefault(name => !HostName.IsPlain(name.Name) || name.Addresses.Any(address => !Address.TryParse(address, out _))) is { } wrong)
            return new(ErrorCode.InvalidTarget, $"'{wrong.Name}' is no name with addresses");
        return Twice(names.Select(name => name.Name.ToLowerInvariant())) is { } again
            ? new(ErrorCode.InvalidTarget, $"the name '{again}' is pinned twice")
            : null;
    }

    /// <summary>True for a path in this folder that leads nowhere else: plain segments, none that begins with a dot.</summary>
    public static bool IsPath(string path, string folder) =>
        path.Length <= LongestPath && path.StartsWith(folder, StringComparison.Ordinal)
        && path[folder.Length..].Split('/').All(part => part.Length > 0 && part[0] is not ('.' or '-') && !part.AsSpan().ContainsAnyExcept(PathLetters));

    /// <summary>True for what a secret can be called: a plain word of at most 64 letters, digits, '.', '_' and '-'.</summary>
    public static bool IsSecretName(string name) => name.Length is > 0 and <= 64 && IsPath(Secrets + name, Secrets) && !name.AsSpan().ContainsAny('/', '+');

    /// <summary>True for a variable that a tool may be given: no word that its loader or Writ itself reads.</summary>
    public static bool IsVariable(string name) =>
        name.Length is > 0 and <= 64 && char.IsAsciiLetterUpper(name[0]) && name.All(letter => char.IsAsciiLetterUpper(letter) || char.IsAsciiDigit(letter) || letter == '_')
        && name is not ("PATH" or "HOME" or "LANG" or "IFS" or "ENV") && !OthersVariables.Any(begin => name.StartsWith(begin, StringComparison.Ordinal));

    private static readonly string[] OthersVariables = ["LD_", "LC_", "NMAP_", "GCONV_", "GLIBC_", "MALLOC_", "BASH_"];

    // What follows results lives beside the masks, and would pass a secret on.
    private static Refusal? WrongSecrets(IReadOnlyList<StatementSecret> secrets, bool isLive)
    {
        if (secrets.Count is 0 or > MostSecrets)
            return new(ErrorCode.TooLarge, $"a run is given at most {MostSecrets} secrets");
        if (isLive)
            return new(ErrorCode.InvalidInput, "a run with secrets has no live view");
        if (secrets.FirstOrDefault(secret => !IsSecretName(secret.Name)) is { } unnamed)
            return new(ErrorCode.InvalidInput, $"'{unnamed.Name}' is no name of a secret");
        string[] variables = [.. secrets.SelectMany(secret => new[] { secret.Environment, secret.UserEnvironment }).OfType<string>()];
        if (variables.FirstOrDefault(variable => !IsVariable(variable)) is { } odd)
            return new(ErrorCode.InvalidInput, $"'{odd}' is no variable that a secret may stand in");
        if (secrets.FirstOrDefault(secret => secret.Path is null == secret.Environment is null || (secret.Path is { } path && (path != Secrets + secret.Name || secret.UserEnvironment is not null))) is { } homeless)
            return new(ErrorCode.InvalidInput, $"secret {homeless.Name} has no place in the sandbox, or two");
        return Twice(variables.Concat(secrets.Select(secret => secret.Path).OfType<string>())) is { } twice
            ? new(ErrorCode.InvalidInput, $"two secrets stand in {twice}")
            : null;
    }

    private static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static string? Twice(IEnumerable<string> texts) =>
        texts.GroupBy(text => text, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key;
}
