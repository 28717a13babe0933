using CsCheck;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Errors;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Tools;

/// <summary>
/// Options held against the real program: every prefix of every long one, every pair of short ones, and whole commands by
/// the hundred, of which Nmap must accept what is accepted here, and refuse what is refused but for a documented list.
/// </summary>
public sealed class NmapOptionDifferentialTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-options-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_prefix_of_a_long_option_resolves_as_in_nmap()
    {
        var table = NmapOptionTable.Of("7.93")!.Long;
        string[] prefixes = [.. table.SelectMany(row => Enumerable.Range(1, row.Name.Length).Select(length => row.Name[..length])).Distinct()];
        prefixes.Length.ShouldBeGreaterThan(600);
        Draws.Each(prefixes, prefix =>
        {
            var exact = table.FirstOrDefault(row => row.Name == prefix).Option;
            NmapOption[] matches = exact is not null ? [exact] : [.. table.Where(row => row.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(row => row.Option)];
            foreach (var dashes in new[] { "--", "-" })
            {
                if (dashes == "-" && prefix.Length == 1)
                    continue;
                // An option without a value names itself when it is given one; one with a value, when it is given none.
                var (word, answer) = matches switch
                {
                    [{ Takes: Takes.Nothing } option] => ($"{dashes}{prefix}=x", $"option '{dashes}{option.Name[2..]}' doesn't allow an argument"),
                    [{ Takes: Takes.Value } option] => ($"{dashes}{prefix}", $"option '{dashes}{option.Name[2..]}' requires an argument"),
                    [_] => ($"{dashes}{prefix}=zz", "Invalid argument to -d"),
                    _ => ($"{dashes}{prefix}=x", $"option '{dashes}{prefix}=x' is ambiguous"),
                };
                var nmap = NmapHere.Run("nmap", word);
                nmap.ShouldContain(answer, Case.Sensitive, word);
                var writ = NmapHere.Plan("nmap", word).Refusal.Message;
                writ.Contains("is ambiguous", StringComparison.Ordinal).ShouldBe(matches.Length > 1, word);
                if (matches is [{ Refusal: null } only])
                    writ.ShouldContain(only.Takes == Takes.Nothing ? "takes no value" : only.Takes == Takes.Value ? "needs a value" : "debugging", Case.Sensitive, word);
            }
        });
    }

    [Fact]
    public void Every_pair_of_letters_is_taken_apart_as_in_nmap()
    {
        char[] letters = [.. NmapOptionTable.Short.Keys, 'x', 'Z', ':', '?'];
        (char First, char Second)[] pairs = [.. letters.SelectMany(first => letters.Select(second => (first, second)))];
        Draws.Each(pairs, pair =>
        {
            var word = $"-{pair.First}{pair.Second}";
            // An unknown option behind it ends Nmap before it does anything.
            var nmap = NmapHere.Run("nmap", word, "--zzzz");
            var read = NmapArguments.Read(["nmap", word, "--zzzz"], "7.93");
            var writ = read.IsOk ? "" : read.Refusal.Message;
            writ.Contains("is ambiguous", StringComparison.Ordinal).ShouldBe(nmap.Contains($"option '{word}' is ambiguous", StringComparison.Ordinal), $"{word}: {nmap}");
            if (new[] { pair.First, pair.Second }.Any(letter => NmapOptionTable.Short.GetValueOrDefault(letter)?.Refusal is not null))
                return; // Refused by name before the rest of the word is looked at.
            (writ.Contains($"no option '-{pair.First}'", StringComparison.Ordinal) || writ.Contains($"no option '-{pair.Second}'", StringComparison.Ordinal) || writ.Contains($"no option '{word}'", StringComparison.Ordinal))
                .ShouldBe(nmap.Contains($"unrecognized option '{word}'", StringComparison.Ordinal) || nmap.Contains("invalid option -- ", StringComparison.Ordinal), $"{word}: {writ} {nmap}");
        });
    }

    private static readonly Gen<string> Option = Gen.OneOf(
        Gen.OneOf("-sS", "-sT", "-sU", "-sA", "-sW", "-sM", "-sN", "-sF", "-sX", "-sY", "-sZ", "-sO", "-sn", "-sL", "-sV", "-sP", "-sR", "-sB", "-sQ", "-sSU", "-sSV", "-s", "-A", "-O", "-O2", "-O1"),
        Gen.OneOf("-Pn", "-P0", "-PN", "-PD", "-PE", "-PI", "-PP", "-PM", "-PR", "-PS", "-PS22,80", "-PShttp", "-PA", "-PT", "-PT80-90", "-PU", "-PU53", "-PY", "-PO", "-PO1,6", "-PO300", "-PX", "-P", "-PS0x", "-PST:1"),
        Gen.OneOf("-p 22", "-p22,80", "-p-", "-F", "--top-ports 5", "--port-ratio 0.1", "--exclude-ports 80", "-r", "-p 70000", "-p a-b", "--top-ports x"),
        Gen.OneOf("-T0", "-T4", "-T5", "-T 3", "-T6", "-Taggressive", "-T polite", "-Tx", "--timing 2", "--max-rate 10", "--min-rate 5.5", "--min-rate 0", "--max-rate x", "--min-parallelism 4", "--max-parallelism 2",
            "-M 3", "-M 0", "--min-hostgroup 5", "--max-hostgroup 3", "--max-hostgroup 0", "--max-retries 3", "--max-retries -1"),
        Gen.OneOf("--host-timeout 30m", "--host-timeout 20000", "--host-timeout -1", "--host-timeout 5x", "--scan-delay 1.5s", "--scan-delay 200", "--max-scan-delay 50ms", "--min-rtt-timeout 100ms",
            "--max-rtt-timeout 4ms", "--max-rtt-timeout 60", "--initial-rtt-timeout 0", "--initial-rtt-timeout 1S", "--stats-every 500MS", "--stats-every x", "--defeat-rst-ratelimit", "--defeat-icmp-ratelimit"),
        Gen.OneOf("-S 127.0.0.1", "-D ME,127.0.0.9", "-D RND:5", "-D ME,ME", "-D RND:500", "-e lo", "-g 53", "--source-port 80", "--spoof-mac 0", "--spoof-mac 00:11:22", "--spoof-mac Dell", "--spoof-mac 0x",
            "-f", "-ff", "--mtu 16", "--mtu 7", "--badsum", "--adler32", "--ttl 64", "--ttl 256", "--ttl -1", "--scanflags SYNFIN", "--scanflags 3", "--scanflags 999", "--ip-options R", "--ip-options T",
            "--ip-options \\x01\\x07\\x03\\x04", "--ip-options Z", "--ip-options \\x01"),
        Gen.OneOf("--data 0xab", "--data \\xab\\xcd", "--data abc", "--data zz", "--data-string hi", "--data-length 25", "--data-length 70000", "--data-length -1", "--send-eth", "--send-ip", "--privileged", "--unprivileged",
            "--proxies http://127.0.0.1:1,socks4://127.0.0.1", "--proxies ftp://127.0.0.1", "--proxies http://a@b", "--nsock-engine poll", "--nsock-engine nosuch", "--nogcc"),
        Gen.OneOf("-n", "-R", "--system-dns", "--dns-servers 127.0.0.1", "--resolve-all", "--unique", "--rH", "--randomize-hosts", "-4", "-v", "-vv", "-v2", "-vx", "-d", "-d2", "-d9x", "-dd", "-dv", "--debug", "--debug=3",
            "--verbose", "--packet-trace", "--version-trace", "--open", "--reason", "--traceroute", "--noninteractive", "--append-output", "--webxml", "--no-stylesheet", "--stylesheet x", "--log-errors", "--release-memory"),
        Gen.OneOf("--version-intensity 5", "--version-intensity 10", "--version-light", "--version-all", "--allports", "--osscan-limit", "--osscan-guess", "--fuzzy", "--max-os-tries 2", "--max-os-tries 51", "--disable-arp-ping",
            "--discovery-ignore-rst", "--deprecated-xml-osclass", "-oN out1", "-oX out2", "-oG out3", "-oS out4", "-oA out5", "-oM out6", "-oX=out7", "-oH x", "-m out8", "-o out9", "-oX -x", "-oNfile"),
        Gen.OneOf("--nosuch", "--ver", "--sc", "-Z", "--open=1", "-q", "-I", "--mtu", "--top-p 3", "-trace", "-reas", "--excl 1"));

    /// <summary>
    /// What is refused here although Nmap accepts it, as docs/nmap.md lists it.
    /// </summary>
    private static readonly string[] Stricter =
    [
        "stands twice", "is written already", "does nothing in any Nmap", "no port would be scanned", "every port of host discovery is excluded", "is none of 0 to 5", "none of 1 to 10", "none of 0 to 10",
        "-oNfile", "is no address", "no discovery '-P", "is no number from", "is no time from", "is no number of packets", "hides the output", "a prefix has no place", "is no list of bytes", "is not understood",
        "is no address, prefix or vendor", "--unprivileged does not go with decoys",
    ];

    [Fact]
    public void Whole_commands_are_accepted_and_refused_as_nmap_does()
    {
        var (number, accepted, refused) = (0, 0, 0);
        var commands = Draws.Of(Option.Array[1, 4], 250);
        Draws.Each(commands, options =>
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder, $"{Interlocked.Increment(ref number)}")).FullName;
            string[] words = [.. options.SelectMany(option => option.Split(' '))];
            string[] tail = ["--exclude", "127.0.0.1", "127.0.0.1"];
            var plan = NmapHere.Plan(["nmap", .. words, "127.0.0.1"]);
            // Output goes into a folder of its own.
            string[] typed = [.. words.Select(word => word.StartsWith("out", StringComparison.Ordinal) || word.StartsWith("-oX=out", StringComparison.Ordinal) ? word.Replace("out", $"{folder}/out", StringComparison.Ordinal) : word)];
            var nmap = NmapHere.Run(["nmap", .. typed, .. tail]);
            var good = IsAccepted(nmap);
            var shown = string.Join(' ', words);
            if (plan.IsOk)
            {
                Interlocked.Increment(ref accepted);
                good.ShouldBeTrue($"{shown}: {nmap}");
                string[] canonical = [.. plan.Value.Argv.SkipLast(1).Select(word => word.Replace("/out/", $"{folder}/", StringComparison.Ordinal))];
                var again = NmapHere.Run([.. canonical, .. tail]);
                IsAccepted(again).ShouldBeTrue($"{shown} as {string.Join(' ', canonical)}: {again}");
            }
            else if (!Stricter.Any(why => plan.Refusal.Message.Contains(why, StringComparison.Ordinal)))
            {
                Interlocked.Increment(ref refused);
                good.ShouldBeFalse($"{shown}: {plan.Refusal.Message}");
            }
        });
        accepted.ShouldBeGreaterThan(commands.Count / 10);
        refused.ShouldBeGreaterThan(commands.Count / 10);
    }

    private static bool IsAccepted(string output) => output.Contains("Nmap done:", StringComparison.Ordinal) && !output.Contains("QUITTING!", StringComparison.Ordinal);
}
