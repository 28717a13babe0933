using System.Collections.Frozen;
using System.Text;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// The arguments of scripts (<c>--script-args</c> and <c>--script-args-file</c>), read as Nmap's <c>nse_main.lua</c> reads them: fields
/// between commas or line ends, each a value or <c>name=value</c>; a value is a word, a quoted text or a table in braces.
/// </summary>
internal sealed record NmapScriptArguments(IReadOnlyList<NmapScriptArguments.Field> Fields)
{
    /// <summary>One field: a value with its name, or without one, which sets a flag of that name.</summary>
    public sealed record Field(string? Name, string Text, IReadOnlyList<Field>? Table);

    /// <summary>No argument.</summary>
    public static NmapScriptArguments None { get; } = new([]);

    private const int MaxDepth = 16;

    // Names of arguments of the scripts of Nmap 7.93, without that of the script before the last dot.
    private static readonly FrozenSet<string> Targets = Words("newtargets max-newtargets");
    private static readonly FrozenSet<string> Files = Words(
        "communitiesdb config credfile csr dbfile destination errorstrings file filelist filename fingerprintfile fingerprints folderdb hostlist idlist idpath " +
        "ix johnfile kmlfile known-hosts known-hosts-path lulist map_path maxmind_db mgroupnamesdb modules_path nikto-db-path oraclesids out outfile passdb " +
        "passphrases privatekey privatekeys publickeydb publickeys repofile save saveprefix savesearch scandb srvlist tftproot themes_path torrent urlfile userdb " +
        "userslist whodb wordlist");
    private static readonly FrozenSet<string> Reach = Words(
        "address allports checkhost domain-lookup helperport host hosts iface instance-all instance-name instance-port interface ip ipv4hosts lhost magnet nameserver " +
        "port ports probeport proxy realip rhost server servers smbport src target targetport targets-ipv6-subnet whois_server withindomain withinhost");
    private static readonly FrozenSet<string> Reviewed = Words(
        "aggressive basepath categories category community count creds database db delay displayall domain domains emptypass firstonly global http-max-cache-size human " +
        "limit match max-body-size max-cache-size max-pipeline maxdepth maxfiles maxlist maxpagecount method methods mincvss mode mysqlpass mysqluser noblacklist " +
        "nodefault num pass passlimit passonly passphrase password path paths pipeline recv-timeout redirects request retries root server_name servername short show-all " +
        "showall sid smbbasic smbdomain smbhash smblockout smbnoguest smbpassword smbsign smbtype smbusername snmpcommunity socket_timeout start threads timelimit timeout " +
        "truncated-ok unique uri url useheadfornonwebfiles user useragent useraspass userlimit username usernames version");

    /// <summary>True where an argument was not read by anybody: it may make a script do whatever that script can do.</summary>
    public bool HasUnreviewed => Names(Fields, true).Any(name => !Reviewed.Contains(Last(name)));

    /// <summary>Reads both sources; a later field of the same name replaces an earlier one.</summary>
    /// <param name="file">The content of the file, or null.</param>
    /// <param name="option">The value of the option, or null.</param>
    public static Result<NmapScriptArguments> Read(string? file, string? option)
    {
        var fields = new List<Field>();
        // Refusals are recorded, and the wrong file may hold a secret: what stands in a file is not repeated.
        foreach (var (text, source, shown) in new[] { (file?.TrimEnd(','), "--script-args-file", false), (option, "--script-args", true) })
        {
            if (string.IsNullOrEmpty(text))
                continue;
            if (text.Any(c => c is not ('\n' or '\t' or '\r') and (< ' ' or > '~')))
                return Wrong(source, "there is a character outside printable ASCII", null);
            var reader = new Reader(text);
            if (reader.Whole() is not { } read)
                return Wrong(source, reader.TooDeep ? $"tables lie in tables more than {MaxDepth} deep" : shown ? $"not understood at '{NmapArguments.Show(reader.Rest)}'" : "the file is not understood", "write name=value, separated by commas; quote what holds a comma, '=' or braces");
            foreach (var field in read.Where(field => field is not { Name: null, Text: "", Table: null }))
            {
                var known = field.Name is null ? -1 : fields.FindIndex(other => other.Name == field.Name);
                if (known >= 0)
                    fields[known] = field;
                else
                    fields.Add(field);
            }
        }

        return Check(fields) ?? (Result<NmapScriptArguments>)new NmapScriptArguments(fields);
    }

    private static Refusal? Check(List<Field> fields)
    {
        foreach (var name in Names(fields, true))
        {
            var last = Last(name);
            var show = NmapArguments.Show(name);
            if (Targets.Contains(last))
                return Wrong("--script-args", $"'{show}' adds targets that nobody approved", "name the targets on the command line");
            if (Files.Contains(last))
                return Wrong("--script-args", $"'{show}' names a file of the runner's", "leave it out");
            if (Reach.Contains(last))
                return Wrong("--script-args", $"'{show}' lets a script reach hosts or ports that the plan does not hold", "leave it out");
        }

        return fields.FirstOrDefault(field => field is { Name: { } name, Text: not ("" or ['/', ..]) } && Last(name) == "url") is { } url
            ? Wrong("--script-args", $"'{NmapArguments.Show(url.Name!)}' may lead to another host", "begin it with /") : null;
    }

    /// <summary>The value of <c>--script-args</c> in the canonical argv; read again, it gives the same fields.</summary>
    public override string ToString() => Write(Fields);

    private static string Write(IEnumerable<Field> fields) =>
        string.Join(',', fields.Select(field => (field.Name is { } name ? Quoted(name) + "=" : "") + (field.Table is { } table ? $"{{{Write(table)}}}" : Quoted(field.Text))));

    private static string Quoted(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '@' or '*' or '%' or '?' or '&' or '+') ? text
            : $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>Names of values at any depth, and the flags at the top.</summary>
    private static IEnumerable<string> Names(IEnumerable<Field> fields, bool top)
    {
        foreach (var field in fields)
        {
            if (field.Name is { } name)
                yield return name;
            else if (top && field.Table is null)
                yield return field.Text;
            foreach (var inner in field.Table is { } table ? Names(table, false) : [])
                yield return inner;
        }
    }

    private static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static FrozenSet<string> Words(string words) => words.Split(' ').ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static Refusal Wrong(string source, string why, string? hint) => new(ErrorCode.InvalidCommand, $"{source}: {why}", hint);

    private sealed class Reader(string text)
    {
        private int _at;
        private int _depth;

        public bool TooDeep { get; private set; }

        public string Rest => text[Math.Min(_at, text.Length)..].Split('\n')[0];

        public List<Field>? Whole() => Fields('\0');

        /// <summary>Fields up to the end character, which is not taken.</summary>
        private List<Field>? Fields(char end)
        {
            var fields = new List<Field>();
            Skip(" \t\r\n");
            while (At != end)
            {
                if (Next() is not { } field)
                    return null;
                fields.Add(field);
                Skip(" \t\r");
                if (At is not (',' or '\n'))
                {
                    Skip(" \t\r\n");
                    return At == end ? fields : null;
                }

                _at++;
                Skip(" \t\r\n");
                // What stands behind the last comma is a field without text.
                if (At == end)
                    fields.Add(new(null, "", null));
            }

            return fields;
        }

        private Field? Next()
        {
            var begin = _at;
            if (At != '{' && Word() is { } name)
            {
                Skip(" \t\r");
                if (At == '=')
                {
                    _at++;
                    Skip(" \t\r");
                    return At == '{' ? Table(name) : Word() is { } value ? new(name, value, null) : null;
                }

                return new(null, name, null);
            }

            _at = begin;
            return At == '{' ? Table(null) : null;
        }

        private Field? Table(string? name)
        {
            if (++_depth > MaxDepth)
            {
                TooDeep = true;
                return null;
            }

            _at++;
            if (Fields('}') is not { } fields || At != '}')
                return null;
            _at++;
            _depth--;
            return new(name, "", fields);
        }

        private string? Word()
        {
            if (At is '"' or '\'')
                return Quote(At);
            var begin = _at;
            while (At is not ('\n' or ',' or '{' or '}' or '=' or '\0'))
                _at++;
            var word = text[begin.._at].Trim(' ', '\t', '\r');
            return word.Any(c => c < ' ') ? null : word;
        }

        private string? Quote(char quote)
        {
            var value = new StringBuilder();
            for (_at++; At != '\0' && At != quote; _at++)
            {
                // A backslash takes away the meaning of itself and of the quote, and stays before anything else.
                if (At == '\\' && _at + 1 < text.Length && (text[_at + 1] == quote || text[_at + 1] == '\\'))
                    _at++;
                if (At is < ' ' or > '~')
                    return null;
                value.Append(At);
            }

            if (At == '\0')
                return null;
            _at++;
            return value.ToString();
        }

        private char At => _at < text.Length ? text[_at] : '\0';

        private void Skip(string which)
        {
            while (_at < text.Length && which.Contains(text[_at], StringComparison.Ordinal))
                _at++;
        }
    }
}
